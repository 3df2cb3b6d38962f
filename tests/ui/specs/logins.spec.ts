//! Who may come in by the agents' door: programs that ask to sign in, keys, accounts; by real requests.
import { byHand, expect, make, test } from '../support/desk';
import { expectNoBarrier } from '../support/look';
import { door } from '../support/door';
import { Tower } from '../support/tower';
import type { Page } from '@playwright/test';

/** A program asks to sign in, as `cueapi login` does. */
async function ask_to_sign_in(page: Page, tower: Tower, code: string, email = 'me@example.com'): Promise<() => Promise<{ status: string; api_key?: string; email?: string }>> {
  const post = async (path: string, data: unknown) => {
    const answer = await page.request.post(`${tower.ready.agents}/v1/auth/${path}`, { data, headers: { 'User-Agent': 'cueapi-cli/0.2.0' } });
    expect(answer.ok(), `${path}: ${await answer.text()}`).toBe(true);
    return await answer.json();
  };
  await post('device-code', { device_code: code });
  await post('device-code/submit-email', { device_code: code, email });
  return () => post('device-code/poll', { device_code: code });
}

test('a program asks to sign in: the window says so wherever it is, and a yes gives it a key', async ({ window: page, tower, ask }) => {
  await make(ask, [byHand('say-hello', ['true'])]);
  await page.getByRole('link', { name: 'Alerts' }).click();
  const poll = await ask_to_sign_in(page, tower, 'ABCD-1234');
  const band = page.getByTestId('login-band');
  await expect(band).toContainText('cueapi-cli/0.2.0');
  await expect(band).toContainText('ABCD-1234');
  await expect(band).toContainText(/expires in 1\d:\d\d/);
  await expectNoBarrier(page, 'a sign-in on another screen');
  await expect(page).toHaveTitle('(1) Alerts · Cuetower');
  await page.getByRole('button', { name: '1 needs you' }).click();
  const strip = page.getByTestId('needs-you').getByRole('listitem');
  await expect(strip).toContainText('Sign-in');
  await expect(strip).toContainText('Approve it if it shows the code ABCD-1234.');
  await expect(band).toHaveCount(0);
  await expectNoBarrier(page, 'a sign-in in the bay');
  await strip.getByRole('link', { name: 'Show' }).click();
  const asks = page.getByRole('list', { name: 'Programs that ask to sign in' });
  await expect(asks).toContainText('It may then make, change and fire cues');
  expect((await poll()).status).not.toBe('approved');
  await asks.getByRole('button', { name: 'Approve ABCD-1234' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'may sign in now: make, change and fire cues; claim work, report outcomes' }).first()).toBeVisible();
  await expect(page.getByRole('button', { name: 'Nothing needs you' })).toBeVisible();

  const approved = await poll();
  expect(approved).toMatchObject({ status: 'approved', email: 'me@example.com' });
  expect(await door(page, tower, approved.api_key).get('/v1/cues')).toMatchObject({ total: 1 });
  expect((await poll()).status).toBe('claimed');
  const row = page.getByRole('table', { name: 'Keys and accounts' }).getByRole('row').filter({ hasText: 'me@example.com' });
  await expect(row).toContainText('report');
  await expect(row).toContainText(approved.api_key?.slice(0, 10) ?? 'a key');
});

test('a no gives no key; by the palette it is answered from anywhere', async ({ window: page, tower }) => {
  const denied = await ask_to_sign_in(page, tower, 'DENY-0001');
  // A board without cues has no bay: there the window says it above.
  const band = page.getByTestId('login-band').filter({ hasText: 'DENY-0001' });
  await band.getByRole('button', { name: 'Deny DENY-0001' }).click();
  await expect(band).toHaveCount(0);
  const answer = await denied();
  expect(answer.status).not.toBe('approved');
  expect(answer.api_key).toBeUndefined();

  const approved = await ask_to_sign_in(page, tower, 'PALE-0002');
  await expect(page.getByRole('button', { name: '1 needs you' })).toBeVisible();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('approve');
  await expect(page.getByRole('option', { selected: true })).toContainText('Approve the sign-in PALE-0002 of cueapi-cli/0.2.0');
  await page.keyboard.press('Enter');
  await expect.poll(async () => (await approved()).status).toBe('approved');
});

