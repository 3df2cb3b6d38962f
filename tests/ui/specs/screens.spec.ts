//! Every screen in both themes and at both widths: as a tree for ears, without barriers, within the window, and as a picture.
import type { Page } from '@playwright/test';
import { byHand, expect, make, test, verdict } from '../support/desk';
import { look, SIZES } from '../support/look';

/** A small fleet with something of everything: confirmed, claimed, failed, refuted, silent, running, waiting for a pool, due later. */
async function fleet(page: Page, ask: Parameters<typeof make>[0], agent: (answer: unknown) => Promise<{ address: string }>): Promise<Record<string, string>> {
  const hook = async (answer: unknown, more: Record<string, unknown> = {}) => ({ transport: 'webhook', callback: { url: (await agent(answer)).address, method: 'POST' }, schedule: { type: 'manual', timezone: 'UTC' }, ...more });
  await ask('secret_set', { name: 'OPENAI_KEY', value: 'not shown' });
  await ask('pool_set', { name: 'openai', concurrency: 1, calls_per_min: 60, tokens_per_min: 90_000 });
  const uses = [{ pool: 'openai', tokens: 2000 }];
  const cues = await make(ask, [
    { ...byHand('nightly-changelog', ['sh', '-c', 'echo 12 commits; echo wrote CHANGES.md'], { agent: 'release-scribe' }), schedule: { type: 'recurring', cron: '30 2 * * *', timezone: 'Europe/Madrid' }, command: { argv: ['sh', '-c', 'echo 12 commits; echo wrote CHANGES.md'], env: { KEY: '{{secret:OPENAI_KEY}}' } } },
    { ...byHand('triage-inbox', ['sh', '-c', 'echo "41 messages, 12 new"'], { agent: 'support' }), schedule: { type: 'recurring', cron: '*/15 * * * *', timezone: 'UTC' } },
    byHand('receipt-sort', ['sh', '-c', 'echo "KeyError: amount" >&2; exit 1'], { agent: 'invoice-clerk' }),
    byHand('dependency-audit', ['sh', '-c', 'echo 214 packages; echo "lodash is old" >&2; sleep 600'], { agent: 'release-scribe', uses }),
    byHand('licence-audit', ['true'], { agent: 'release-scribe', uses, priority: 5, preflight: [{ check: 'disk', path: '/', free_mb: 1 }, { check: 'sql', sqlite: '/tmp/crm.db', query: 'select 1', on_fail: 'fail' }], budget: { run: { duration_seconds: 3600 } } }),
    { name: 'score-new-leads', agent: 'lead-scout', ...(await hook({ success: true, processed: 3, summary: 'Scored 200 leads.', cost_usd: 0.02 }, { expect: { min_processed: 150 } })) },
    { name: 'morning-brief', agent: 'market-watch', ...(await hook({ success: true, processed: 8, summary: 'Brief sent.', cost_usd: 0.21 })) },
    { name: 'price-watch', agent: 'market-watch', ...(await hook({ accepted: true }, { delivery: { outcome_deadline_seconds: 1 } })) }
  ]);
  const runs: Record<string, string> = {};
  for (const cue of cues) runs[cue.name] = (await ask<{ run_id: string }>('cue_fire', { cue_id: cue.id })).run_id;
  await page.goto('/#/board');
  await expect(page.getByTestId('needs-you').getByRole('listitem')).toHaveCount(3);
  for (const cue of cues) runs[`cue ${cue.name}`] = cue.id;
  const later = await make(ask, [
    { name: 'triage', agent: 'support', transport: 'worker', payload: { task: 'triage' }, schedule: { type: 'manual', timezone: 'UTC' } },
    { name: 'backup', transport: 'watch', schedule: { type: 'recurring', cron: '30 2 * * *', timezone: 'UTC' }, confirm: 'exit_code' }
  ]);
  for (const cue of later) runs[`cue ${cue.name}`] = cue.id;
  return runs;
}

