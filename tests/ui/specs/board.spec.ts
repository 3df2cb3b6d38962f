//! The board by mouse, by keyboard alone, at its smallest, and with more lanes and a longer past than a page can hold.
import type { Locator, Page } from '@playwright/test';
import { byHand, expect, make, test } from '../support/desk';
import { expectNoBarrier, expectToFit, picture } from '../support/look';

const plotOf = (page: Page) => page.getByRole('application');
const cursorOf = (page: Page) => page.locator('#timeline-cursor');
const selectedRun = (page: Page) => page.getByRole('complementary', { name: 'Selected run' });
const range = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

/** Fires a cue so often, each after the one before has ended. */
async function fired(ask: Parameters<typeof make>[0], cueId: string, times: number): Promise<string[]> {
  const runs: string[] = [];
  for (let i = 0; i < times; i++) {
    const { run_id } = await ask<{ run_id: string }>('cue_fire', { cue_id: cueId, payload: null });
    await expect.poll(async () => (await ask<{ mark: { ended_at_ms: number | null } }>('run_get', { run_id })).mark.ended_at_ms).not.toBeNull();
    runs.push(run_id);
  }
  return runs;
}

async function placeOf(locator: Locator): Promise<{ x: number; y: number; width: number; height: number }> {
  const box = await locator.boundingBox();
  if (!box) throw new Error('it has no place on screen');
  return box;
}

/** What the axis and the plot look like, as one text: it changes when the view does. */
async function looks(page: Page): Promise<string> {
  return await page.evaluate(() => [...document.querySelectorAll('canvas')].map((canvas) => canvas.toDataURL()).join('|'));
}

/** Which of the six ranges is pressed; none while another one is shown. */
async function pressedRange(page: Page): Promise<string | null> {
  const pressed = page.getByRole('group', { name: 'Time range' }).getByRole('button', { pressed: true });
  return (await pressed.count()) === 0 ? null : await pressed.textContent();
}

test('by keyboard alone: lanes, runs, ranges, the menu of a lane, the ledger, a run and back to where one was', async ({ window: page, ask }) => {
  const [first, second] = await make(ask, [byHand('alpha', ['true'], { agent: 'amy' }), byHand('beta', ['sh', '-c', 'exit 3'], { agent: 'bob' })]);
  const runs = await fired(ask, first?.id ?? '', 3);
  await fired(ask, second?.id ?? '', 1);
  // What the page is told comes in order: with the last failure here, every run is.
  await expect(page.getByTestId('needs-you')).toContainText('beta');

  await page.keyboard.press('1');
  await expect(range(page, '15 min')).toHaveAttribute('aria-pressed', 'true');
  // With nothing focused, arrows are the board's.
  await page.keyboard.press('ArrowDown');
  await expect(cursorOf(page)).toHaveAttribute('aria-label', /^alpha, due .* Ran\. Delivered\. Confirmed/);
  const newest = await cursorOf(page).getAttribute('aria-label');
  await page.keyboard.press('[');
  await page.keyboard.press('[');
  await expect(selectedRun(page)).toContainText(runs[0]?.slice(0, 13) ?? 'a run');
  await page.keyboard.press('[');
  await expect(selectedRun(page), 'before the first run there is none').toContainText(runs[0]?.slice(0, 13) ?? 'a run');
  await page.keyboard.press(']');
  await page.keyboard.press('ArrowRight');
  await expect(selectedRun(page)).toContainText(runs[2]?.slice(0, 13) ?? 'a run');
  expect(await cursorOf(page).getAttribute('aria-label')).toBe(newest);
  await page.keyboard.press('ArrowDown');
  await expect(cursorOf(page)).toHaveAttribute('aria-label', /^beta, .* Failed/);
  await page.keyboard.press('ArrowUp');

  await page.keyboard.press('+');
  await expect.poll(() => pressedRange(page)).toBeNull();
  await page.keyboard.press('-');
  await expect.poll(() => pressedRange(page)).toBe('15 min');
  for (const [key, name] of [['6', '30 d'], ['2', '1 h']] as const) {
    await page.keyboard.press(key);
    await expect(range(page, name)).toHaveAttribute('aria-pressed', 'true');
  }

  await page.keyboard.press('m');
  const menu = page.getByRole('menu', { name: 'Menu of alpha' });
  await expect(menu.getByRole('menuitem')).toHaveText(['Fire now', 'Fire with…', /^Skip the next/, 'Pause', 'Pause until…', 'Edit', 'Duplicate', 'History', 'Delete…']);
  await page.keyboard.press('Escape');
  await expect(menu).toHaveCount(0);
  await expect(page.getByTestId('lane-alpha'), 'focus returns to what the menu belongs to').toBeFocused();
  await page.keyboard.press('m');
  await page.keyboard.press('h');
  await page.keyboard.press('Enter');
  const ledger = page.getByRole('region', { name: 'Ledger' });
  await expect(ledger.getByRole('row').filter({ hasText: 'alpha' })).toHaveCount(3);
  await expect(ledger.getByRole('row').filter({ hasText: 'beta' })).toHaveCount(0);
  await ledger.focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(`#/run/${runs[1] ?? ''}$|#/run/`));
  // The room is fetched when it is first opened, and has its keys from then on.
  await expect(page.getByTestId('run-verdicts')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(ledger).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(ledger.getByRole('row').filter({ hasText: 'beta' }), 'Esc clears the filter').toHaveCount(1);
  await page.keyboard.press('l');
  await expect(plotOf(page)).toBeVisible();
  await expect(range(page, '1 h'), 'the range is as it was').toHaveAttribute('aria-pressed', 'true');
  await page.keyboard.press('/');
  await page.keyboard.type('bet');
  await expect(page.getByTestId('lane-alpha')).toHaveCount(0);
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('lane-alpha')).toBeVisible();

  await page.keyboard.press('m');
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog', { name: /^Delete / })).toContainText('This cannot be undone.');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
});

