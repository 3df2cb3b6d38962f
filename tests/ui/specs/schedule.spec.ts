//! A schedule made by clicking: windows, blackout days, intervals, chains, policies, triggers, and the month ahead of it.
import type { Page } from '@playwright/test';
import { byHand, expect, make, test } from '../support/desk';
import { expectNoBarrier, look, SIZES } from '../support/look';

type Definition = { definition: { schedule: Record<string, unknown>; catch_up: unknown; overlap: string } };

const fires = (page: Page) => page.getByRole('list', { name: /^Next (10|5) fires$/ }).getByRole('listitem');
const unfold = (page: Page, title: string) => page.locator('summary').filter({ hasText: title }).click();

/** Opens the form of a command that would be due hourly, with its name filled in. */
async function begin(page: Page, name: string): Promise<void> {
  await page.goto('/#/cue/new?from=nightly');
  await page.getByLabel('Cue', { exact: true }).fill(name);
  await page.getByLabel('Command, no shell').fill('true');
  await page.getByLabel('How often', { exact: true }).selectOption('hourly');
  await page.getByLabel('Minute of the hour').fill('0');
  await page.getByLabel('Zone', { exact: true }).fill('Europe/Berlin');
}

async function saved(page: Page, ask: <T>(command: string, request?: unknown) => Promise<T>, name: string): Promise<Definition & { id: string }> {
  await page.getByRole('button', { name: 'Save and arm' }).click();
  await expect(page.getByTestId(`lane-${name}`)).toBeVisible();
  const { cues } = await ask<{ cues: { id: string; name: string }[] }>('board', { from_ms: 0, to_ms: 1 });
  return await ask('cue_get', { cue_id: cues.find((cue) => cue.name === name)?.id });
}

test('every minute in market hours, noon at weekends, else hourly: made by clicking, and found again as it was', async ({ window: page, ask }) => {
  await begin(page, 'ticker');
  await unfold(page, 'Windows');
  await page.getByRole('button', { name: 'Add window' }).click();
  await expect(page.getByRole('group', { name: 'Days of window 1' }).getByRole('button', { name: 'Monday' })).toBeFocused();
  await page.getByLabel('From of window 1').fill('9:30');
  await page.getByLabel('To of window 1').fill('16:00');
  await page.getByLabel('Time zone of window 1').fill('America/New_York');
  await page.getByLabel('Runs at once of window 1').fill('5');
  await page.getByRole('button', { name: 'Add window' }).click();
  const days = page.getByRole('group', { name: 'Days of window 2' });
  for (const day of ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']) await days.getByRole('button', { name: day }).click();
  await page.getByLabel('All day').nth(1).check();
  await page.getByLabel('How often of window 2').selectOption('cron');
  await page.getByLabel('Expression of window 2').fill('0 12 * * *');
  await expect(page.getByRole('img', { name: /^The week\. Window 1, Mon–Fri 09:30–16:00 New York: holds 32 h 30 min a week\. Window 2, Sat, Sun: holds 48 h a week\. Otherwise: 87 h 30 min/ })).toBeVisible();
  await expect(page.getByRole('complementary', { name: 'Read back' })).toContainText('Hourly at :00, Berlin time, start true in ~. Mon–Fri 09:30–16:00 New York: every minute, 5 at once. Sat, Sun: daily at 12:00.');

  const { id, definition } = await saved(page, ask, 'ticker');
  expect(definition.schedule).toEqual({
    type: 'recurring', cron: '0 * * * *', timezone: 'Europe/Berlin',
    parts: [{ days: 'mon-fri', from: '09:30', to: '16:00', timezone: 'America/New_York', every_seconds: 60, at_once: 5 }, { days: 'sat,sun', cron: '0 12 * * *' }]
  });
  await page.goto(`/#/cue/${id}`);
  await expect(page.getByLabel('From of window 1')).toHaveValue('09:30');
  await expect(page.getByLabel('All day').nth(1)).toBeChecked();

  // The order decides where two are open; then the first is taken away, and nothing runs outside the other.
  await page.getByRole('button', { name: 'Window 2 earlier' }).click();
  await expect(page.getByRole('button', { name: 'Window 1 later' })).toBeFocused();
  await expect(page.getByLabel('Expression of window 1')).toHaveValue('0 12 * * *');
  await page.getByRole('button', { name: 'Remove window 1' }).click();
  await expect(page.getByRole('button', { name: 'Add window' })).toBeFocused();
  await page.getByRole('radio', { name: 'Nothing runs' }).check();
  await expect(page.getByLabel('Cron', { exact: true })).toHaveCount(0);
  await expect(page.getByRole('complementary', { name: 'Read back' })).toContainText('Only in its windows, start true');
  await expect(fires(page).first()).toContainText('mon-fri 09:30-16:00 New York');
  expect((await saved(page, ask, 'ticker')).definition.schedule).toEqual({ type: 'recurring', timezone: 'Europe/Berlin', parts: [{ days: 'mon-fri', from: '09:30', to: '16:00', timezone: 'America/New_York', every_seconds: 60, at_once: 5 }] });
});

test('a window, by keyboard alone', async ({ window: page, ask }) => {
  await begin(page, 'keys');
  await page.locator('summary').filter({ hasText: 'Windows' }).focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Space');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Space');
  await expect(page.getByRole('group', { name: 'Days of window 1' }).getByRole('button', { pressed: true })).toHaveText(['Wed', 'Thu', 'Fri']);
  await page.keyboard.press('Control+s');
  await expect(page.getByTestId('lane-keys')).toBeVisible();
  const { cues } = await ask<{ cues: Definition[] }>('board', { from_ms: 0, to_ms: 1 });
  expect(cues[0]?.definition.schedule['parts']).toEqual([{ days: 'wed-fri', from: '09:00', to: '17:00', every_seconds: 60 }]);
});

