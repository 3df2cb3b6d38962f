//! After an absence, for real: a tower that is killed while cues are due, and comes back. Briefing, grey bands, run or skip; and what is coming: pauses, fires by hand, the next 30 days.
import type { Page } from '@playwright/test';
import { byHand, expect, make, test } from '../support/desk';
import { look, SIZES } from '../support/look';
import type { Tower } from '../support/tower';

/** A cue that is due every three seconds. */
function often(name: string, policy: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return byHand(name, ['true'], { schedule: { type: 'recurring', cron: '* * * * * */3', timezone: 'UTC' }, catch_up: policy === 'none' ? { policy } : { policy, within_seconds: 3600 }, ...more });
}

/** Three cues whose due times pass while the tower is down: one asks, one runs once for all, one never makes up. */
const FLEET = [often('refund-requests', 'ask', { agent: 'support' }), often('score-leads', 'latest', { agent: 'scout' }), often('price-check', 'none', { agent: 'market' })];

/** Kills the tower for long enough that each cue misses some due times, and starts it again; the window stays. */
async function away(tower: Tower): Promise<void> {
  await tower.crash();
  const since = Date.now();
  await expect.poll(() => Date.now() - since, { timeout: 40_000, message: 'due times pass that the tower had not armed, and that are too late to run as if nothing had been' }).toBeGreaterThan(18_000);
  await tower.comeBack();
}

const card = (page: Page) => page.getByRole('dialog', { name: /due times passed while the tower was off/ });
const rowOf = (page: Page, cue: string) => page.getByRole('table', { name: 'What was missed' }).getByRole('row').filter({ hasText: cue });

test('on return the briefing tells what was missed, what asks is run from it, and the ledger is equal to the timeline', async ({ window: page, ask, tower }) => {
  await make(ask, FLEET);
  await expect(page.getByTestId('lane-score-leads')).toBeVisible();
  await away(tower);

  await expect(card(page)).toBeVisible({ timeout: 30_000 });
  await expect(rowOf(page, 'score-leads')).toContainText('Runs once for all');
  await expect(rowOf(page, 'price-check')).toContainText('Never made up');
  await expect(rowOf(page, 'refund-requests')).toContainText('Asks you');
  const waits = await rowOf(page, 'refund-requests').textContent();
  const bay = await page.getByTestId('needs-you').getByRole('listitem').textContent();
  const [, times] = /(?:All |^|\D)(\d+)(?: of the \d+)? waits? for you/.exec(waits ?? '') ?? [];
  expect(times, 'the card says how many wait').toBeDefined();
  expect(bay, 'and the bay says the same number').toContain(`${times} due times passed`);
  await expect(card(page)).toContainText('If you close this, refund-requests stays held; it never runs by itself.');
  await expect(card(page).getByRole('button', { name: 'Decide later' }), 'an early Enter runs nothing').toBeFocused();

  await page.getByRole('group', { name: 'refund-requests' }).getByRole('button', { name: 'Run' }).click();
  await expect(rowOf(page, 'refund-requests')).toContainText('Runs now, because you said so.');
  await expect(rowOf(page, 'refund-requests').getByRole('button', { name: 'Open the run of refund-requests' })).toBeVisible();
  await expect(card(page)).toContainText('Nothing of this absence waits for you.');
  // A page that is left at once takes what it was about to say with it.
  const told = page.waitForResponse((response) => response.url().endsWith('/rpc/briefing_close'));
  await card(page).getByRole('button', { name: 'Close' }).click();
  await expect(card(page)).toHaveCount(0);
  await told;

  // Shown once, until it is closed.
  await page.reload();
  await expect(page.getByTestId('strip-tower')).toContainText('Armed');
  await expect(page.getByTestId('unexplained')).toHaveText('0 unexplained');
  await expect(page.getByRole('list', { name: 'Grey bands' }).getByRole('listitem').filter({ hasNotText: 'No records before' }).first()).toContainText('Tower off');
  await expect(page.getByRole('dialog')).toHaveCount(0);

  // Grey bands between the rows, and why.
  await page.getByRole('button', { name: 'Ledger' }).click();
  const ledger = page.getByRole('region', { name: 'Ledger' });
  await expect(ledger.getByRole('row').filter({ hasText: /^Tower off/ })).toHaveCount(1);
  await expect(ledger.getByRole('row').filter({ hasText: 'price-check' }).filter({ hasText: 'the tower was off' }).first()).toContainText('Missed');
  await page.getByTestId('unexplained').click();
  const audit = page.getByRole('dialog', { name: 'Unexplained due times' });
  await expect(audit.getByRole('heading')).toHaveText('Every due time is explained.');
  await audit.getByRole('button', { name: 'Look through the whole history' }).click();
  await expect(audit).toContainText('in the whole history');
  await expect(audit.getByRole('heading')).toHaveText('Every due time is explained.');
});

