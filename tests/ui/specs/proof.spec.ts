//! What a cue asks for before it believes a success: written in the editor, read back, saved, and told at its field when it cannot be read.
import { expect, test } from '../support/desk';
import { expectNoBarrier, expectToFit, picture } from '../support/look';

for (const size of [{ width: 1280, height: 800 }, { width: 900, height: 640 }]) {
  test(`proof is asked for in words and fields, ${size.width}`, async ({ window: page, ask }) => {
    await page.setViewportSize(size);
    await page.goto('/#/cue/new?from=hand');
    await page.getByLabel('Cue', { exact: true }).fill('lead-digest');
    await page.getByRole('radio', { name: 'Command' }).check();
    await page.getByLabel('Command, no shell').fill('python3 leads.py');
    await page.getByRole('radio', { name: 'Checks alone' }).check();
    await page.getByRole('button', { name: 'Save and arm' }).click();
    await expect(page.getByText('Nothing is looked at yet: add a check below.')).toBeVisible();

    // A file, a query and one's own word.
    await page.getByRole('button', { name: 'Add proof' }).click();
    await page.getByLabel('File of proof 1').fill('report.md');
    await page.getByLabel('Lines of proof 1').fill('{{outcome.processed}}');
    await page.getByRole('group', { name: 'Proof 1' }).getByRole('checkbox', { name: 'Changed since the due time' }).check();
    await page.getByRole('button', { name: 'Add proof' }).click();
    await page.getByLabel('What proof 2 looks at').selectOption('sql');
    await expect(page.getByLabel('Proof 2 as JSON')).toHaveValue(/\{\{run\.due\}\}/);
    await page.getByRole('button', { name: 'Add proof' }).click();
    await page.getByLabel('What proof 3 looks at').selectOption('manual');

    await page.getByText('Must be true', { exact: true }).click();
    await page.getByLabel('Done within', { exact: true }).fill('10');
    const asserts = page.getByLabel('What must be true, one expression a line');
    await asserts.fill('processed >= expected\nprocessed >=');
    const read = page.getByRole('complementary').filter({ hasText: 'Read back' });
    await expect(read).toContainText('What this machine finds decides: it looks when a success is reported, when the program ends with 0, and after 5 min at the latest.');
    await expect(read).toContainText('only if it took 10 min at most, processed >= expected, processed >=, report.md is newer than the fire and has the reported processed lines or more, a query of ~/crm.db gives the reported processed and you say so.');
    await asserts.scrollIntoViewIfNeeded();
    await expectNoBarrier(page, `the editor with proof, ${size.width}`);
    await expectToFit(page, `the editor with proof, ${size.width}`);
    await picture(page, `editor-proof-${size.width}`);

    await page.getByRole('button', { name: 'Save and arm' }).click();
    await expect(asserts).toHaveAttribute('aria-invalid', 'true');
    await asserts.fill('processed >= expected');
    await page.getByRole('button', { name: 'Save and arm' }).click();
    await expect(page).toHaveURL(/#\/board/);
    const { cues } = await ask<{ cues: { definition: Record<string, unknown> }[] }>('board', { from_ms: 0, to_ms: 1 });
    expect(cues[0]?.definition).toMatchObject({
      confirm: 'checks', expect: { max_duration_seconds: 600, assert: ['processed >= expected'] },
      checks: [{ check: 'file', path: 'report.md', newer_than_fire: true, min_lines: '{{outcome.processed}}' }, { check: 'sql', sqlite: '~/crm.db', equals: '{{outcome.processed}}' }, { check: 'manual' }]
    });
  });
}