test('blackout days are chosen in a calendar, and the fires in them are struck out', async ({ window: page, ask }) => {
  await begin(page, 'quiet');
  await unfold(page, 'Blackout days');
  await page.getByRole('button', { name: 'Choose days' }).click();
  const grid = page.getByRole('grid');
  await grid.locator('[tabindex="0"]').focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('grid', { name: 'Last day' })).toBeVisible();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  const from = await page.getByLabel('First day of blackout 1').inputValue();
  const to = await page.getByLabel('Last day of blackout 1').inputValue();
  expect(Date.parse(to) - Date.parse(from)).toBe(7 * 24 * 3_600_000);
  await expect(fires(page).first()).toContainText('fall in the blackout until');
  await expect(page.getByRole('complementary', { name: 'Read back' })).toContainText('It is skipped');
  expect((await saved(page, ask, 'quiet')).definition.schedule['blackout']).toEqual([{ from, to }]);
});

test('an interval, with jitter and a file that fires it too', async ({ window: page, ask }) => {
  await begin(page, 'pulse');
  await page.getByRole('radio', { name: 'Interval' }).check();
  await page.getByLabel('Gap', { exact: true }).fill('15');
  await expect(page.getByLabel('Counted from')).toHaveAccessibleDescription('Empty: the full hour, so :00, :15, :30 …');
  await unfold(page, 'Jitter');
  await page.getByLabel('Jitter', { exact: true }).fill('90');
  await unfold(page, 'Watched files');
  await page.getByRole('button', { name: 'Add path' }).click();
  await page.keyboard.type('inbox.csv');
  await expect(page.getByLabel('Path 1', { exact: true })).toHaveAccessibleDescription(/begin it with `?\//);
  await page.getByLabel('Path 1', { exact: true }).fill('~/inbox/*.csv');
  await expect(fires(page)).toHaveCount(10);
  expect((await saved(page, ask, 'pulse')).definition.schedule).toEqual({ type: 'interval', every_seconds: 900, timezone: 'Europe/Berlin', jitter_seconds: 90, paths: ['~/inbox/*.csv'] });
});

test('after another cue: chosen from the list, and fired when that one has ended', async ({ window: page, ask }) => {
  const [first] = await make(ask, [byHand('first', ['true'])]);
  await begin(page, 'second');
  await page.getByRole('radio', { name: 'After' }).check();
  await page.getByLabel('Other cue').selectOption('first');
  await page.getByLabel('How it ended').selectOption('either way');
  await expect(page.getByRole('complementary', { name: 'Read back' })).toContainText('After first ended, well or not, start true');
  const { id, definition } = await saved(page, ask, 'second');
  expect(definition.schedule).toMatchObject({ type: 'after', on: 'either' });
  expect(definition.overlap, 'what somebody asked for runs').toBe('allow');
  await ask('cue_fire', { cue_id: first?.id, payload: null });
  await expect.poll(async () => (await ask<{ marks: { cue_id: string; triggered_by: string }[] }>('board', { from_ms: 0, to_ms: 4e12 })).marks.filter((mark) => mark.cue_id === id).map((mark) => mark.triggered_by)).toEqual(['chain']);
  await page.goto(`/#/cue/${id}`);
  await expect(page.getByLabel('Other cue').locator('option:checked')).toHaveText('first');
});

test('what is wrong in a window is said in that window, by the form and by the host', async ({ window: page }) => {
  await begin(page, 'wrong');
  await unfold(page, 'Windows');
  await page.getByRole('button', { name: 'Add window' }).click();
  await page.getByLabel('To of window 1').fill('25:00');
  await expect(page.getByLabel('To of window 1')).toHaveAccessibleDescription('A time, such as 16:00.');
  await page.getByLabel('To of window 1').fill('17:00');
  await page.getByLabel('How often of window 1').selectOption('cron');
  await page.getByLabel('Expression of window 1').fill('0 3 * * *');
  await expect(page.getByLabel('Expression of window 1')).toHaveAccessibleDescription(/never fire/);
  await unfold(page, 'Windows');
  await page.getByRole('button', { name: 'Save and arm' }).click();
  await expect(page.getByLabel('Expression of window 1')).toBeFocused();
  await page.getByLabel('How often of window 1').selectOption('every');
  await unfold(page, 'Jitter');
  await page.getByLabel('Jitter', { exact: true }).fill('60');
  await expect(page.getByLabel('Jitter', { exact: true })).toHaveAccessibleDescription(/shorter than the shortest gap/);
});

test('a refused save leads to what is wrong, says it near the button, and the JSON is not handed out', async ({ window: page, ask }) => {
  await page.setViewportSize({ width: 900, height: 640 });
  await begin(page, 'refused');
  await unfold(page, 'Windows');
  await page.getByRole('button', { name: 'Add window' }).click();
  const days = page.getByRole('group', { name: 'Days of window 1' });
  for (const day of ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday']) await days.getByRole('button', { name: day }).click();
  const json = page.getByRole('region', { name: 'JSON' });
  await expect(json).toContainText('"days": []');
  await expect(json.getByRole('button', { name: 'Copy' })).toHaveCount(0);
  await page.getByRole('heading', { name: 'Name', exact: true }).scrollIntoViewIfNeeded();
  await page.getByRole('button', { name: 'Save and arm' }).click();
  await expect(page.getByRole('status').filter({ hasText: '1 thing to mend: the days of window 1' })).toBeInViewport();
  await expect(days.getByRole('button', { name: 'Monday' })).toBeFocused();
  await expect(days).toBeInViewport();
  await expect(page.getByText('Choose at least one day.')).toBeInViewport();
  await expectNoBarrier(page, 'a refused save');
  expect(await page.evaluate(() => [...document.querySelectorAll('*')].filter((one) => one.scrollTop !== 0 && !one.matches('.form')).map((one) => one.className)), 'nothing but the form has moved').toEqual([]);
  await days.getByRole('button', { name: 'Monday' }).click();
  await expect(page.getByText('to mend')).toHaveCount(0);

  // The same for a zone, which only the window or the host knows to be wrong.
  await page.getByLabel('Zone', { exact: true }).fill('Mars/Base');
  await page.getByRole('heading', { name: 'If it fails' }).scrollIntoViewIfNeeded();
  await page.getByRole('button', { name: 'Save and arm' }).click();
  await expect(page.getByLabel('Zone', { exact: true })).toBeFocused();
  await expect(page.locator('.field').filter({ has: page.getByLabel('Zone', { exact: true }) }).getByRole('alert')).toBeInViewport();
  await expect(page.getByRole('status').filter({ hasText: '1 thing to mend: Zone' })).toBeVisible();
  expect((await ask<{ cues: unknown[] }>('board', { from_ms: 0, to_ms: 1 })).cues).toEqual([]);
});

test('what cannot go together, and what is no time, is said before the save', async ({ window: page }) => {
  await begin(page, 'early');
  await unfold(page, 'Windows');
  await page.getByRole('button', { name: 'Add window' }).click();
  await page.getByLabel('From of window 1').fill('9');
  await page.getByLabel('Runs at once of window 1').fill('5');
  await expect(page.getByRole('complementary', { name: 'Read back' })).toContainText('Mon–Fri 09:00–17:00: every minute, 5 at once.');
  const busy = page.getByRole('radiogroup', { name: 'Previous run still going' });
  await busy.getByRole('radio', { name: 'Run both' }).check();
  await expect(busy.getByRole('alert')).toContainText('“Run both” knows no limit');
  await busy.getByRole('radio', { name: 'Wait, then run' }).check();
  await expect(busy.getByRole('alert')).toHaveCount(0);
  await page.getByRole('radio', { name: 'Once', exact: true }).check();
  await page.getByLabel('At', { exact: true }).fill('tomorrow');
  await expect(page.getByLabel('At', { exact: true })).toHaveAccessibleDescription(/Write a date and a time/);
  await page.getByLabel('At', { exact: true }).fill(`${new Date().getUTCFullYear() + 1}-12-01 09:00`);
  await page.getByRole('button', { name: 'Save and arm' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'early is armed' })).toContainText(/1 Dec( 20\d\d)? 09:00( Berlin time \(.*\d\d:\d\d .+\))?\./);
});

test('what a policy would do is said of this very cue, and kept', async ({ window: page, ask }) => {
  await begin(page, 'sleeper');
  const late = page.getByRole('radiogroup', { name: 'Tower off or asleep when due' });
  await expect(late.getByRole('radio', { name: 'Run once when back' })).toHaveAccessibleDescription('Runs once for the newest it missed, if that is under 30 min late; the rest are coalesced into it. 8 h away: 1 run, 7 coalesced.');
  await page.getByLabel('Lateness at most', { exact: true }).fill('45');
  await expect(late).toContainText('if that is under 45 min late');
  await expect(page.getByRole('radiogroup', { name: 'Previous run still going' })).toContainText('A run longer than 1 h makes the next one skipped');
  await late.getByRole('radio', { name: 'Ask me' }).check();
  await page.getByRole('radio', { name: 'Wait, then run' }).check();
  await expect(page.getByRole('complementary', { name: 'Read back' })).toContainText('it asks you: run or skip.');
  const { definition } = await saved(page, ask, 'sleeper');
  expect([definition.catch_up, definition.overlap]).toMatchObject([{ policy: 'ask' }, 'queue']);
});

test('a trigger URL: made, used, renewed, removed', async ({ window: page, ask }) => {
  const [cue] = await make(ask, [byHand('hooked', ['true'])]);
  await page.goto(`/#/cue/${cue?.id}`);
  await unfold(page, 'Trigger URL');
  await page.getByRole('button', { name: 'Make a trigger URL' }).click();
  const curl = page.getByLabel('How to call it');
  await expect(curl).toContainText('curl -X POST http://127.0.0.1:');
  const address = async () => /http\S+/.exec(await curl.innerText())?.[0] ?? '';
  const first = await address();
  expect((await page.request.post(first, { data: { segment: 'trial' } })).ok()).toBe(true);
  await expect.poll(async () => (await ask<{ marks: { triggered_by: string }[] }>('board', { from_ms: 0, to_ms: 4e12 })).marks.map((mark) => mark.triggered_by)).toEqual(['trigger']);
  await page.getByRole('button', { name: 'Renew' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Renew URL' }).click();
  await expect.poll(address).not.toBe(first);
  expect((await page.request.post(first)).status()).toBe(404);
  // The form was open all the while, and can still be saved.
  await page.getByLabel('Agent', { exact: true }).fill('scribe');
  await page.getByRole('button', { name: 'Save and arm' }).click();
  // Saving leads to the board; whoever goes back sooner is led away again.
  await expect(page.getByTestId(`lane-${cue?.name}`)).toBeVisible();
  await page.goto(`/#/cue/${cue?.id}`);
  await expect(page.locator('summary').filter({ hasText: 'Trigger URL' })).toContainText('whoever knows it');
  await unfold(page, 'Trigger URL');
  await page.getByRole('button', { name: 'Show it' }).click();
  const second = await address();
  await page.getByRole('button', { name: 'Remove', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove URL' }).click();
  await expect(page.getByRole('button', { name: 'Make a trigger URL' })).toBeVisible();
  expect((await page.request.post(second)).status()).toBe(404);
});

test('the month ahead of a form that is not saved', async ({ window: page }) => {
  await begin(page, 'ahead');
  await unfold(page, 'Windows');
  await page.getByRole('button', { name: 'Add window' }).click();
  await page.getByLabel('Gap of window 1', { exact: true }).fill('30');
  await page.getByRole('button', { name: 'Next 30 days' }).click();
  const dialog = page.getByRole('dialog', { name: 'Next 30 days' });
  await expect(dialog).toContainText(/due times in the next 30 days\. Each of them runs\./);
  const days = dialog.getByRole('radio');
  expect(await days.count()).toBeGreaterThanOrEqual(30);
  await days.nth(3).focus();
  await page.keyboard.press('ArrowRight');
  await expect(days.nth(4)).toBeChecked();
  await expect(dialog.getByRole('region', { name: /^Fires on / }).getByRole('listitem').first()).toContainText('00:00');
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
  await expect(page.getByLabel('Cue', { exact: true })).toHaveValue('ahead');
});

for (const size of SIZES) {
  test(`everything unfolded, ${size.width}`, async ({ window: page, ask }) => {
    test.setTimeout(180_000);
    await page.setViewportSize(size);
    const seen = (name: string) => look(page, name);
    const day = (ahead: number) => new Date(Date.now() + ahead * 24 * 3_600_000).toISOString().slice(0, 10);
    const [cue] = await make(ask, [{
      name: 'market-pulse', agent: 'market-watch', transport: 'command', command: { argv: ['true'] }, confirm: 'exit_code', overlap: 'skip', catch_up: { policy: 'latest', within_seconds: 1800 },
      schedule: {
        type: 'recurring', cron: '0 * * * *', timezone: 'Europe/Madrid',
        parts: [{ days: 'mon-fri', from: '09:30', to: '16:00', timezone: 'America/New_York', every_seconds: 60, at_once: 5 }, { days: 'mon-fri', from: '08:00', to: '18:00', every_seconds: 600 }, { days: 'sat,sun', cron: '0 12 * * *' }],
        blackout: [{ from: day(8), to: day(10) }], jitter_seconds: 20, paths: ['~/inbox/*.csv']
      }
    }]);
    await page.goto(`/#/cue/${cue?.id}`);
    await expect(fires(page)).toHaveCount(size.width > 1080 ? 10 : 5);
    await page.getByRole('heading', { name: 'When', exact: true }).scrollIntoViewIfNeeded();
    await seen('schedule');
    for (const fold of ['Blackout days', 'Jitter', 'Trigger URL', 'Watched files', 'Its agent asks']) await unfold(page, fold);
    await page.getByRole('button', { name: 'Choose days' }).click();
    await page.getByRole('grid').scrollIntoViewIfNeeded();
    await seen('schedule-blackout');
    await page.getByRole('heading', { name: 'If late, if busy' }).scrollIntoViewIfNeeded();
    await seen('schedule-policies');
    await page.getByRole('button', { name: 'Next 30 days' }).click();
    await expect(page.getByRole('dialog').getByRole('radio').first()).toBeVisible();
    await seen('schedule-ahead');
    await page.keyboard.press('Escape');
    const before = await ask<Definition>('cue_get', { cue_id: cue?.id });
    expect((await saved(page, ask, 'market-pulse')).definition, 'saved as it was read').toEqual(before.definition);
  });
}
