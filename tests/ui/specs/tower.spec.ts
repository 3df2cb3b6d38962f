//! What belongs to the whole tower: secrets, pausing, the session, the keyboard.
import type { Locator } from '@playwright/test';
import { byHand, expect, make, test, verdict } from '../support/desk';

test('a secret goes in, is lent to a cue by name, and never comes out', async ({ window: page, ask }) => {
  await page.getByRole('link', { name: 'Secrets' }).click();
  await page.getByLabel('Name').fill('openai');
  await page.getByLabel('Value').fill('s3cr3t-value');
  await page.getByRole('button', { name: 'Keep until the tower stops' }).click();
  await expect(page.getByLabel('Name')).toHaveAccessibleDescription(/Capital letters/);
  await page.getByLabel('Name').fill('OPENAI_KEY');
  await page.getByRole('button', { name: 'Keep until the tower stops' }).click();
  const row = page.getByRole('table', { name: 'Secrets' }).getByRole('row').filter({ hasText: 'OPENAI_KEY' });
  await expect(row).toContainText('no cue');
  await expect(page.getByLabel('Value')).toHaveValue('');

  await page.goto('/#/cue/new?from=hand');
  await page.getByLabel('Command, no shell').fill(`sh -c 'test ${'$'}{#KEY} -eq 12 && echo "the key fits"'`);
  await page.getByText('Environment').click();
  await page.getByLabel('Lend a secret').selectOption('OPENAI_KEY');
  await page.getByLabel('Name of variable 1').fill('KEY');
  await expect(page.getByLabel('Value of variable 1')).toHaveValue('{{secret:OPENAI_KEY}}');
  await page.getByRole('button', { name: 'Save and arm' }).click();
  await page.getByRole('button', { name: 'Fire now' }).click();
  await page.getByRole('button', { name: 'Open run' }).click();
  await expect(verdict(page, 'Confirmed')).toHaveAttribute('data-state', 'confirmed');
  await expect(page.getByRole('tabpanel')).toContainText('the key fits');
  await expect(page.locator('body')).not.toContainText('s3cr3t-value');

  await page.getByRole('link', { name: 'Secrets' }).click();
  await expect(row).toContainText('say-hello');
  await page.getByRole('button', { name: 'Replace OPENAI_KEY' }).click();
  await expect(page.getByLabel('Name', { exact: true })).toHaveValue('OPENAI_KEY');
  await page.getByLabel('Value').fill('another-value');
  await page.getByRole('button', { name: 'Keep until the tower stops' }).click();
  await expect.poll(async () => (await ask<{ secrets: { version: number }[] }>('secrets')).secrets.map((secret) => secret.version)).toEqual([2]);
  await page.getByRole('button', { name: 'Rename OPENAI_KEY' }).click();
  const rename = page.getByRole('dialog', { name: 'Rename OPENAI_KEY' });
  await rename.getByLabel('New name').fill('llm');
  await rename.getByRole('button', { name: 'Rename' }).click();
  await expect(rename.getByLabel('New name')).toHaveAccessibleDescription(/Capital letters/);
  await rename.getByLabel('New name').fill('LLM_KEY');
  await rename.getByRole('button', { name: 'Rename' }).click();
  await expect(page.getByRole('table', { name: 'Secrets' }).getByRole('row').filter({ hasText: 'LLM_KEY' })).toContainText('say-hello');
  await page.getByRole('button', { name: 'Rename LLM_KEY' }).click();
  await page.getByRole('dialog').getByLabel('New name').fill('OPENAI_KEY');
  await page.getByRole('dialog').getByRole('button', { name: 'Rename' }).click();
  await page.getByRole('button', { name: 'Delete OPENAI_KEY' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete OPENAI_KEY' }).click();
  await expect.poll(async () => (await ask<{ secrets: unknown[] }>('secrets')).secrets.length).toBe(0);
  await expect(page.getByText('No secret is kept yet.')).toBeVisible();
});

test('pausing the tower is said on every screen, and undone in one click', async ({ window: page }) => {
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('switch', { name: 'Pause all firing' }).click();
  await expect(page.getByTestId('strip-tower')).toContainText('Paused');
  await page.getByRole('link', { name: 'Alerts' }).click();
  await page.getByRole('button', { name: 'Arm now' }).click();
  await expect(page.getByTestId('strip-tower')).toContainText('Armed');
});

test('settings show where things are, and the theme stays chosen', async ({ window: page, tower }) => {
  await page.goto('/#/settings');
  await expect(page.getByRole('main')).toContainText(tower.ready.agents);
  await expect(page.getByRole('main')).toContainText('cuetower-ui-');
  await page.getByRole('button', { name: 'Light', exact: true }).click();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
});

test('the owner’s key is copied for a program to use, and never shown', async ({ window: page, tower }) => {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: tower.origin });
  await page.goto('/#/settings');
  await page.getByRole('button', { name: 'Copy your key' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Your key is copied.' }).first()).toBeVisible();
  const key = await page.evaluate(() => navigator.clipboard.readText());
  expect(key).toBe(tower.ready.key);
  await expect(page.locator('body')).not.toContainText(key);
  const cues = await page.request.get(`${tower.ready.agents}/v1/cues`, { headers: { Authorization: `Bearer ${key}` } });
  expect(cues.status()).toBe(200);

  await page.getByRole('button', { name: 'Copy the signing secret' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'The signing secret is copied.' }).first()).toBeVisible();
  const secret = await page.evaluate(() => navigator.clipboard.readText());
  expect(secret).toMatch(/^\S{16,}$/);
  await expect(page.locator('body')).not.toContainText(secret);
});

test('a browser without a session is told how to get one', async ({ browser, tower }) => {
  const stranger = await browser.newContext();
  const page = await stranger.newPage();
  await page.goto(`${tower.origin}/#/board`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('This link has been used or has expired.');
  await expect(page.getByText('cuetowerctl desk-link')).toBeVisible();
  await expect(page.getByText('with the same --data')).toBeVisible();
  await stranger.close();
});

test('a window whose tower crashed says since when, and picks it up again when it is back', async ({ window: page, tower, ask }) => {
  await make(ask, [byHand('say-hello', ['echo', 'hi'])]);
  await page.evaluate(() => Object.assign(globalThis, { sameWindow: true }));
  // What shows a chosen lane comes from the tower as well, and is fetched while it is there.
  await expect.poll(() => page.evaluate(() => performance.getEntriesByType('resource').some((one) => /Inspector.*js/.test(one.name)))).toBe(true);
  await tower.crash();
  await expect(page.getByRole('alert').filter({ hasText: 'The tower stopped answering.' })).toBeVisible();
  await expect(page.getByTestId('strip-tower')).toContainText('Not answering');
  await page.getByTestId('lane-say-hello').click();
  await expect(page.getByRole('button', { name: 'Fire now' }), 'nobody would hear it').toBeDisabled();
  await tower.comeBack();
  await expect(page.getByTestId('strip-tower')).toContainText('Armed');
  await page.getByTestId('lane-say-hello').click();
  await page.getByRole('button', { name: 'Fire now' }).click();
  await expect(page.getByRole('complementary', { name: 'Selected run' })).toContainText('Confirmed');
  expect(await page.evaluate(() => 'sameWindow' in globalThis), 'the page was never loaded again').toBe(true);
});

test('a part that was not fetched before the tower went is there when it is back, with its looks', async ({ window: page, tower, ask }) => {
  await make(ask, [byHand('say-hello', ['echo', 'hi'])]);
  let back = false;
  await page.route(/assets\/Inspector-/, async (route) => {
    await expect.poll(() => tower.stopped, { timeout: 20_000 }).toBe(true);
    await (back ? route.continue() : route.abort());
  });
  await page.reload();
  await page.getByTestId('lane-say-hello').click();
  await tower.crash();
  await expect(page.getByRole('status').filter({ hasText: 'This part of the window' }).first()).toBeVisible();
  back = true;
  await tower.comeBack();
  const fire = page.getByRole('button', { name: 'Fire now' });
  await expect(fire).toBeEnabled();
  expect(await page.evaluate(() => [...document.styleSheets].filter((one) => /Inspector/.test(one.href ?? '')).length), 'its style sheet').toBe(1);
  await fire.click();
  await expect(page.getByRole('complementary', { name: 'Selected run' })).toContainText('Confirmed');
});

test('what acts on the tower rests while it is away, and says why', async ({ window: page, tower, ask }) => {
  const [cue] = await make(ask, [byHand('say-hello', ['echo', 'hi'])]);
  await page.goto(`/#/cue/${cue?.id}`);
  const [fire, trial, save] = ['Fire now', /^Test fire/, /^Save and arm/].map((name) => page.getByRole('button', { name })) as [Locator, Locator, Locator];
  await expect(fire).toBeEnabled();
  // What says why comes from the tower as well, and is fetched while it is there.
  await expect.poll(() => page.evaluate(() => performance.getEntriesByType('resource').filter((one) => /TipLayer|MenuList/.test(one.name)).length)).toBeGreaterThan(1);
  await tower.crash();
  for (const button of [fire, trial, save]) await expect(button).toBeDisabled({ timeout: 20_000 });
  await trial.hover({ force: true });
  await expect(page.locator('#tip')).toHaveText('The tower does not answer. This can be done when it is back.');
  await expect(page.getByTestId('strip-tower')).toBeDisabled();
  // What only leads elsewhere goes on.
  await page.getByRole('link', { name: 'Board', exact: true }).first().click();
  await page.getByTestId('lane-say-hello').click({ button: 'right' });
  await expect(page.getByRole('menuitem', { name: /^Fire now/ })).toBeDisabled();
  await expect(page.getByRole('menuitem', { name: /^Fire now/ })).toContainText('The tower does not answer.');
  await expect(page.getByRole('menuitem', { name: 'Edit' })).toBeEnabled();
  await page.keyboard.press('Escape');
  await tower.comeBack();
  await expect(page.getByTestId('strip-tower')).toBeEnabled();
  await expect(page.getByTestId('strip-tower')).toContainText('Armed');
});

test('the whole way by keyboard: palette, board, run, back', async ({ window: page, ask }) => {
  await make(ask, [byHand('say-hello', ['echo', 'hi']), byHand('other', ['true'])]);
  await expect(page.getByTestId('lane-say-hello')).toBeVisible();
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('combobox', { name: 'Search or do' })).toBeFocused();
  await page.keyboard.type('fire hello');
  await expect(page.getByRole('option', { selected: true })).toHaveText('Fire say-hello now');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(page.getByRole('complementary', { name: 'Selected run' })).toContainText('Confirmed');
  await page.getByRole('application').focus();
  await page.keyboard.press('Enter');
  await expect(verdict(page, 'Confirmed')).toHaveAttribute('data-state', 'confirmed');
  await page.keyboard.press('Escape');
  await expect(page).toHaveURL(/#\/board$/);
  await page.keyboard.press('l');
  await expect(page.getByRole('region', { name: 'Ledger' }).getByRole('row').filter({ hasText: 'say-hello' })).toContainText('Confirmed');
  await page.keyboard.press('g');
  await page.keyboard.press('s');
  await expect(page).toHaveURL(/#\/secrets$/);
  await page.keyboard.press('?');
  await expect(page.getByRole('heading', { name: 'Key to the marks' })).toBeVisible();
  await page.keyboard.press('n');
  await expect(page.getByLabel('Cue', { exact: true })).toBeVisible();
});

test('the pointer on the timeline: a run is told by hovering, chosen by a click, opened by two', async ({ window: page, ask }) => {
  const [cue] = await make(ask, [byHand('say-hello', ['echo', 'hi'])]);
  // In this range a pixel is more than a minute, so that the run stays where it was drawn.
  await page.getByRole('button', { name: '24 h', exact: true }).click();
  await expect(page.getByTestId('lane-say-hello')).toBeVisible();
  const plot = page.getByRole('application');
  const box = await plot.boundingBox();
  if (!box) throw new Error('the timeline has no place on screen');
  // Now stands at 73 %, the first lane below the first group.
  const at = { x: box.width * 0.73 - 2, y: 40 };
  await plot.hover({ position: at });
  await expect(page.getByRole('tooltip')).toHaveCount(0);
  // The pointer rests: what comes to be under it is told nevertheless.
  const { run_id } = await ask<{ run_id: string }>('cue_fire', { cue_id: cue?.id });
  await expect(page.getByRole('tooltip')).toContainText('Confirmed');
  await plot.click({ position: at });
  await expect(page.getByRole('complementary', { name: 'Selected run' })).toContainText('Confirmed');
  await plot.dblclick({ position: at });
  await expect(page).toHaveURL(new RegExp(`#/run/${run_id}$`));
});

test('the first range fits the fleet that is there', async ({ window: page, ask }) => {
  const often = { schedule: { type: 'recurring', cron: '* * * * * 0,20,40', timezone: 'UTC' } };
  await make(ask, [byHand('often', ['true'], often), byHand('nightly', ['true'], { schedule: { type: 'recurring', cron: '0 3 * * *', timezone: 'UTC' } })]);
  // As a window that is opened on a tower that has been running.
  await page.reload();
  await expect(page.getByRole('button', { name: '15 min', exact: true })).toHaveAttribute('aria-pressed', 'true');
});
