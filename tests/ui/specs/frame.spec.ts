//! The frame of the window: palette, keys and their table, search, size, zones, the way numbers are written, settings; by mouse and by keyboard alone.
import type { Page } from '@playwright/test';
import { byHand, expect, make, test } from '../support/desk';
import { expectNoBarrier, look, picture, SIZES } from '../support/look';

const MINUTE = 60_000;

/** The one line for ears. */
const spoken = (page: Page) => page.locator('[role=status] > .sr');

/** Where the text of an element stands at its left, in pixels of the screen. */
const box = async (page: Page, selector: string) => {
  const found = await page.locator(selector).first().boundingBox();
  if (!found) throw new Error(`${selector} is not on screen`);
  return found;
};

test('the first page is sent the board and nothing of other rooms; a room comes when it is opened, and stays', async ({ window: page }) => {
  const scripts = () => page.evaluate(() => performance.getEntriesByType('resource').map((entry) => entry.name).filter((name) => name.endsWith('.js')));
  const first = await scripts();
  expect(first.length).toBeGreaterThan(0);
  expect(first.filter((name) => /\/(Run|Gates|CueEditor|Agents|Costs|Settings|Secrets|Palette)-/.test(name))).toEqual([]);
  await page.getByRole('link', { name: 'Settings' }).click();
  await expect(page.getByRole('heading', { name: 'Settings', exact: true })).toBeVisible();
  const ofSettings = async () => (await scripts()).filter((name) => /\/Settings-/.test(name)).length;
  expect(await ofSettings()).toBe(1);
  await page.getByRole('link', { name: 'Board', exact: true }).click();
  await page.getByRole('link', { name: 'Settings' }).click();
  await expect(page.getByRole('heading', { name: 'Settings', exact: true })).toBeVisible();
  expect(await ofSettings()).toBe(1);
});

test('the frame is there before any script, in the owner’s theme, and nothing of it moves when the window takes its place', async ({ page, tower }) => {
  await page.goto(tower.ready.desk);
  await expect(page.getByTestId('strip-tower')).toContainText('Armed');
  await page.evaluate(() => localStorage.setItem('ct-theme', 'light'));
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route(/assets\/[^/]*\.js/, async (route) => {
    await released;
    await route.continue();
  });
  await page.reload({ waitUntil: 'commit' });
  await expect(page.getByRole('link', { name: 'Settings' })).toBeVisible();
  const places = () => page.locator('.strip .logo, .rail a').evaluateAll((links) => links.map((link) => ({ word: link.textContent.trim(), ...link.getBoundingClientRect().toJSON() })));
  const before = await places();
  expect(before.map(({ word }) => word)).toEqual(['', 'Board', 'Gates', 'Agents', 'Costs', 'Alerts', 'Secrets', 'Settings']);
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  expect(await ground()).toBe('rgb(238, 240, 238)');
  await expectNoBarrier(page, 'the frame alone');
  release();
  await expect(page.getByTestId('strip-tower')).toContainText('Armed');
  expect(await places()).toEqual(before);
  expect(await ground()).toBe('rgb(238, 240, 238)');
  await expect(page.getByRole('navigation')).toHaveCount(1);
});

test('a room that cannot be fetched says so, and opens when it can be', async ({ page, tower }) => {
  // Without the console's watch: a fetch that fails is what this is about.
  await page.goto(tower.ready.desk);
  await expect(page.getByTestId('strip-tower')).toContainText('Armed');
  let broken = true;
  await page.route(/assets\/Secrets-/, (route) => (broken ? route.abort() : route.continue()));
  await page.getByRole('link', { name: 'Secrets' }).click();
  await expect(page.getByRole('heading', { name: 'This room did not open.' })).toBeVisible();
  broken = false;
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('heading', { name: 'Secrets', exact: true })).toBeVisible();
  expect(await page.evaluate(() => [...document.styleSheets].filter((one) => /Secrets-/.test(one.href ?? '')).length), 'its looks').toBe(1);
});