test('by mouse: the wheel zooms and pans, a drag pans, a drag on the axis zooms, and Follow now brings it back', async ({ window: page, ask }) => {
  const [cue] = await make(ask, [byHand('alpha', ['true'])]);
  await fired(ask, cue?.id ?? '', 1);
  await range(page, '6 h').click();
  const follow = page.getByRole('button', { name: 'Follow now' });
  await expect(follow).toHaveAttribute('aria-pressed', 'true');
  const plot = await placeOf(plotOf(page));
  const middle = { x: plot.x + plot.width / 2, y: plot.y + 60 };
  await page.mouse.move(middle.x, middle.y);

  await page.keyboard.down('Control');
  await page.mouse.wheel(0, 200);
  await page.keyboard.up('Control');
  await expect.poll(() => pressedRange(page)).toBeNull();
  await expect(follow, 'a zoom at the pointer leaves now').toHaveAttribute('aria-pressed', 'false');
  await follow.click();
  await range(page, '6 h').click();

  for (const turn of [async () => { await page.keyboard.down('Shift'); await page.mouse.wheel(0, -240); await page.keyboard.up('Shift'); }, async () => await page.mouse.wheel(-240, 0)]) {
    const before = await looks(page);
    await page.mouse.move(middle.x, middle.y);
    await turn();
    await expect(follow).toHaveAttribute('aria-pressed', 'false');
    await expect.poll(() => looks(page)).not.toBe(before);
    await page.keyboard.press('f');
    await expect(follow).toHaveAttribute('aria-pressed', 'true');
  }

  await page.mouse.move(middle.x, middle.y);
  await page.mouse.down();
  await page.mouse.move(middle.x + 150, middle.y, { steps: 5 });
  await page.mouse.up();
  await expect(follow).toHaveAttribute('aria-pressed', 'false');
  await expect(page.getByRole('complementary', { name: /Selected/ }), 'a drag selects nothing').toContainText('No run selected');
  await expect(range(page, '6 h'), 'nor does it zoom').toHaveAttribute('aria-pressed', 'true');
  await follow.click();

  const axis = await placeOf(page.locator('.axis canvas'));
  await page.mouse.move(axis.x + 100, axis.y + 10);
  await page.mouse.down();
  await page.mouse.move(axis.x + 300, axis.y + 10, { steps: 5 });
  await page.mouse.up();
  await expect.poll(() => pressedRange(page)).toBeNull();
  await expect(follow).toHaveAttribute('aria-pressed', 'false');

  // The menu of a lane, by the other button.
  await page.getByTestId('lane-alpha').click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Pause', exact: true }).click();
  await expect(page.getByTestId('lane-alpha')).toContainText('Paused');
  await page.getByTestId('lane-alpha').click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Resume' }).click();
  await expect(page.getByTestId('lane-alpha')).not.toContainText('Paused');
});

test('skipping the next due time skips this one and no other', async ({ window: page, ask }) => {
  await make(ask, [byHand('nightly', ['true'], { schedule: { type: 'recurring', cron: '0 3 * * *', timezone: 'UTC' } })]);
  await page.getByTestId('lane-nightly').click({ button: 'right' });
  await page.getByRole('menuitem', { name: /^Skip the next, .*0?3:00/ }).click();
  await expect(page.getByTestId('lane-nightly')).toContainText(/Paused until .*0?3:00/);
  const [before] = (await ask<{ cues: { paused_until_ms: number | null }[] }>('board', { from_ms: 0, to_ms: 1 })).cues;
  const until = new Date(before?.paused_until_ms ?? 0);
  expect([until.getUTCHours(), until.getUTCMinutes(), until.getUTCSeconds()], 'a second after it').toEqual([3, 0, 1]);
});