for (const size of SIZES) {
  test(`every screen, ${size.width}`, async ({ window: page, ask, agent }) => {
    test.setTimeout(180_000);
    await page.setViewportSize(size);
    const seen = (name: string) => look(page, name);
    await expect(page.getByRole('heading', { name: 'Nothing is scheduled yet.' })).toBeVisible();
    await seen('first-run');
    const known = await fleet(page, ask, agent);

    await page.getByRole('button', { name: '15 min', exact: true }).click();
    await page.getByTestId('lane-score-new-leads').click();
    await page.getByRole('complementary', { name: 'Selected cue' }).getByRole('button', { name: /Refuted/ }).click();
    await expect(page.getByRole('complementary', { name: 'Selected run' })).toContainText('At least 150 processed');
    await seen('board');
    await page.getByRole('button', { name: 'Ledger' }).click();
    await seen('ledger');
    await page.getByRole('button', { name: 'Timeline' }).click();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('score');
    await seen('palette');
    await page.keyboard.press('Escape');
    for (const [screen, run] of [['run-refuted', 'score-new-leads'], ['run-failed', 'receipt-sort'], ['run-confirmed', 'nightly-changelog'], ['run-live', 'dependency-audit'], ['run-waiting', 'licence-audit']] as const) {
      await page.goto(`/#/run/${known[run]}`);
      await expect(verdict(page, 'Confirmed')).toBeVisible();
      await seen(screen);
    }
    await page.goto(`/#/cue/${known['cue nightly-changelog']}`);
    await expect(page.getByRole('list', { name: /^Next (10|5) fires$/ })).toBeVisible();
    await seen('editor');
    await page.goto(`/#/cue/${known['cue licence-audit']}`);
    for (const fold of ['Pools', 'Checks']) await page.getByText(fold, { exact: true }).click();
    await page.getByLabel('Check 2 as JSON').scrollIntoViewIfNeeded();
    await seen('editor-before');
    await page.goto(`/#/cue/${known['cue triage']}`);
    await expect(page.getByRole('tab', { name: 'cuetowerctl worker' })).toBeVisible();
    await seen('editor-worker');
    await page.goto(`/#/cue/${known['cue backup']}`);
    await expect(page.getByTestId('ping-url')).toBeVisible();
    await seen('editor-watch');
    await page.goto('/#/cue/new?from=hourly');
    await page.getByLabel('Cron').fill('5 25 * * *');
    await expect(page.getByLabel('Cron')).toHaveAttribute('aria-invalid', 'true');
    await seen('editor-error');
    for (const screen of ['agents', 'alerts', 'secrets', 'settings', 'settings/keys', 'settings/pools', 'key']) {
      await page.goto(`/#/${screen}`);
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      await seen(screen.replace('/', '-'));
    }
    await ask('run_stop', { run_id: known['dependency-audit'] });
  });
}

test('the board, a run and the editor as trees', async ({ window: page, ask, agent }) => {
  const liar = await agent({ success: true, processed: 3, summary: 'Scored 200 leads.' });
  const [cue] = await make(ask, [{ name: 'score-leads', agent: 'scout', transport: 'webhook', callback: { url: liar.address }, schedule: { type: 'manual', timezone: 'UTC' }, expect: { min_processed: 150 } }]);
  const { run_id } = await ask<{ run_id: string }>('cue_fire', { cue_id: cue?.id });
  await expect(page.getByTestId('needs-you').getByRole('listitem')).toHaveCount(1);
  await page.getByTestId('lane-score-leads').click();
  await expect(page.locator('body')).toMatchAriaSnapshot({ name: 'board.aria.yml' });
  await page.goto(`/#/run/${run_id}`);
  await expect(verdict(page, 'Confirmed')).toHaveAttribute('data-state', 'refuted');
  await expect(page.getByRole('main')).toMatchAriaSnapshot({ name: 'run.aria.yml' });
  await page.goto('/#/cue/new?from=hand');
  await expect(page.getByRole('main')).toMatchAriaSnapshot({ name: 'editor.aria.yml' });
});
