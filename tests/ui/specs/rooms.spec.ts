//! A run, costs, alerts and secrets: each room's story by mouse, and the same by keyboard alone; how each says that it has nothing, waits, or cannot; and how it is found again.
import { readFile } from 'node:fs/promises';
import type { Locator, Page } from '@playwright/test';
import { byHand, expect, make, test, verdict } from '../support/desk';
import { door, type Door } from '../support/door';
import { expectToFit, look, picture, SIZES } from '../support/look';
import { stepsOf } from '../support/steps';
import type { Tower } from '../support/tower';

type Ask = <T = unknown>(command: string, request?: unknown) => Promise<T>;

const forWorkers = (name: string, agent: string) => ({ name, agent, transport: 'worker', schedule: { type: 'manual', timezone: 'UTC' }, overlap: 'allow', confirm: 'outcome', retry: { max_attempts: 1 } });

/** Walks with Tab until this has the focus. */
async function tabTo(page: Page, to: Locator, most = 60): Promise<void> {
  for (let n = 0; n < most; n++) {
    if (await to.evaluate((el) => el === document.activeElement).catch(() => false)) return;
    await page.keyboard.press('Tab');
  }
  await expect(to).toBeFocused();
}

/** A run that a worker has, with what it says of its steps. */
async function worked(page: Page, tower: Tower, ask: Ask, cueId: string, work: (steps: ReturnType<typeof stepsOf>) => Promise<unknown>): Promise<string> {
  const { run_id } = await ask<{ run_id: string }>('cue_fire', { cue_id: cueId });
  await door(page, tower).post(`/v1/executions/${run_id}/claim`, { worker_id: 'ada' });
  await work(stepsOf(page, tower, run_id));
  return run_id;
}

const good = async (steps: ReturnType<typeof stepsOf>) => {
  await steps.done('list', { name: 'list leads', kind: 'tool' });
  await steps.outcome({ success: true, processed: 200, cost_usd: 0.2 });
};

/** Three runs of one cue: two good ones, and one that broke at its second step. */
async function leads(page: Page, tower: Tower, ask: Ask): Promise<{ first: string; second: string; broken: string }> {
  const [cue] = await make(ask, [{ ...forWorkers('score-new-leads', 'lead-scout'), expect: { min_processed: 150 } }]);
  const id = cue?.id ?? '';
  const first = await worked(page, tower, ask, id, good);
  const second = await worked(page, tower, ask, id, good);
  const broken = await worked(page, tower, ask, id, async (steps) => {
    await steps.done('list', { name: 'list leads', kind: 'tool' });
    await steps.begin('score', { name: 'score leads', kind: 'llm' });
    await steps.fail('score', { error: '429 too many requests' });
    await steps.outcome({ success: true, processed: 3, summary: 'Scored 200 leads.', cost_usd: 0.02 });
  });
  return { first, second, broken };
}

async function saved(page: Page, press: () => Promise<unknown>): Promise<{ name: string; text: string }> {
  const [download] = await Promise.all([page.waitForEvent('download'), press()]);
  return { name: download.suggestedFilename(), text: await readFile(await download.path(), 'utf8') };
}

test('a run by mouse: what broke, what is different, and where it is found', async ({ window: page, tower, ask }) => {
  const { second, broken } = await leads(page, tower, ask);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: tower.origin });
  await page.goto(`/#/run/${broken}`);
  await expect(verdict(page, 'Confirmed')).toHaveAttribute('data-state', 'refuted');
  await expect(page.getByRole('table', { name: 'Compared with the last good run' })).toContainText('200');
  await page.getByRole('treegrid', { name: 'Steps' }).getByText('score leads').click();
  await expect(page.getByRole('tabpanel')).toContainText('429 too many requests');

  const menu = page.getByRole('button', { name: 'Export this run' });
  await menu.click();
  await page.getByRole('menuitem', { name: 'Copy address' }).click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(`cuetower://run/${broken}`);
  await menu.click();
  await page.getByRole('menuitem', { name: 'Copy as curl' }).click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toContain(`${tower.ready.agents}/v1/executions/${broken}/replay`);
  await page.getByRole('button', { name: 'Previous run' }).click();
  await expect(page).toHaveURL(new RegExp(`#/run/${second}$`));
  await expect(verdict(page, 'Confirmed')).toHaveAttribute('data-state', 'confirmed');
});