test('what asks stays held when the briefing is closed, and is skipped from the bay', async ({ window: page, ask, tower }) => {
  await make(ask, [FLEET[0] ?? {}]);
  await expect(page.getByTestId('lane-refund-requests')).toBeVisible();
  await away(tower);
  await expect(card(page)).toBeVisible({ timeout: 30_000 });
  await page.keyboard.press('Escape');
  await expect(card(page)).toHaveCount(0);

  const bay = page.getByTestId('needs-you');
  await expect(bay.getByRole('listitem')).toHaveCount(1);
  await expect(bay.getByRole('listitem')).toContainText('Held');
  await expect(bay.getByRole('listitem')).toContainText(/passed with the tower off\. Run it (now|once for all of them), or skip/);
  await expect(page.getByRole('button', { name: '1 needs you' })).toBeVisible();
  await expect(page).toHaveTitle('(1) Board · Cuetower');
  await page.reload();
  await expect(bay.getByRole('listitem'), 'it is held on disk').toHaveCount(1);

  await bay.getByRole('button', { name: 'Show' }).click();
  const inspector = page.getByRole('complementary', { name: 'Selected run' });
  await expect(inspector.getByRole('heading', { level: 2 })).toHaveText('Held. It waits for you: run it, or skip it.');
  await expect(inspector.getByRole('button', { name: 'Run once' })).toBeVisible();
  await bay.getByRole('button', { name: 'Skip' }).click();
  await expect(bay).toContainText('Nothing needs you.');
  await expect(page.getByRole('button', { name: 'Nothing needs you' })).toBeVisible();
  await expect(inspector).toContainText('Skipped');
});

test('a cue is paused until a time, says so, and is resumed', async ({ window: page, ask }) => {
  await make(ask, [byHand('nightly', ['true'], { schedule: { type: 'recurring', cron: '0 3 * * *', timezone: 'UTC' } })]);
  await page.getByTestId('lane-nightly').click();
  await page.getByRole('button', { name: 'Pause until…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Pause nightly' });
  await expect(dialog, 'on whose clock its times are').toContainText(/Times here are (UTC|\w+ time)/);
  await dialog.getByRole('radio', { name: 'Until a time' }).check();
  await dialog.getByLabel(/^Until, /).fill('soon');
  await dialog.getByRole('button', { name: 'Pause' }).click();
  await expect(dialog).toContainText('Write a time such as 14:30, or 2026-11-23 08:00.');
  await dialog.getByRole('radio', { name: /Until tomorrow morning/ }).check();
  await dialog.getByRole('button', { name: 'Pause' }).click();
  await expect(page.getByTestId('lane-nightly')).toContainText(/Paused until \w{3} 08:00/);
  await expect(page.getByRole('complementary')).toContainText(/Paused until \w{3} 08:00/);
  await page.reload();
  await expect(page.getByTestId('lane-nightly')).toContainText(/Paused until \w{3} 08:00/);
  await page.getByTestId('lane-nightly').click();
  await page.getByRole('button', { name: 'Resume' }).click();
  await expect(page.getByTestId('lane-nightly')).not.toContainText('Paused');
});

