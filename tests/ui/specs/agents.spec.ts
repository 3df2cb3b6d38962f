//! Who is alive, who works, what each costs, and what is asked of its runner; by real beats at the agents' door.
import { byHand, expect, make, test } from '../support/desk';
import { look, picture, SIZES } from '../support/look';
import { door } from '../support/door';

test('without agents the screen says how one appears, with lines to copy; the first beat makes one', async ({ window: page, tower }) => {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: tower.origin });
  await page.getByRole('link', { name: 'Agents' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('No agents yet.');
  await expect(page.getByRole('tabpanel')).toContainText(`curl -fsS ${tower.ready.agents}/api/v1/heartbeat`);
  await page.getByRole('tab', { name: /^curl/ }).focus();
  await page.keyboard.press('End');
  await page.keyboard.press('ArrowUp');
  await expect(page.getByRole('tab', { name: /clevagent-runner/ })).toHaveAttribute('aria-selected', 'true');
  await page.getByRole('tabpanel').getByRole('button', { name: 'Copy', exact: true }).click();
  await expect(page.getByRole('status').filter({ hasText: 'copied' }).first()).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain(`--endpoint ${tower.ready.agents}`);

  await door(page, tower).beat('invoice-clerk', { agent_type: 'claude', iteration_count: 1, tokens_used: 900, cost_usd: 0.25, memory_mb: 152, message: 'Processed 1.' });
  const row = page.getByRole('table', { name: 'Agents' }).getByRole('row').filter({ hasText: 'invoice-clerk' });
  await expect(row).toContainText('claude');
  await expect(row).toContainText('152 MB');
  await expect(row).toContainText('$0.25');
  await expect(page.getByRole('region', { name: 'invoice-clerk' })).toContainText('nobody');
  await expect(row).toContainText('Beats in 1 of the last 60 minutes, 1 in all');
  await page.getByRole('button', { name: 'Connect an agent' }).click();
  await expect(page.getByRole('dialog', { name: 'Connect an agent' }).getByRole('tabpanel')).toContainText('/api/v1/heartbeat');
});