test('a run is taken away whole, as a page and as JSON; what was spent as a table', async ({ window: page, tower, ask }) => {
  const { broken } = await leads(page, tower, ask);
  await page.goto(`/#/run/${broken}`);
  const menu = page.getByRole('button', { name: 'Export this run' });
  await menu.click();
  const html = await saved(page, () => page.getByRole('menuitem', { name: 'Save as one page' }).click());
  expect(html.name).toMatch(/\.html$/);
  expect(html.text).toContain('429 too many requests');
  await menu.click();
  const json = await saved(page, () => page.getByRole('menuitem', { name: 'Save as JSON' }).click());
  expect(json.name).toMatch(/\.json$/);
  expect(JSON.stringify(JSON.parse(json.text))).toContain(broken);

  await page.goto('/#/costs');
  const csv = await saved(page, () => page.getByRole('button', { name: 'Save as CSV' }).click());
  expect(csv.name).toMatch(/\.csv$/);
  expect(csv.text).toContain('score-new-leads');
});

test('a run by keyboard alone: its neighbours, its steps, its tabs, resume, cancel, and back', async ({ window: page, tower, ask }) => {
  const { second, broken } = await leads(page, tower, ask);
  await page.goto(`/#/run/${broken}`);
  await expect(verdict(page, 'Confirmed')).toHaveAttribute('data-state', 'refuted');
  await page.keyboard.press('[');
  await expect(page).toHaveURL(new RegExp(`#/run/${second}$`));
  await expect(verdict(page, 'Confirmed')).toHaveAttribute('data-state', 'confirmed');
  await page.keyboard.press(']');
  await expect(page).toHaveURL(new RegExp(`#/run/${broken}$`));
  const steps = page.getByRole('treegrid', { name: 'Steps' });
  await expect(steps.getByRole('row')).toHaveCount(3);
  await tabTo(page, steps.getByRole('row').nth(1));
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('tabpanel')).toContainText('429 too many requests');
  await tabTo(page, page.getByRole('tab', { selected: true }));
  await page.keyboard.press('ArrowLeft');
  await expect(page.getByRole('tab', { name: 'Usual range' })).toBeFocused();
  await expect(page.getByRole('tabpanel')).toContainText('2 have so far');

  await page.keyboard.press('Shift+R');
  const question = page.getByRole('dialog', { name: 'Resume from step 2 of score-new-leads' });
  await expect(question).toContainText('list leads');
  await tabTo(page, question.getByRole('button', { name: 'Resume from step 2' }));
  await page.keyboard.press('Enter');
  await expect(page).not.toHaveURL(new RegExp(broken));

  // A worker takes it up and is in the middle of what reaches outside: X asks first.
  const run = new URL(page.url()).hash.split('/').pop() ?? '';
  await door(page, tower).post(`/v1/executions/${run}/claim`, { worker_id: 'ada' });
  await stepsOf(page, tower, run).begin('post', { name: 'post to Slack', kind: 'http' });
  await expect(steps.getByText('post to Slack')).toBeVisible();
  await page.keyboard.press('x');
  const stop = page.getByRole('dialog', { name: 'Stop score-new-leads' });
  await expect(stop).toContainText('post to Slack');
  await page.keyboard.press('Escape');
  await expect(stop).toHaveCount(0);
  await expect(verdict(page, 'Confirmed')).toHaveAttribute('data-state', 'working');
  await page.keyboard.press('x');
  await tabTo(page, stop.getByRole('button', { name: 'Stop this run' }));
  await page.keyboard.press('Enter');
  await expect(verdict(page, 'Confirmed')).toHaveAttribute('data-state', 'stopped');
  await page.keyboard.press('r');
  await expect(page).not.toHaveURL(new RegExp(run));
  // The next one is there: nothing of it reaches outside yet, so that X stops it at once.
  await expect(page.getByRole('button', { name: 'Stop this run' })).toBeVisible();
  await page.keyboard.press('x');
  await expect(verdict(page, 'Confirmed')).toHaveAttribute('data-state', 'stopped');
});

/** What one worker run told that it cost. */
async function spent(agents: Door, cueId: string, cost_usd: number, success = true): Promise<void> {
  const { id } = await agents.post<{ id: string }>(`/v1/cues/${cueId}/fire`, {});
  const { run_token } = await agents.post<{ run_token: string }>(`/v1/executions/${id}/claim`, { worker_id: 'ada' });
  await agents.post(`/v1/executions/${id}/outcome`, { success, cost_usd, tokens: 41_000 }, { Authorization: `Bearer ${run_token}` });
}