test('every room by its two letters, back by Alt and the arrow, a new cue by N, the key by ?', async ({ window: page, ask }) => {
  await make(ask, [byHand('say-hello', ['true'])]);
  for (const [key, hash] of [['g', 'gates'], ['a', 'agents'], ['c', 'costs'], ['l', 'alerts'], ['s', 'secrets'], [',', 'settings'], ['b', 'board']] as const) {
    await page.keyboard.press('g');
    await page.keyboard.press(key);
    await expect(page).toHaveURL(new RegExp(`#/${hash}$`));
  }
  await page.keyboard.press('Alt+ArrowLeft');
  await expect(page).toHaveURL(/#\/settings$/);
  await page.keyboard.press('Alt+ArrowLeft');
  await expect(page).toHaveURL(/#\/secrets$/);
  await page.keyboard.press('n');
  await expect(page).toHaveURL(/#\/cue\/new$/);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await page.goto('/#/settings');
  const find = page.getByLabel('Find a setting');
  await find.fill('');
  await find.press('n');
  await find.press('?');
  await expect(find, 'letters that are typed do nothing else').toHaveValue('n?');
  await expect(page).toHaveURL(/#\/settings$/);
  await find.fill('');
  await find.blur();
  await page.keyboard.press('?');
  await expect(page).toHaveURL(/#\/key$/);
});

test('the palette: by button and by key, what it offers, and the focus returns', async ({ window: page, ask }) => {
  await make(ask, [byHand('say-hello', ['true']), byHand('other', ['true'])]);
  await expect(page.getByTestId('lane-say-hello')).toBeVisible();
  const button = page.getByRole('button', { name: 'Search or do' });
  await button.click();
  const field = page.getByRole('combobox', { name: 'Search or do' });
  await expect(field).toBeFocused();
  await field.press('Escape');
  await expect(field).toHaveCount(0);
  await expect(button).toBeFocused();

  await page.keyboard.press('Control+k');
  await field.fill('>');
  await expect(page.getByRole('option', { name: /Pause all firing/ })).toContainText('Ctrl⇧P');
  await field.press('Tab');
  await expect(field).toHaveValue('@');
  await field.press('Tab');
  await expect(field).toHaveValue('#');
  await expect(page.getByRole('option')).toHaveText([/other/, /say-hello/]);
  await field.press('ArrowDown');
  await expect(page.getByRole('option', { selected: true })).toHaveText(/say-hello/);
  await field.press('ArrowDown');
  await expect(page.getByRole('option', { selected: true })).toHaveText(/other/);
  await field.press('Enter');
  await expect(page.getByTestId('lane-other')).toHaveAttribute('aria-current', 'true');

  await page.keyboard.press('Control+k');
  await field.fill('zzz nothing');
  await expect(page.getByText('Nothing matches “zzz nothing”.')).toBeVisible();

  // A setting is found by other words for it, and stands alone in the settings.
  await field.fill('dark');
  await expect(page.getByRole('option', { selected: true })).toContainText('Theme');
  await field.press('Enter');
  await expect(page.getByRole('textbox', { name: 'Find a setting' })).toHaveValue('Theme');
  await expect(page.getByRole('group', { name: 'Theme' })).toBeVisible();
  await expect(page.getByLabel('Text size')).toBeHidden();
  await page.getByRole('textbox', { name: 'Find a setting' }).fill('login');
  await expect(page.getByRole('heading', { name: 'Signing in' })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Accounts that registered' })).toBeHidden();
});

test('one question at a time: over a dialog the palette does not open, and what is said meanwhile lies above it', async ({ window: page }) => {
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Search or do' }).fill('>connect');
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Connect an agent' });
  await expect(dialog).toBeVisible();
  await page.keyboard.press('Control+k');
  await dialog.getByRole('button', { name: 'Copy', exact: true }).click();
  const said = page.getByTestId('notice');
  await expect(said).toBeVisible();
  expect(await said.evaluate((el) => el.closest(':popover-open') !== null)).toBe(true);
  await expect(page.locator('dialog[open]')).toHaveCount(1);
  await page.keyboard.press('Escape');
  await expect(page.locator('dialog[open]')).toHaveCount(0);
});

test('a time is typed to go there, also by G T', async ({ window: page, ask }) => {
  await make(ask, [byHand('say-hello', ['true'])]);
  await expect(page.getByTestId('lane-say-hello')).toBeVisible();
  const follow = page.getByRole('button', { name: 'Follow now' });
  await expect(follow).toHaveAttribute('aria-pressed', 'true');
  await page.keyboard.press('g');
  await page.keyboard.press('t');
  const field = page.getByRole('combobox', { name: 'Search or do' });
  await expect(field).toHaveValue(':');
  await field.pressSequentially('soon');
  await expect(page.getByText('No time reads as “soon”.')).toBeVisible();
  await field.fill(':yesterday 09:00');
  await expect(page.getByRole('option', { selected: true })).toContainText('09:00');
  await field.press('Enter');
  await expect(follow).toHaveAttribute('aria-pressed', 'false');
  // Whoever looks at the past is told which way now is, and how to get there.
  const back = page.getByRole('button', { name: /^Now is .* later$/ });
  await expect(back).toContainText('F');
  await picture(page, 'board-now-later');
  await back.click();
  await expect(follow).toHaveAttribute('aria-pressed', 'true');
  await expect(back).toBeHidden();
});

test('a key is given to something else: it acts, the old one does not, the table and the hints say so, and it is taken back', async ({ window: page, ask }) => {
  await make(ask, [byHand('say-hello', ['true'])]);
  await page.goto('/#/settings/keyboard');
  const row = (name: string) => page.getByRole('row').filter({ has: page.getByRole('cell', { name, exact: true }) });
  await row('New cue').getByRole('button', { name: 'Change the key of New cue' }).click();
  await page.keyboard.press('k');
  await expect(row('New cue').locator('kbd')).toHaveText('K');
  await expect(row('New cue').getByRole('button', { name: 'Change the key of New cue' })).toBeFocused();
  await page.keyboard.press('n');
  await expect(page, 'the old key does nothing').toHaveURL(/#\/settings\/keyboard$/);
  await page.keyboard.press('k');
  await expect(page).toHaveURL(/#\/cue\/new$/);
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Search or do' }).fill('new cue');
  await expect(page.getByRole('option', { name: /New cue/ }).first()).toContainText('K');
  await page.keyboard.press('Escape');

  // A room's own key: the board knows only the usual one.
  await page.goto('/#/settings/keyboard');
  await row('Timeline or ledger').getByRole('button', { name: /Change/ }).click();
  await page.keyboard.press('y');
  await expect(row('Timeline or ledger').locator('kbd')).toHaveText('Y');
  await page.goto('/#/board');
  await page.reload();
  await expect(page.getByTestId('lane-say-hello')).toBeVisible();
  await page.keyboard.press('l');
  await expect(page.getByRole('region', { name: 'Ledger' })).toHaveCount(0);
  await page.keyboard.press('y');
  await expect(page.getByRole('region', { name: 'Ledger' })).toBeVisible();

  // A key that is taken says by what.
  await page.goto('/#/settings/keyboard');
  await row('Swap local time and UTC').getByRole('button', { name: /Change/ }).click();
  await page.keyboard.press('q');
  await expect(page.getByRole('alert').filter({ hasText: 'is “To what needs you”' })).toBeVisible();
  await page.getByRole('button', { name: 'Leave it' }).click();
  await expect(row('Swap local time and UTC').locator('kbd')).toHaveText('U');
  await row('Swap local time and UTC').getByRole('button', { name: /Change/ }).click();
  await page.keyboard.press('q');
  await page.getByRole('button', { name: 'Take it from there' }).click();
  await expect(row('Swap local time and UTC').locator('kbd')).toHaveText('Q');
  await expect(row('To what needs you')).toContainText('no key');
  await row('Previous run of this cue').first().getByRole('button', { name: /Change/ }).click();
  await page.keyboard.press('ArrowLeft');
  await expect(page.getByRole('alert').filter({ hasText: 'cannot be given away' })).toBeVisible();
  await page.getByRole('button', { name: /^Reset all/ }).click();
  await expect(row('To what needs you').locator('kbd')).toHaveText('Q');
  await page.keyboard.press('n');
  await expect(page).toHaveURL(/#\/cue\/new$/);
});

test('all firing is paused by key and armed again, from any room', async ({ window: page }) => {
  await page.goto('/#/secrets');
  await page.getByLabel('Name').first().focus();
  await page.keyboard.press('Control+Shift+P');
  await expect(page.getByTestId('strip-tower')).toContainText('Paused');
  await expect(page.getByText('Paused by you.')).toBeVisible();
  await expect(spoken(page)).toHaveText('Tower: paused.');
  await page.keyboard.press('Control+Shift+P');
  await expect(page.getByTestId('strip-tower')).toContainText('Armed');
});

test('everything is drawn larger and smaller, by key and by choice, and narrow layouts begin earlier', async ({ window: page, ask }) => {
  await make(ask, [byHand('say-hello', ['true'])]);
  await page.setViewportSize({ width: 1280, height: 800 });
  await expect(page.getByTestId('lane-say-hello')).toBeVisible();
  const usual = await box(page, '.strip');
  await page.keyboard.press('Control++');
  await expect.poll(async () => (await box(page, '.strip')).height).toBeGreaterThan(usual.height * 1.05);
  await page.keyboard.press('Control+0');
  await expect.poll(async () => (await box(page, '.strip')).height).toBeCloseTo(usual.height, 0);
  await page.keyboard.press('Control+-');
  await expect.poll(async () => (await box(page, '.strip')).height).toBeLessThan(usual.height * 0.95);
  await page.goto('/#/settings');
  await page.getByLabel('Text size').selectOption('2');
  await expect.poll(async () => (await box(page, '.strip')).height).toBeCloseTo(usual.height * 2, 0);
  expect(await page.evaluate(() => getComputedStyle(document.querySelector('.cmdk .wide') as Element).display), 'at twice the size the window is narrow').toBe('none');
  await page.reload();
  await expect.poll(async () => (await box(page, '.strip')).height).toBeCloseTo(usual.height * 2, 0);
  const wide = await page.evaluate(() => document.scrollingElement?.scrollWidth ?? 0);
  expect(wide, 'nothing runs out of the window').toBeLessThanOrEqual(1280);
  await page.keyboard.press('Control+k');
  await expect(page.locator('dialog[open]')).toBeVisible();
  const dialog = await box(page, 'dialog[open]');
  expect(dialog.x).toBeGreaterThanOrEqual(0);
  expect(dialog.x + dialog.width).toBeLessThanOrEqual(1280);
  expect(dialog.y + dialog.height).toBeLessThanOrEqual(800);
});

test('at another size the pointer still finds the run it is over, and its tip stays in the window', async ({ window: page, ask }) => {
  await page.setViewportSize({ width: 1440, height: 900 });
  const [cue] = await make(ask, [byHand('say-hello', ['echo', 'hi'])]);
  await page.getByRole('button', { name: '24 h', exact: true }).click();
  await ask('cue_fire', { cue_id: cue?.id, payload: null });
  await expect(page.getByTestId('lane-say-hello')).toBeVisible();
  for (let i = 0; i < 3; i++) await page.keyboard.press('Control++');
  const plot = page.getByRole('application');
  await expect.poll(async () => (await box(page, '.strip')).height).toBeGreaterThan(60);
  await expect(async () => {
    const at = await plot.boundingBox();
    if (!at) throw new Error('the timeline has no place on screen');
    // Now stands at 73 %, the first lane below the first group.
    await page.mouse.move(at.x + at.width * 0.73 - 6, at.y + 40 * 1.5);
    await page.mouse.move(at.x + at.width * 0.73 - 2, at.y + 40 * 1.5);
    await expect(page.getByRole('tooltip').filter({ hasText: 'say-hello' })).toBeVisible({ timeout: 1000 });
  }).toPass();
  const tip = await page.getByRole('tooltip').filter({ hasText: 'say-hello' }).boundingBox();
  expect((tip?.x ?? 0) + (tip?.width ?? 9999)).toBeLessThanOrEqual(1440);

  // At twice the size nothing of the strip and of the toolbar lies on its neighbour or outside of the window.
  await page.goto('/#/settings');
  await page.getByLabel('Text size').selectOption('2');
  await page.goto('/#/board');
  for (const size of SIZES) {
    await page.setViewportSize(size);
    await expect(page.getByRole('button', { name: 'New cue' })).toBeInViewport({ ratio: 1 });
    const places = await page.evaluate(() => [...document.querySelectorAll('.strip > *, [role=toolbar] > :not(.sr)')].map((el) => ({ of: (el as HTMLElement).innerText, box: el.getBoundingClientRect() })).filter(({ box }) => box.width > 0 && box.height > 0).map(({ of, box }) => ({ of, l: box.left, r: box.right, t: box.top, b: box.bottom })));
    const over = places.flatMap((a, i) => places.slice(i + 1).filter((b) => a.l < b.r - 1 && b.l < a.r - 1 && a.t < b.b - 1 && b.t < a.b - 1).map((b) => `${a.of} on ${b.of}`));
    expect(over, `${size.width}`).toEqual([]);
    expect(places.filter(({ r }) => r > size.width + 1).map(({ of }) => of), 'nor outside of the window').toEqual([]);
    await picture(page, `frame-twice-${size.width}`);
    // The drawer has a ground of its own, whatever is below it.
    await page.getByTestId('lane-say-hello').click();
    const fire = page.getByRole('button', { name: 'Fire now' });
    await expect(fire).toBeInViewport({ ratio: 0.9 });
    const ground = await page.locator('.side > .panel').evaluate((el) => ({ height: el.getBoundingClientRect().height, color: getComputedStyle(el).backgroundColor }));
    expect(ground.height).toBeGreaterThan(150);
    expect(ground.color).not.toBe('rgba(0, 0, 0, 0)');
    await picture(page, `frame-twice-drawer-${size.width}`);
    await page.keyboard.press('Escape');
    await expect(fire).toBeHidden();
  }
});

test('without colours of its own the window still says what is chosen', async ({ window: page }) => {
  await page.emulateMedia({ forcedColors: 'active' });
  await page.keyboard.press('Control+k');
  const chosen = page.getByRole('option', { selected: true });
  await expect(chosen).toHaveCSS('outline-style', 'solid');
  await page.keyboard.press('Escape');
  await page.goto('/#/settings');
  await expect(page.getByRole('switch', { name: 'Pause all firing' })).toBeVisible();
  expect(await page.getByRole('switch', { name: 'Pause all firing' }).evaluate((el) => getComputedStyle(el, '::before').borderStyle)).toBe('solid');
  await page.emulateMedia({ forcedColors: 'none', contrast: 'more' });
  const lines = await page.evaluate(() => ['--line-1', '--line-3', '--text-3', '--text-2'].map((name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()));
  expect(lines[0] === lines[1] || lines[0] === 'var(--line-3)').toBe(true);
});

test.describe('far from here', () => {
  test.use({ timezoneId: 'America/New_York' });
  test('times are shown in the tower’s zone, in UTC by U, or in another; a cue stays in its own', async ({ window: page, ask }) => {
    await make(ask, [byHand('say-hello', ['true'])]);
    const clock = page.locator('button.clock');
    const home = await clock.locator('.cap').innerText();
    await page.keyboard.press('u');
    await expect(page.getByTestId('notice')).toContainText('Times are shown in');
    await page.goto('/#/settings');
    const zone = page.getByRole('combobox', { name: 'Times are shown in' });
    await zone.click();
    await zone.fill('asia tok');
    await page.getByRole('option', { name: /Asia\/Tokyo/ }).click();
    await expect(clock.locator('.cap')).toContainText('Tokyo');
    const shown = await clock.locator('.val').innerText();
    const utc = new Date();
    const there = new Date(utc.getTime() + 540 * MINUTE);
    const minute = (at: Date) => at.toISOString().slice(11, 16);
    expect([minute(there), minute(new Date(there.getTime() - MINUTE))]).toContain(shown.slice(0, 5));
    await page.reload();
    await expect(clock.locator('.cap')).toContainText('Tokyo');
    await page.locator('body').press('u');
    await expect(clock.locator('.cap')).toContainText('UTC');
    await page.locator('body').press('u');
    await expect(clock.locator('.cap')).toContainText('Tokyo');
    await zone.click();
    await zone.fill('local');
    await page.getByRole('option', { name: /^Local/ }).click();
    await expect(clock.locator('.cap')).toHaveText(home);
  });
});

test('numbers, dates and weeks are written as the owner wants them', async ({ window: page }) => {
  await page.goto('/#/settings');
  const row = page.locator('.o').filter({ hasText: 'Numbers and dates' });
  await page.getByLabel('Numbers and dates').selectOption('de-DE');
  await expect(row).toContainText('1.234,5');
  await expect(row).toContainText('0,25');
  await page.getByLabel('Numbers and dates').selectOption('en-US');
  await expect(row).toContainText('1,234.5');
  await expect(page.locator('button.clock .cap')).toHaveText(/^\w{3} [A-Z][a-z]{2} \d{1,2},/);
  await expect(page.getByLabel('Weeks begin on').locator('option').first()).toContainText('Sunday');
  await page.reload();
  await expect(page.getByLabel('Numbers and dates')).toHaveValue('en-US');
  await page.getByLabel('Numbers and dates').selectOption('en-GB');
  await expect(page.locator('button.clock .cap')).toHaveText(/^\w{3} \d{1,2} [A-Z][a-z]{2},/);
});

test('settings by keyboard alone: found, changed, kept', async ({ window: page }) => {
  await page.keyboard.press('g');
  await page.keyboard.press(',');
  const find = page.getByLabel('Find a setting');
  for (let i = 0; i < 40 && !(await find.evaluate((field) => field === document.activeElement)); i++) await page.keyboard.press('Tab');
  await expect(find).toBeFocused();
  await page.keyboard.type('taken back');
  await expect(page.getByText('System follows the desktop')).toBeHidden();
  const back = page.getByLabel('An answer can be taken back');
  for (let i = 0; i < 8 && !(await back.evaluate((field) => field === document.activeElement)); i++) await page.keyboard.press('Tab');
  await expect(back).toBeFocused();
  await page.keyboard.type('for 30');
  await expect(back).toHaveValue('30');
  await find.focus();
  await page.keyboard.press('Escape');
  await expect(page.getByText('System follows the desktop')).toBeVisible();
  await page.keyboard.type('nothing like this');
  await expect(page.getByText('No setting matches “nothing like this”.')).toBeVisible();
  await page.reload();
  await expect(back).toHaveValue('30');
  await expect(page.getByText('This is a browser.')).toBeVisible();
});

test('a tip says what a button does, by pointer and by focus, and Escape takes it away', async ({ window: page }) => {
  const cell = page.getByTestId('strip-tower');
  await cell.hover();
  const tip = page.locator('#tip');
  await expect(tip).toContainText('Pause all firing');
  await expect(cell).toHaveAttribute('aria-describedby', 'tip');
  await page.keyboard.press('Escape');
  await expect(tip).toHaveCount(0);
  await expect(cell).toHaveAttribute('title', /Pause all firing/);
  await page.mouse.move(600, 500);
  await page.getByRole('link', { name: 'Cuetower, go to board' }).focus();
  await page.keyboard.press('Tab');
  await expect(tip).toContainText('Pause all firing');
});

test('what changes is said in one place, politely, at most once in five seconds', async ({ window: page, ask }) => {
  const cues = await make(ask, [byHand('one', ['true']), byHand('two', ['false'])]);
  await expect(page.getByTestId('lane-two')).toBeVisible();
  const heard: { at: number; text: string }[] = [];
  await page.exposeFunction('heard', (text: string) => text !== '' && heard.push({ at: Date.now(), text }));
  await spoken(page).evaluate((line) => new MutationObserver(() => void (globalThis as unknown as { heard: (text: string) => void }).heard(line.textContent ?? '')).observe(line, { childList: true, characterData: true, subtree: true }));
  await page.keyboard.press('Control++');
  await page.keyboard.press('Control+0');
  for (const { id } of cues) await ask('cue_fire', { cue_id: id, payload: null });
  await expect.poll(() => heard.some(({ text }) => text.includes('1 run failed, 1 confirmed') || /1 run (failed|confirmed).*1 run (failed|confirmed)/.test(text) || heard.filter((one) => /1 run/.test(one.text)).length === 2), { timeout: 30_000 }).toBe(true);
  expect(heard[0]?.text).toBe('110 %.');
  expect(heard[1]?.text).toContain('100 %.');
  for (let i = 1; i < heard.length; i++) expect((heard[i]?.at ?? 0) - (heard[i - 1]?.at ?? 0)).toBeGreaterThan(4500);
  await expect(page.locator('[aria-live=polite]')).toHaveCount(1);
});

test('a machine without a network says what follows, in a cell of the strip and below it', async ({ window: page, ask }) => {
  await make(ask, [{ name: 'calls-out', transport: 'webhook', callback: { url: 'https://example.com/x', method: 'POST' }, schedule: { type: 'manual', timezone: 'UTC' } }]);
  await expect(page.getByTestId('lane-calls-out')).toBeVisible();
  await page.evaluate(() => dispatchEvent(new Event('offline')));
  await expect(page.getByTestId('strip-trouble')).toContainText('offline');
  await expect(page.locator('[data-trouble=offline]').getByText('1 cue calls web hooks')).toBeVisible();
  await page.locator('[data-trouble=offline]').getByRole('button', { name: 'Hide' }).click();
  await expect(page.locator('[data-trouble=offline]').getByText('1 cue calls web hooks')).toBeHidden();
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await expect(page.getByTestId('strip-trouble')).toHaveCount(0);
});

test('settings and the palette are clean at both sizes and in both themes', async ({ window: page, ask }) => {
  test.setTimeout(120_000);
  await make(ask, [byHand('say-hello', ['true'])]);
  for (const size of SIZES) {
    await page.setViewportSize(size);
    await page.goto('/#/settings');
    await expect(page.getByRole('heading', { name: 'Keyboard', exact: true })).toBeVisible();
    await look(page, 'frame-settings');
    await page.locator('.st.scroll').evaluate((list) => (list.scrollTop = 520));
    await look(page, 'frame-keyboard');
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Search or do' }).fill('hello');
    await expect(page.getByRole('option', { name: 'Fire say-hello now' })).toBeVisible();
    await look(page, 'frame-palette');
    await page.keyboard.press('Escape');
  }
});

test('a search of the whole store: while one types, narrowed, and all of it on a page of its own', async ({ window: page, ask }) => {
  const cues = await make(ask, [byHand('score-leads', ['sh', '-c', 'echo walrus in the hold >&2; exit 3']), byHand('other', ['true'])]);
  for (const { id } of cues) await ask('cue_fire', { cue_id: id, payload: null });
  await expect.poll(async () => (await ask<{ hits: { kind: string }[] }>('search', { text: 'score-leads is:failed' })).hits.filter((hit) => hit.kind === 'run').length).toBe(1);
  await page.goto('/#/secrets');
  await page.keyboard.press('Control+k');
  const field = page.getByRole('combobox', { name: 'Search or do' });
  await field.fill('score');
  await expect(page.getByRole('option', { name: /See all/ })).toBeVisible();
  await field.fill('score is:fa');
  await expect(page.getByRole('option', { selected: true })).toContainText('is:failed');
  await field.press('Enter');
  await expect(field).toHaveValue('score is:failed ');
  await expect(page.getByRole('option', { name: /^score-leads, .*failed/ }).first()).toBeVisible();
  await field.fill('is:wrongly');
  await expect(page.locator('#palette-wrong')).toContainText('wrongly');
  await field.fill('score is:failed');
  await page.getByRole('option', { name: /See all/ }).click();
  await expect(page).toHaveURL(/#\/search\?q=/);

  // The page: filters as chips, the keys walk the list, one comes back to where one was.
  const box = page.getByRole('searchbox');
  await expect(box).toHaveValue('score is:failed');
  const rows = page.locator('#found a.hit');
  await expect(rows.filter({ hasText: 'score-leads' }).first()).toBeVisible();
  await expect(rows.filter({ hasText: 'other' })).toHaveCount(0);
  await page.getByRole('button', { name: 'Leave out is:failed' }).click();
  await expect(box).toHaveValue('score');
  await box.fill('kind:run');
  await expect(rows).toHaveCount(2);
  await box.press('ArrowDown');
  await expect(rows.first()).toBeFocused();
  await page.keyboard.press('End');
  await expect(rows.last()).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/#\/run\//);
  await page.keyboard.press('Alt+ArrowLeft');
  await expect(box).toHaveValue('kind:run');
  await box.fill('nothing-has-this-word');
  await expect(page.getByText('Nothing matches “nothing-has-this-word”.')).toBeVisible();
  await box.fill('is:wrongly');
  await expect(page.locator('#search-said')).toContainText('wrongly');
  await box.fill('score');
  await expect(rows.first()).toBeVisible();
  for (const size of SIZES) {
    await page.setViewportSize(size);
    await look(page, 'frame-search');
  }
});