test('many lanes: only those in sight are on the page, groups with nothing out of the ordinary are folded, and every lane is reached by key', async ({ window: page, ask }) => {
  test.setTimeout(120_000);
  const many = Array.from({ length: 90 }, (_, i) => byHand(`lane-${String(i).padStart(2, '0')}`, [i === 4 ? 'false' : 'true'], { agent: `agent-${i % 3}` }));
  const cues = await make(ask, many);
  await fired(ask, cues[4]?.id ?? '', 1);
  // As a window that is opened on a tower that has been running.
  await page.reload();
  const group = (name: string) => page.getByRole('button', { name: new RegExp(`^${name}`) });
  await expect(group('agent-1'), 'one of its runs failed').toHaveAttribute('aria-expanded', 'true');
  await expect(group('agent-0')).toHaveAttribute('aria-expanded', 'false');
  await expect(group('agent-0')).toContainText('30 cues');
  await group('agent-0').click();
  await group('agent-2').click();
  const heads = page.locator('[data-testid^=lane-]');
  expect(await heads.count(), 'of ninety').toBeLessThan(60);
  await plotOf(page).focus();
  for (let i = 0; i < 90; i++) await page.keyboard.press('ArrowDown');
  await expect(page.getByTestId('lane-lane-89')).toBeVisible();
  await expect(page.getByTestId('lane-lane-89')).toHaveAttribute('aria-current', 'true');

  // Another room, and back: the same place.
  const top = () => page.locator('.lanes').evaluate((box) => box.scrollTop);
  const before = await top();
  expect(before).toBeGreaterThan(1000);
  await page.keyboard.press('3');
  await page.keyboard.press('g');
  await page.keyboard.press('c');
  await expect(page).toHaveURL(/#\/costs$/);
  await page.keyboard.press('g');
  await page.keyboard.press('b');
  await expect(page.getByTestId('lane-lane-89')).toHaveAttribute('aria-current', 'true');
  expect(await top()).toBe(before);
  await expect(range(page, '6 h')).toHaveAttribute('aria-pressed', 'true');
});

test('at its smallest nothing sticks out, moves or bars the way, with a run selected and without', async ({ window: page, ask }) => {
  await page.setViewportSize({ width: 900, height: 640 });
  const [ok, bad] = await make(ask, [byHand('a-cue-with-a-name-that-is-longer-than-its-lane', ['true'], { agent: 'release-scribe' }), byHand('receipt-sort', ['false'], { agent: 'invoice-clerk' })]);
  await fired(ask, ok?.id ?? '', 1);
  await fired(ask, bad?.id ?? '', 1);
  await expect(page.getByTestId('needs-you').getByRole('listitem')).toHaveCount(1);
  await page.keyboard.press('1');
  await page.evaluate(() => {
    const kept = globalThis as unknown as { shifted: number };
    kept.shifted = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as unknown as { value: number; hadRecentInput: boolean }[]) if (!entry.hadRecentInput) kept.shifted += entry.value;
    }).observe({ type: 'layout-shift', buffered: false });
  });
  await expectToFit(page, 'board-900');
  await expectNoBarrier(page, 'board-900');
  await plotOf(page).focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await expect(selectedRun(page)).toBeVisible();
  // The plot is narrower by the drawer: the selected run stays in sight.
  const [drawer, cursor] = [await placeOf(selectedRun(page)), await placeOf(cursorOf(page))];
  expect(cursor.x).toBeLessThan(drawer.x);
  await expectToFit(page, 'board-900 with a run');
  await expectNoBarrier(page, 'board-900 with a run');
  await fired(ask, ok?.id ?? '', 2);
  await picture(page, 'board-story-900');
  expect(await page.evaluate(() => (globalThis as unknown as { shifted: number }).shifted), 'arrivals shift nothing').toBeLessThan(0.01);
});

test('what is older than the first look is told lane by lane: in marks, and in cells where they lie too close', async ({ window: page, ask, tower }) => {
  const [cue] = await make(ask, [byHand('alpha', ['true'])]);
  await fired(ask, cue?.id ?? '', 1);
  const { now_ms } = await ask<{ now_ms: number }>('tower_status');
  const request = { cue_ids: [cue?.id], from_ms: now_ms - 3_600_000, to_ms: now_ms + 1000, cell_ms: 60_000, past_before_ms: now_ms + 1000 };
  const told = async (dense_ms: number) => (await ask<{ lanes: { dense: boolean; marks: unknown[]; past: unknown[] }[] }>('board_cells', { ...request, dense_ms })).lanes[0];
  expect(await told(1000)).toMatchObject({ dense: false, marks: [{ confirmed: 'confirmed' }], past: [{ cost_usd: null }] });
  await fired(ask, cue?.id ?? '', 3);
  const { now_ms: later } = await ask<{ now_ms: number }>('tower_status');
  const { lanes } = await ask<{ lanes: { dense: boolean; cells: { due: number; confirmed: number }[] }[] }>('board_cells', { ...request, to_ms: later + 1000, dense_ms: 3_600_000 });
  expect(lanes[0]?.dense).toBe(true);
  expect(lanes[0]?.cells.reduce((sum, cell) => sum + cell.confirmed, 0)).toBe(4);
  const refused = await page.request.post(`${tower.origin}/rpc/board_cells`, { data: { ...request, cell_ms: 0, dense_ms: 1 }, headers: { 'X-Cuetower-Desk': '1' } });
  expect([refused.status(), ((await refused.json()) as { field: string }).field]).toEqual([422, 'cell_ms']);
});