test('programs on this machine may be let in without a click', async ({ window: page, tower }) => {
  await page.goto('/#/settings/keys');
  const allow = page.getByRole('switch', { name: 'Let programs on this machine sign in without asking' });
  await expect(allow).toHaveAttribute('aria-checked', 'false');
  await allow.click();
  await expect(allow).toHaveAttribute('aria-checked', 'true');
  const poll = await ask_to_sign_in(page, tower, 'FREE-0001');
  await expect.poll(async () => (await poll()).status).toBe('approved');
  await allow.click();
  await expect(allow).toHaveAttribute('aria-checked', 'false');
  const asks = await ask_to_sign_in(page, tower, 'FREE-0002');
  await expect(page.getByRole('list', { name: 'Programs that ask to sign in' })).toContainText('FREE-0002');
  expect((await asks()).status).not.toBe('approved');
});

test('a key is made, shown once, and taken back alone', async ({ window: page, tower }) => {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: tower.origin });
  await page.keyboard.press('Control+k');
  await page.keyboard.type('keys and');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/#\/settings\/keys$/);
  await page.getByRole('button', { name: 'New key' }).click();
  const form = page.getByRole('form', { name: 'New key' });
  await form.getByRole('button', { name: 'Make the key' }).click();
  await expect(form.getByLabel('Name')).toHaveAccessibleDescription(/Give it a name/);
  await form.getByLabel('Name').fill('mac-mini worker');
  await form.getByLabel('make, change and fire cues').uncheck();
  await form.getByRole('button', { name: 'Make the key' }).click();
  const key = await page.getByTestId('new-key').innerText();
  expect(key).toMatch(/^cue_sk_[0-9a-f]{32}$/);
  await page.getByRole('button', { name: 'Copy', exact: true }).click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(key);
  await page.getByRole('button', { name: 'I have it' }).click();
  await expect(page.locator('body')).not.toContainText(key);
  const row = page.getByRole('table', { name: 'Keys and accounts' }).getByRole('row').filter({ hasText: 'mac-mini worker' });
  await expect(row).toContainText('report');
  await expect(row).not.toContainText('cues');
  await expect(page.getByRole('button', { name: 'Remove the key owner' })).toHaveCount(0);
  await door(page, tower, key).post('/v1/worker/heartbeat', { worker_id: 'mac-mini' });

  await page.getByRole('button', { name: 'Remove the key mac-mini worker' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove mac-mini worker' }).click();
  await expect(row).toHaveCount(0);
  const refused = await page.request.post(`${tower.ready.agents}/v1/worker/heartbeat`, { data: { worker_id: 'mac-mini' }, headers: { Authorization: `Bearer ${key}` } });
  expect(refused.status()).toBe(401);
});

test('accounts that registered are counted, and their cues bear their name', async ({ browser }) => {
  const tower = await Tower.start(['--open-registration']);
  const context = await browser.newContext({ baseURL: tower.origin });
  const page = await context.newPage();
  try {
    await page.goto(tower.ready.desk);
    await expect(page.getByTestId('strip-tower')).toContainText('Armed');
    const { api_key } = await door(page, tower).post<{ api_key: string }>('/v1/auth/register', { email: 'bob@example.com' });
    const bob = door(page, tower, api_key);
    await bob.post('/v1/cues', { name: 'bobs-digest', schedule: { type: 'recurring', cron: '0 9 * * *', timezone: 'UTC' }, callback: { url: 'https://example.com/hook' } });
    await bob.beat('bobs-agent');
    await expect(page.getByTestId('lane-bobs-digest')).toContainText('bob@example.com');
    await page.goto(`${tower.origin}/#/settings/keys`);
    await expect(page.getByRole('region', { name: 'Accounts that registered' })).toContainText(/bob@example\.com.*1 cue/);
    await page.goto(`${tower.origin}/#/agents`);
    await expect(page.getByRole('table', { name: 'Agents' }).getByRole('row').filter({ hasText: 'bobs-agent' })).toContainText('bob@example.com');
  } finally {
    await context.close();
    await tower.stop();
  }
});

test('Settings say how CueAPI and ClevAgent are connected', async ({ window: page, tower }) => {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: tower.origin });
  await page.goto('/#/settings/keys');
  const lines = page.getByRole('region', { name: 'Connect CueAPI or ClevAgent' });
  await expect(lines).toContainText('cuetowerctl connect cueapi');
  await lines.getByRole('button', { name: 'Copy the line for ClevAgent' }).click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe('cuetowerctl connect clevagent');
});