test('a cue is fired with a payload laid over its own, now and at a time', async ({ window: page, ask }) => {
  const [cue] = await make(ask, [byHand('report', ['sh', '-c', 'cat "$CUETOWER_PAYLOAD_FILE"'], { payload: { region: 'eu', limit: 10 } })]);
  await page.getByTestId('lane-report').click();
  await page.getByRole('button', { name: 'Fire with…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Fire report with' });
  await dialog.getByLabel('Payload for this run, JSON').fill('{"limit": 1');
  await dialog.getByRole('button', { name: 'Fire now' }).click();
  await expect(dialog).toContainText('This is not JSON yet.');
  await dialog.getByLabel('Payload for this run, JSON').fill('{"limit": 1}');
  await dialog.getByRole('button', { name: 'Fire now' }).click();
  await expect(page.getByRole('complementary', { name: 'Selected run' })).toContainText('fired by hand');
  const { marks } = await ask<{ marks: { run_id: string }[] }>('ledger', { cue_id: cue?.id, before_ms: null, limit: 1 });
  const story = await ask<{ payload: unknown }>('run_get', { run_id: marks[0]?.run_id });
  expect(story.payload).toEqual({ region: 'eu', limit: 1 });

  await page.getByTestId('lane-report').click();
  await page.getByRole('button', { name: 'Fire with…' }).click();
  await dialog.getByRole('radio', { name: 'At a time' }).check();
  await dialog.getByLabel(/^When, /).fill('2099-01-01 08:00');
  await dialog.getByRole('button', { name: /^Fire at/ }).click();
  await expect(page.getByRole('complementary', { name: 'Selected run' })).toContainText('1 Jan');
});

test('the next 30 days are worked out by the real scheduler', async ({ window: page, ask }) => {
  await make(ask, [byHand('nightly', ['true'], { schedule: { type: 'recurring', cron: '0 3 * * *', timezone: 'UTC' } }), byHand('hourly', ['true'], { schedule: { type: 'recurring', cron: '5 * * * *', timezone: 'UTC' } })]);
  await page.keyboard.press('Control+k');
  await page.keyboard.type('30 days');
  await page.keyboard.press('Enter');
  const ahead = page.getByRole('region', { name: 'Next 30 days' });
  await expect(ahead).toContainText('750 due times in the next 30 days. Each of them runs.');
  const table = ahead.getByRole('table', { name: 'By cue' });
  await expect(table.getByRole('row').filter({ hasText: 'nightly' })).toContainText('30');
  await expect(table.getByRole('row').filter({ hasText: 'hourly' })).toContainText('720');
  await expect(ahead).toContainText('03:00');
  await page.getByLabel('Filter cues').fill('night');
  await expect(ahead).toContainText('30 due times in the next 30 days. Each of them runs.');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('application')).toBeVisible();
});

test('what is new after an absence, in both themes and sizes', async ({ window: page, ask, tower }) => {
  test.setTimeout(180_000);
  const seen = async (name: string) => {
    for (const size of SIZES) {
      await page.setViewportSize(size);
      await look(page, `away-${name}`);
    }
  };
  await make(ask, [...FLEET, byHand('nightly', ['true'], { agent: 'scribe', payload: { region: 'eu' }, schedule: { type: 'recurring', cron: '0 3 * * *', timezone: 'Europe/Madrid' } })]);
  await expect(page.getByTestId('lane-nightly')).toBeVisible();
  await away(tower);
  await expect(card(page)).toBeVisible({ timeout: 30_000 });
  await seen('briefing');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: '15 min', exact: true }).click();
  await seen('board');
  await page.getByTestId('needs-you').getByRole('button', { name: 'Show' }).click();
  await seen('ask');
  await page.getByRole('button', { name: 'Close inspector' }).click();
  await page.getByTestId('unexplained').click();
  await seen('audit');
  await page.keyboard.press('Escape');
  await page.getByTestId('lane-nightly').click();
  await page.getByRole('button', { name: 'Pause until…' }).click();
  await seen('pause');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Fire with…' }).click();
  await seen('fire');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Close inspector' }).click();
  await page.getByRole('button', { name: 'Ledger' }).click();
  await seen('ledger');
  await page.getByRole('button', { name: 'Next 30 days' }).click();
  await expect(page.getByRole('region', { name: 'Next 30 days' })).toContainText('due times');
  await seen('ahead');
});
