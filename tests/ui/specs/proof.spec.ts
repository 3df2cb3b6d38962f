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
    await expect(read).toContainText('only if it took 10 min at most, processed >= expected, a condition that cannot be read yet (processed >=), report.md is newer than the fire and has the reported processed lines or more, a query of ~/crm.db gives the reported processed and you say so.');
    // Half typed: what is missing is said at the field, unasked, and in the line above the form.
    await expect(asserts).toHaveAccessibleDescription('processed >=: a value is missing after >=, as in processed >= 3.');
    await expect(page.getByRole('status').filter({ hasText: '1 thing to mend: What must be true' })).toBeVisible();
    await asserts.scrollIntoViewIfNeeded();
    await expectNoBarrier(page, `the editor with proof, ${size.width}`);
    await expectToFit(page, `the editor with proof, ${size.width}`);
    await picture(page, `editor-proof-${size.width}`);

    await page.getByRole('button', { name: 'Save and arm' }).click();
    await expect(asserts).toBeFocused();
    // What only the tower can read it says before the save, too.
    await asserts.fill('processed >= expected\nproc > 3');
    await expect(asserts).toHaveAccessibleDescription(/proc is nothing that is reported/);
    await expect(read).toContainText('a condition that cannot be read yet (proc > 3)');
    await page.getByRole('button', { name: 'Save and arm' }).click();
    await expect(asserts).toHaveAttribute('aria-invalid', 'true');
    expect((await ask<{ cues: unknown[] }>('board', { from_ms: 0, to_ms: 1 })).cues, 'nothing was saved as something else').toEqual([]);
    await asserts.fill('processed >= expected');
    await expect(page.getByTestId('mend')).toHaveText('');
    await page.getByRole('button', { name: 'Save and arm' }).click();
    await expect(page).toHaveURL(/#\/board/);
    const { cues } = await ask<{ cues: { definition: Record<string, unknown> }[] }>('board', { from_ms: 0, to_ms: 1 });
    expect(cues[0]?.definition).toMatchObject({
      confirm: 'checks', expect: { max_duration_seconds: 600, assert: ['processed >= expected'] },
      checks: [{ check: 'file', path: 'report.md', newer_than_fire: true, min_lines: '{{outcome.processed}}' }, { check: 'sql', sqlite: '~/crm.db', equals: '{{outcome.processed}}' }, { check: 'manual' }]
    });
  });
}

test('one line above the form leads to every field that is wrong, also into folds', async ({ window: page }) => {
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto('/#/cue/new?from=hand');
  await page.getByLabel('Cue', { exact: true }).fill('');
  await page.getByText('Must be true', { exact: true }).click();
  const asserts = page.getByLabel('What must be true, one expression a line');
  await asserts.fill('>= 3');
  await page.getByLabel('Minutes between them').fill('often');
  const line = page.getByTestId('mend');
  // An empty name is no mistake while one types; it is one when the cue is to be saved.
  await expect(line).toHaveText('2 things to mend: What must be true, Minutes between them');
  await page.getByRole('button', { name: 'Save and arm' }).click();
  await expect(line).toHaveText('3 things to mend: its name, What must be true, Minutes between them');
  await expect(page.getByLabel('Cue', { exact: true })).toBeFocused();
  await line.getByRole('button', { name: 'Minutes between them' }).click();
  await expect(page.getByLabel('Minutes between them')).toBeFocused();
  await expect(page.getByLabel('Minutes between them')).toBeInViewport();
  await page.getByText('Must be true', { exact: true }).click();
  await expect(asserts).toBeHidden();
  await line.getByRole('button', { name: 'What must be true' }).click();
  await expect(asserts).toBeFocused();
  await expectNoBarrier(page, 'the line that leads to what is wrong');
  await picture(page, 'editor-mend');
  await page.getByLabel('Cue', { exact: true }).fill('hand');
  await asserts.fill('');
  await page.getByLabel('Minutes between them').fill('1');
  await expect(line).toHaveText('');
});