test('what an agent says arrives by itself: progress, cost against its budget, trouble, goodbye', async ({ window: page, tower }) => {
  const agents = door(page, tower);
  await agents.beat('market-watch', { iteration_count: 41, tokens_used: 1200, cost_usd: 0.5, message: 'Priced 41.' });
  await page.goto('/#/agents/market-watch');
  const detail = page.getByRole('region', { name: 'market-watch' });
  await expect(detail.getByRole('table', { name: 'Newest beats' })).toContainText('Priced 41.');
  await agents.beat('market-watch', { iteration_count: 42, tokens_used: 800, cost_usd: 0.75, message: 'Priced 42.' });
  await expect(detail.getByRole('table', { name: 'Newest beats' }).getByRole('row').nth(1)).toContainText('Priced 42.');
  await expect(detail.getByRole('heading', { level: 2 })).toContainText('42 iterations');
  const row = page.getByRole('table', { name: 'Agents' }).getByRole('row').filter({ hasText: 'market-watch' });
  await expect(row).toContainText('Working');
  await expect(row).toContainText('$1.25');
  await expect(detail).toContainText('2,000');

  await detail.getByLabel('Day budget').fill('a lot');
  await detail.getByRole('button', { name: 'Set' }).click();
  await expect(detail.getByLabel('Day budget')).toHaveAccessibleDescription(/An amount in dollars/);
  await detail.getByLabel('Day budget').fill('1');
  await detail.getByRole('button', { name: 'Set' }).click();
  await expect(row).toContainText('$1.25 of $1.00');
  expect(await agents.beat('market-watch', { iteration_count: 43, cost_usd: 0.1 })).toMatchObject({ warning: 'cost_exceeded' });
  await expect(detail.getByRole('table', { name: 'Newest beats' }).getByRole('row').nth(1)).toContainText('told that it spends too much');
  await detail.getByRole('button', { name: 'Remove the budget of market-watch' }).click();
  await expect(row).not.toContainText('of $1.00');
  await expect(detail.getByLabel('Day budget')).toHaveValue('');

  await agents.beat('market-watch', { status: 'error', message: 'KeyError: price' });
  await expect(row).toContainText('Error');
  await expect(detail.getByRole('table', { name: 'Newest beats' })).toContainText('error: KeyError: price');
  await agents.beat('market-watch', { status: 'shutdown' });
  await expect(row).toContainText('Stopped');
  await detail.getByRole('button', { name: 'Forget' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Forget market-watch' }).click();
  await expect(page.getByRole('heading', { name: 'No agents yet.' })).toBeVisible();
});

test('restart and stop reach the runner, and what became of them is said', async ({ window: page, tower }) => {
  const agents = door(page, tower);
  await agents.beat('loner');
  await agents.beat('scribe', { restart_type: 'systemd', restart_target: 'scribe.service' });
  const commands = () => agents.get<{ id: number; action: string; type: string; target: string }[]>('/api/v1/commands', { 'X-API-Key': tower.ready.key });

  await page.goto('/#/agents/loner');
  const loner = page.getByRole('region', { name: 'loner' });
  for (const name of ['Restart', 'Stop']) {
    await expect(loner.getByRole('button', { name })).toBeDisabled();
    await expect(loner.getByRole('button', { name })).toHaveAccessibleDescription(/No runner watches it/);
  }

  await page.goto('/#/agents/scribe');
  const detail = page.getByRole('region', { name: 'scribe' });
  const asked = detail.getByRole('table', { name: 'Asked of its runner' });
  await detail.getByRole('button', { name: 'Restart' }).click();
  await expect(asked).toContainText('waits for its runner to fetch it');
  await expect(detail.getByRole('button', { name: 'Restart' })).toBeDisabled();
  const [restart] = await commands();
  expect(restart).toMatchObject({ action: 'restart', type: 'systemd', target: 'scribe.service' });
  await expect(asked).toContainText('its runner has it');
  await agents.post(`/api/v1/commands/${restart?.id}/result`, { status: 'completed', message: 'restarted scribe.service' }, { 'X-API-Key': tower.ready.key });
  await expect(asked).toContainText('done: restarted scribe.service');
  await expect(detail.getByText('Restarts, 7 d').locator('xpath=following-sibling::dd[1]')).toHaveText('1');

  await detail.getByRole('button', { name: 'Stop' }).click();
  const sure = page.getByRole('dialog', { name: 'Stop scribe' });
  await expect(sure).toContainText('scribe.service');
  await sure.getByRole('button', { name: 'Let it run' }).click();
  expect(await commands()).toEqual([]);
  await detail.getByRole('button', { name: 'Stop' }).click();
  await sure.getByRole('button', { name: 'Stop scribe' }).click();
  await expect(asked).toContainText('waits for its runner to fetch it');
  const [stop] = await commands();
  await agents.post(`/api/v1/commands/${stop?.id}/result`, { status: 'rejected', message: 'not in the whitelist' }, { 'X-API-Key': tower.ready.key });
  await expect(asked).toContainText('its runner refused: not in the whitelist');
});

test('an agent that only a cue names is there, with its cues and their last runs', async ({ window: page, ask }) => {
  const [cue] = await make(ask, [byHand('triage-inbox', ['true'], { agent: 'support' })]);
  const { run_id } = await ask<{ run_id: string }>('cue_fire', { cue_id: cue?.id });
  await page.goto('/#/agents');
  const row = page.getByRole('table', { name: 'Agents' }).getByRole('row').filter({ hasText: 'support' });
  await expect(row).toContainText('no beats yet');
  await expect(row, 'as the board says it').toContainText('Idle');
  await expect(page.getByRole('region', { name: 'support' })).toContainText('A beat is a sign of life that an agent sends of its own accord.');
  await expect(row).toContainText('named by triage-inbox');
  const cues = page.getByRole('region', { name: 'support' }).getByRole('table', { name: 'Its cues' });
  await expect(cues).toContainText('triage-inbox');
  await expect(cues.getByRole('link', { name: 'Last run of triage-inbox' })).toHaveAttribute('href', `#/run/${run_id}`);
  await page.getByRole('button', { name: 'Show on board' }).click();
  await expect(page.getByLabel('Filter cues')).toHaveValue('support');
  await expect(page.getByTestId('lane-triage-inbox')).toBeVisible();
});

test('messages between agents: from whom, what, and whether it was read', async ({ window: page, tower }) => {
  const agents = door(page, tower);
  const sender = await agents.post<{ id: string }>('/v1/agents', { slug: 'market-watch', display_name: 'Market watch' });
  const other = await agents.post<{ id: string }>('/v1/agents', { slug: 'release-scribe', display_name: 'Release scribe' });
  const sent = await agents.post<{ id: string }>('/v1/messages', { to: other.id, subject: 'The feed is stale', body: 'Kraken has not moved for 41 min.' }, { 'X-Cueapi-From-Agent': sender.id });
  await page.goto('/#/agents/release-scribe');
  const detail = page.getByRole('region', { name: 'release-scribe' });
  const message = detail.getByRole('list', { name: 'Messages' }).getByRole('listitem');
  await expect(message).toContainText('market-watch');
  await expect(message).toContainText('The feed is stale');
  await message.getByRole('button').click();
  await expect(message).toContainText('Kraken has not moved for 41 min.');
  await expect(detail.getByText(other.id)).toBeVisible();
  await agents.post(`/v1/messages/${sent.id}/read`, {}, { 'X-Cueapi-From-Agent': other.id });
  await expect(message).toContainText('Read');
  await agents.post('/v1/messages', { to: sender.id, body: 'Thank you.' }, { 'X-Cueapi-From-Agent': other.id });
  await expect(detail.getByRole('list', { name: 'Messages' }).getByRole('listitem').first()).toContainText('to market-watch');
});

test('by keyboard: there by G A, along the agents by arrows, to one by @, back by Escape', async ({ window: page, tower }) => {
  const agents = door(page, tower);
  for (const name of ['alpha', 'beta', 'gamma']) await agents.beat(name);
  await page.keyboard.press('g');
  await page.keyboard.press('a');
  await expect(page).toHaveURL(/#\/agents$/);
  await page.getByRole('link', { name: 'alpha' }).focus();
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('link', { name: 'beta' })).toBeFocused();
  await expect(page.getByRole('region', { name: 'beta' })).toBeVisible();
  // In a window so low that not all rows fit, the chosen one is in sight.
  await page.setViewportSize({ width: 900, height: 560 });
  await page.keyboard.press('End');
  await expect(page.getByRole('link', { name: 'gamma' })).toBeInViewport();
  await expect(page.getByRole('link', { name: 'gamma' })).toHaveAttribute('aria-current', 'true');
  // New beats do not take the row, or the focus, from under the reader.
  await agents.beat('alpha', { message: 'later than the others' });
  await expect(page.getByRole('table', { name: 'Agents' }).getByRole('rowheader')).toContainText(['alpha', 'beta', 'gamma']);
  await expect(page.getByRole('link', { name: 'gamma' })).toBeFocused();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('@alp');
  await expect(page.getByRole('option', { selected: true })).toContainText('alpha');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/#\/agents\/alpha$/);
  // Enter goes on to what is said of it, Escape back to its row, and once more to the board.
  await page.getByRole('link', { name: 'alpha', exact: true }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('region', { name: 'alpha' })).toBeFocused();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('link', { name: 'alpha', exact: true })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(page).toHaveURL(/#\/board$/);
});

for (const size of SIZES) {
  test(`agents and keys without barriers, ${size.width}`, async ({ window: page, tower, ask }) => {
    await page.setViewportSize(size);
    const seen = (name: string) => look(page, name);
    await page.goto('/#/agents');
    await expect(page.getByRole('heading', { name: 'No agents yet.' })).toBeVisible();
    await seen('agents-none');
    const agents = door(page, tower);
    await make(ask, [byHand('price-watch', ['true'], { agent: 'market-watch' })]);
    await agents.beat('market-watch', { iteration_count: 1, tokens_used: 1200, cost_usd: 0.5, memory_mb: 412, message: 'Priced 1.', restart_type: 'systemd', restart_target: 'market-watch.service' });
    await agents.beat('invoice-clerk', { status: 'error', message: 'KeyError: amount' });
    await ask('agent_budget', { name: 'market-watch', account: null, day_cost_usd: 0.25 });
    await ask('agent_command', { name: 'market-watch', account: null, action: 'restart' });
    await page.goto('/#/agents/market-watch');
    await expect(page.getByRole('table', { name: 'Asked of its runner' })).toBeVisible();
    await seen('agents-detail');
    await page.getByRole('tab', { name: 'Messages' }).click();
    await seen('agents-messages');
    await page.goto('/#/settings/keys');
    await page.getByRole('button', { name: 'New key' }).click();
    await seen('settings-key-asked');
  });
}

test('the agents as a tree', async ({ window: page, tower, ask }) => {
  await page.goto('/#/agents');
  await expect(page.getByRole('heading', { name: 'No agents yet.' })).toBeVisible();
  await expect(page.getByRole('main')).toMatchAriaSnapshot({ name: 'empty.aria.yml' });
  await make(ask, [byHand('price-watch', ['true'], { agent: 'market-watch' })]);
  await door(page, tower).beat('market-watch', { agent_type: 'claude', iteration_count: 42, tokens_used: 1200, cost_usd: 0.5, memory_mb: 412, message: 'Priced 42.', restart_type: 'systemd', restart_target: 'market-watch.service' });
  await expect(page.getByRole('table', { name: 'Newest beats' })).toContainText('Priced 42.');
  await expect(page.getByRole('main')).toMatchAriaSnapshot({ name: 'agents.aria.yml' });
});

test('what is expected of an agent is said here, and its silence is seen within a second of it', async ({ window: page, tower }) => {
  const agents = door(page, tower);
  await agents.beat('price-watch', { iteration_count: 1, tokens_used: 900 });
  await page.goto('/#/agents/price-watch');
  const detail = page.getByRole('region', { name: 'price-watch' });
  const expected = detail.getByRole('form', { name: 'What is expected of price-watch' });
  await expected.getByLabel('late by at most').fill('1');
  await expected.getByLabel('A beat every').fill('0');
  await expected.getByRole('button', { name: 'Set' }).click();
  await expect(expected.getByLabel('A beat every')).toHaveAccessibleDescription(/Seconds from 1 to/);
  await expected.getByLabel('A beat every').fill('1');
  await expected.getByRole('button', { name: 'Set' }).click();
  await expect(expected.getByRole('button', { name: 'Set' })).toHaveCount(0);
  await agents.beat('price-watch', { iteration_count: 2, tokens_used: 900 });
  const row = page.getByRole('table', { name: 'Agents' }).getByRole('row').filter({ hasText: 'price-watch' });
  await expect(row).toContainText('silent for');
  await expect(detail.getByRole('heading', { level: 2 })).toContainText('Nothing heard of it for');
  await page.goto('/#/board');
  await page.goto('/#/alerts');
  const open = page.getByRole('region', { name: 'Open' }).getByRole('listitem').filter({ hasText: 'price-watch' });
  await expect(open).toContainText('price-watch');
  await open.getByRole('button', { name: 'Open' }).click();
  await expect(page).toHaveURL(/#\/agents\/price-watch$/);
  // It comes back by itself, and so it is over by itself.
  await agents.beat('price-watch', { iteration_count: 3, tokens_used: 900 });
  await page.goto('/#/alerts');
  // What is over by itself is counted, and folded away until somebody wants it.
  await expect(page.getByRole('region', { name: 'Resolved by itself' }).getByRole('listitem')).toHaveCount(0);
  await page.getByRole('button', { name: 'Resolved by itself 1' }).click();
  await expect(page.getByRole('region', { name: 'Resolved by itself' }).getByRole('listitem').filter({ hasText: 'price-watch' })).toBeVisible();
});

test('one that beats and gets nowhere is alive only', async ({ window: page, tower, ask }) => {
  const agents = door(page, tower);
  await agents.beat('stuck', { iteration_count: 7 });
  await ask('agent_watch', { name: 'stuck', account: null, interval_seconds: 30, grace_seconds: 30, progress_within_seconds: 1, alert: true });
  await page.goto('/#/agents/stuck');
  await agents.beat('stuck', { iteration_count: 7 });
  const detail = page.getByRole('region', { name: 'stuck' });
  await expect(detail.getByRole('form', { name: 'What is expected of stuck' })).toContainText('gets nowhere');
  // Another beat with the same count: it lives, and does not get on.
  await expect(async () => {
    await agents.beat('stuck', { iteration_count: 7 });
    await expect(detail.getByRole('heading', { level: 2 })).toContainText('Alive, but no progress for', { timeout: 1500 });
  }).toPass();
  await expect(page.getByRole('table', { name: 'Agents' }).getByRole('row').filter({ hasText: 'stuck' })).toContainText('Alive only');
  await expect(detail.getByRole('img', { name: /tokens/i })).toBeVisible();
  // The board says the same above its cues, before how many of them run.
  const [cue] = await make(ask, [byHand('watch-prices', ['sleep', '30'], { agent: 'stuck' })]);
  const { run_id } = await ask<{ run_id: string }>('cue_fire', { cue_id: cue?.id });
  await page.getByRole('link', { name: 'Board', exact: true }).click();
  const head = page.getByRole('button', { name: 'stuck' });
  await expect(head).toContainText('Alive only');
  await picture(page, 'board-stuck');
  await ask('agent_watch', { name: 'stuck', account: null, interval_seconds: 30, grace_seconds: 30, progress_within_seconds: 3600, alert: true });
  await agents.beat('stuck', { iteration_count: 8 });
  await expect(head, 'it got on').toContainText('1 running', { timeout: 30_000 });
  await ask('run_stop', { run_id });
});