test('costs answer: under budget, what left its range, what was paid without proof', async ({ window: page, tower, ask }) => {
  const agents = door(page, tower);
  const [hourly, odd] = await make(ask, [{ ...forWorkers('hourly', 'scout'), schedule: { type: 'recurring', cron: '* * * * *', timezone: 'UTC' } }, forWorkers('odd', 'scribe')]);
  await spent(agents, hourly?.id ?? '', 0.01);
  for (let n = 0; n < 10; n++) await spent(agents, odd?.id ?? '', 0.1);
  await spent(agents, odd?.id ?? '', 0.9);
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Costs' }).click();
  await expect(page.getByTestId('course')).toContainText(/\$\d+\.\d\d under the day’s fuse/);
  await expect(page.getByTestId('unproven')).toContainText('$1.91');
  await expect(page.getByTestId('unusual')).toContainText('odd');
  await expect(page.getByTestId('ahead')).toContainText(/Next 7 days: \$\d+/);

  const days = page.getByTestId('days');
  await expect(days.getByRole('img', { name: /Spent day by day from .* to today, \$1\.91 in all/ })).toBeVisible();
  await expect(days.locator('canvas')).toBeVisible();
  await days.getByRole('button', { name: 'Table' }).click();
  await expect(days.getByRole('table').getByRole('row')).toHaveCount(31);
  await expect(days.getByRole('table').getByRole('row').nth(1)).toContainText('$1.91');
  await page.getByTestId('unusual').getByRole('link', { name: 'Open run' }).first().click();
  await expect(page).toHaveURL(/#\/run\//);
});

test('costs by keyboard alone', async ({ window: page, tower, ask }) => {
  const [cue] = await make(ask, [forWorkers('leads', 'scout')]);
  await spent(door(page, tower), cue?.id ?? '', 1.5);
  await page.keyboard.press('g');
  await page.keyboard.press('c');
  await expect(page.getByTestId('total-Today')).toContainText('$1.50');
  await tabTo(page, page.getByRole('button', { name: '7 days', exact: true }));
  await page.keyboard.press('Enter');
  await expect(page.getByRole('columnheader', { name: '7 days', exact: true }).first()).toBeVisible();
  await tabTo(page, page.getByTestId('days').getByRole('button', { name: 'Table' }));
  await page.keyboard.press('Space');
  await expect(page.getByTestId('days').getByRole('table').getByRole('row')).toHaveCount(8);
  await page.keyboard.press('Escape');
  await expect(page).toHaveURL(/#\/board$/);
});

async function failing(ask: Ask, names: readonly string[]): Promise<void> {
  const cues = await make(ask, names.map((name) => byHand(name, ['sh', '-c', 'echo "KeyError: amount" >&2; exit 1'])));
  for (const cue of cues) await ask('cue_fire', { cue_id: cue.id });
}

test('alerts by mouse: one of them whole, put off, seen, and what becomes of it the next time', async ({ window: page, ask }) => {
  await failing(ask, ['receipt-sort']);
  const [mute] = await make(ask, [{ ...byHand('price-watch', ['sleep', '600']), confirm: 'outcome', delivery: { outcome_deadline_seconds: 1 } }]);
  const { run_id } = await ask<{ run_id: string }>('cue_fire', { cue_id: mute?.id });
  await page.goto('/#/alerts');
  const open = page.getByRole('region', { name: 'Open' }).getByRole('listitem');
  await expect(open).toHaveCount(2);
  await open.filter({ hasText: 'price-watch' }).getByText('Delivered, then nothing').click();
  const one = page.getByRole('complementary', { name: 'Selected alert' });
  await expect(one.getByRole('heading', { level: 2 }).first()).toContainText('price-watch');
  const told = one.getByRole('switch', { name: /Tell me: An outcome is overdue/ });
  await told.click();
  await expect(one).toContainText('It is only recorded: telling of it is off.');
  await expect.poll(async () => (await ask<{ off: string[] }>('alert_rules')).off).toEqual(['silent_run']);
  await told.click();
  await expect.poll(async () => (await ask<{ off: string[] }>('alert_rules')).off).toEqual([]);
  await one.getByRole('button', { name: 'until tomorrow 09:00' }).click();
  await expect(page.getByRole('region', { name: 'Snoozed' })).toContainText('price-watch');
  await one.getByRole('button', { name: 'End it' }).click();
  await expect(open).toHaveCount(2);
  await one.getByRole('button', { name: 'Acknowledge' }).click();
  await expect(page.getByRole('region', { name: 'Today, seen' })).toContainText('price-watch');
  await one.getByRole('button', { name: 'When I am told', exact: true }).click();
  await expect(page.getByRole('complementary', { name: 'When and where you are told' })).toContainText('Quiet hours');
  await ask('run_stop', { run_id });
});

test('alerts by keyboard alone: walked, opened, seen one by one and all at once', async ({ window: page, ask }) => {
  await failing(ask, ['one', 'two', 'three']);
  await page.keyboard.press('g');
  await page.keyboard.press('l');
  const open = page.getByRole('region', { name: 'Open' }).getByRole('listitem');
  await expect(open).toHaveCount(3);
  await tabTo(page, open.first());
  await page.keyboard.press('End');
  await expect(open.nth(2)).toBeFocused();
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowDown');
  await expect(open.nth(1)).toBeFocused();
  const name = (await open.nth(1).textContent()) ?? '';
  await page.keyboard.press('Enter');
  const one = page.getByRole('complementary', { name: 'Selected alert' });
  await expect(one.getByRole('heading', { level: 2 }).first()).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(one).toHaveCount(0);
  await expect(open.nth(1)).toBeFocused();
  await page.keyboard.press('s');
  await expect(page.getByRole('region', { name: 'Today, seen' }).getByRole('listitem')).toHaveCount(1);
  await expect(open).toHaveCount(2);
  expect(await open.allTextContents()).not.toContain(name);
  await page.keyboard.press('g');
  await page.keyboard.press('l');
  await tabTo(page, page.getByRole('button', { name: 'All', exact: true }));
  await page.keyboard.press('s');
  await expect(page.getByRole('region', { name: 'Today, seen' }).getByRole('listitem')).toHaveCount(3);
  const seen = page.getByRole('region', { name: 'Today, seen' }).getByRole('listitem');
  // The list has one tab stop: the row that was walked last.
  await tabTo(page, seen.and(page.locator('[tabindex="0"]')));
  await page.keyboard.press('Enter');
  await expect(one).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/#\/run\//);
  await page.keyboard.press('Escape');
  await expect(page).toHaveURL(/#\/alerts$/);
  await expect(one).toBeVisible();
  // Pressed at once, each key goes to the room that the one before it has opened.
  await page.getByRole('listitem').and(page.locator('[aria-current="true"]')).focus();
  await Promise.all([page.keyboard.press('Enter'), page.keyboard.press('Escape')]);
  await expect(one).toBeVisible();
  await expect(page).toHaveURL(/#\/alerts$/);
});

test('secrets by keyboard alone: kept, walked, renamed with all its uses, replaced, deleted', async ({ window: page, ask }) => {
  await page.keyboard.press('g');
  await page.keyboard.press('s');
  await expect(page.getByText('No secret is kept yet.')).toBeVisible();
  for (const name of ['CRM_TOKEN', 'OPENAI_KEY']) {
    await tabTo(page, page.getByLabel('Name', { exact: true }));
    await page.keyboard.type(name);
    await page.keyboard.press('Tab');
    await page.keyboard.type(`value of ${name}`);
    await page.keyboard.press('Enter');
    await expect(page.getByRole('table', { name: 'Secrets' })).toContainText(name);
  }
  const [cue] = await make(ask, [{ ...byHand('nightly', ['true']), command: { argv: ['true'], env: { KEY: '{{secret:OPENAI_KEY}}' } } }]);
  await ask('cue_fire', { cue_id: cue?.id });
  const row = (name: string) => page.getByRole('row').filter({ hasText: name });
  await tabTo(page, row('OPENAI_KEY'));
  await page.keyboard.press('Home');
  await expect(row('CRM_TOKEN')).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  const detail = page.getByRole('region', { name: 'OPENAI_KEY' });
  await expect(detail).toContainText('nightly');
  await expect(page.getByRole('region', { name: /^Lent/ })).toContainText('in its environment');
  await tabTo(page, page.getByRole('button', { name: 'Rename OPENAI_KEY' }));
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Rename OPENAI_KEY' });
  await dialog.getByLabel('New name').press('ControlOrMeta+a');
  await page.keyboard.type('LLM_KEY');
  await page.keyboard.press('Enter');
  await expect(row('LLM_KEY')).toContainText('nightly');
  const { cues } = await ask<{ cues: { definition: { command: { env: Record<string, string> } } }[] }>('board', { from_ms: 0, to_ms: 1 });
  expect(cues[0]?.definition.command.env).toEqual({ KEY: '{{secret:LLM_KEY}}' });

  await tabTo(page, page.getByRole('button', { name: 'New value' }));
  await page.keyboard.press('Enter');
  await expect(page.getByLabel('Value', { exact: true })).toBeFocused();
  await page.keyboard.type('another');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('region', { name: 'LLM_KEY' })).toContainText('its 2nd value');
  await tabTo(page, page.getByRole('button', { name: 'Delete LLM_KEY' }));
  await page.keyboard.press('Enter');
  await tabTo(page, page.getByRole('dialog').getByRole('button', { name: 'Delete LLM_KEY' }));
  await page.keyboard.press('Enter');
  await expect(row('LLM_KEY')).toHaveCount(0);
  await expect(row('CRM_TOKEN')).toBeFocused();
  expect(JSON.stringify(await ask('secrets'))).not.toContain('value of');
});

test('a room that was left is found as it was: how far it was scrolled, and what was chosen', async ({ window: page, ask }) => {
  for (let n = 10; n < 50; n++) await ask('secret_set', { name: `KEY_${n}`, value: 'x' });
  await page.goto('/#/secrets');
  const rows = page.getByRole('table', { name: 'Secrets' }).getByRole('row');
  await expect(rows).toHaveCount(41);
  await rows.filter({ hasText: 'KEY_45' }).click();
  const top = () => page.getByRole('region', { name: 'Kept secrets' }).locator('.scroll').evaluate((box) => box.scrollTop);
  const left = await top();
  expect(left).toBeGreaterThan(100);
  await page.goto('/#/costs');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Costs');
  await page.goto('/#/secrets');
  await expect(page.getByRole('region', { name: 'KEY_45' })).toBeVisible();
  await expect.poll(top).toBe(left);
});

test('a room that cannot be shown says why, and asks again', async ({ window: page }) => {
  const rooms = [['secrets', 'secrets', 'No secret is kept yet.'], ['costs', 'costs', 'No cost is known yet.'], ['alerts', 'alerts', 'No alert so far.'], ['gates', 'gates', 'Nothing waits for your word.']] as const;
  for (const [room, command, empty] of rooms) {
    await page.route(`**/rpc/${command}`, (route) => route.fulfill({ status: 422, contentType: 'application/json', body: JSON.stringify({ code: 'store_trouble', message: 'The disk is full.', field: null }) }));
    await page.goto('/#/board');
    await page.reload();
    await page.goto(`/#/${room}`);
    await expect(page.getByRole('alert').filter({ hasText: 'cannot be shown' })).toContainText('The disk is full.');
    await page.unroute(`**/rpc/${command}`);
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect(page.getByText(empty)).toBeVisible();
  }
});

for (const size of SIZES) {
  test(`the rooms fit and have no barrier, ${size.width}`, async ({ window: page, tower, ask }) => {
    test.setTimeout(150_000);
    await page.setViewportSize(size);
    const { broken } = await leads(page, tower, ask);
    await failing(ask, ['receipt-sort']);
    const [borrower] = await make(ask, [{ ...byHand('nightly-changelog-of-all-the-subsidiaries', ['true']), command: { argv: ['true'], env: { KEY: '{{secret:OPENAI_KEY}}' } } }]);
    await ask('secret_set', { name: 'OPENAI_KEY', value: 'x' });
    await ask('secret_set', { name: 'A_NAME_THAT_IS_AS_LONG_AS_A_NAME_OF_A_SECRET_MAY_BE_IN_THE_TOWER', value: 'x' });
    await ask('cue_fire', { cue_id: borrower?.id });
    await page.goto('/#/secrets');
    await page.getByRole('row').filter({ hasText: 'OPENAI_KEY' }).click();
    await expect(page.getByRole('region', { name: /^Lent/ })).toBeVisible();
    await look(page, 'secrets-one');
    await page.goto('/#/alerts');
    await page.getByRole('region', { name: 'Open' }).getByRole('listitem').filter({ hasText: 'receipt-sort' }).getByText('Exit code 1').click();
    await expect(page.getByRole('complementary', { name: 'Selected alert' })).toBeVisible();
    await look(page, 'alerts-one');
    await page.goto('/#/costs');
    await expect(page.getByTestId('days').locator('canvas')).toBeVisible();
    await look(page, 'costs-days');
    await page.goto(`/#/run/${broken}`);
    await expect(verdict(page, 'Confirmed')).toHaveAttribute('data-state', 'refuted');
    await look(page, 'run-steps-refuted');
    await page.getByRole('button', { name: 'Export this run' }).click();
    await expect(page.getByRole('menuitem', { name: 'Copy address' })).toBeVisible();
    await expectToFit(page, 'the menu of a run');
    await picture(page, `run-export-${size.width}`);
  });
}
