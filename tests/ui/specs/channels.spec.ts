//! When and where the owner is told: rules, quiet hours, channels with a real one that listens, the outside ear, the report of a day.
import { byHand, expect, make, test } from '../support/desk';
import { look, SIZES } from '../support/look';

/** A run that fails makes an alert. */
async function failed(ask: <T = unknown>(command: string, request?: unknown) => Promise<T>, name: string): Promise<void> {
  const [cue] = await make(ask, [byHand(name, ['sh', '-c', 'exit 3'])]);
  await ask('cue_fire', { cue_id: cue?.id });
}

test('a web hook is added, tested, told of an alert, switched off and removed', async ({ window: page, ask, agent }) => {
  const ear = await agent({ ok: true });
  await page.keyboard.press('g');
  await page.keyboard.press('l');
  const side = page.getByRole('complementary', { name: 'When and where you are told' });
  await expect(side).toContainText('Nothing but this desktop so far');
  await side.getByRole('button', { name: 'Add' }).click();
  const dialog = page.getByRole('dialog', { name: 'A way to reach me' });
  await dialog.getByRole('radio', { name: 'Webhook' }).check();
  await dialog.getByLabel('Address').fill('example.com');
  await dialog.getByRole('button', { name: 'Add it' }).click();
  await expect(dialog.getByLabel('Name')).toBeFocused();
  await expect(dialog.getByLabel('Name')).toHaveAccessibleDescription(/Give it a name/);
  await expect(dialog.getByLabel('Address')).toHaveAccessibleDescription(/begins with http/);
  await dialog.getByLabel('Name').fill('ops');
  await dialog.getByLabel('Address').fill(ear.address);
  await dialog.getByRole('button', { name: 'Add it' }).click();
  await expect(dialog).toHaveCount(0);
  const row = page.getByTestId('channel-ops');
  await expect(row).toContainText('http://127.0.0.1');
  await expect(row).not.toContainText('/run');
  await expect(row).toContainText('not tried yet');
  await row.getByRole('button', { name: 'Test ops' }).click();
  await expect(row.getByRole('status')).toContainText('Test:');
  expect(ear.requests).toHaveLength(1);
  await expect(row).toContainText(/told (just now|\d+ s ago)/);

  await failed(ask, 'receipt-sort');
  await expect.poll(() => ear.requests.length).toBe(2);
  const open = page.getByRole('region', { name: 'Open' }).getByRole('listitem');
  await expect(open).toContainText('receipt-sort');
  await expect(open).toContainText('webhook: ops (arrived)');
  // The whole alert says each way by which it was told, and whether that arrived.
  await open.getByRole('paragraph').first().click();
  await expect(page.getByTestId('told').getByRole('listitem').filter({ hasText: 'webhook: ops' })).toContainText('arrived');
  await page.getByRole('button', { name: 'When I am told' }).click();
  await expect(page.getByRole('region', { name: 'Tell me when' })).toContainText('ops');

  // Its address is kept, and shown to nobody; what is changed beside it goes through.
  await row.getByRole('button', { name: 'Edit ops' }).click();
  const edit = page.getByRole('dialog', { name: 'Change ops' });
  await expect(edit.getByLabel('Address')).toHaveValue('••••');
  await edit.getByRole('radio', { name: 'Critical only' }).check();
  await edit.getByRole('button', { name: 'Change it' }).click();
  await expect(row).toContainText('only what is critical');
  await row.getByRole('button', { name: 'Test ops' }).click();
  await expect.poll(() => ear.requests.length).toBe(3);

  await row.getByRole('button', { name: 'Edit ops' }).click();
  await edit.getByRole('button', { name: 'Remove' }).click();
  await edit.getByRole('button', { name: 'Remove ops' }).click();
  await expect(row).toHaveCount(0);
});

test('a channel whose other side is down says why', async ({ window: page, ask }) => {
  await ask('channel_set', { name: 'nobody', kind: 'webhook', on: true, min_severity: 'warning', kinds: [], escalation: false, url: 'http://127.0.0.1:1/x', routing_key: null, token: null, smtp: null });
  await page.goto('/#/alerts');
  const row = page.getByTestId('channel-nobody');
  await row.getByRole('button', { name: 'Test nobody' }).click();
  await expect(row.getByRole('status')).toContainText('Test failed:');
});

test('rules: a kind that is off is only recorded; times that are none are told', async ({ window: page, ask }) => {
  await page.goto('/#/alerts');
  const rules = page.getByRole('region', { name: 'Tell me when' });
  const bounced = rules.getByRole('switch', { name: 'A run fails for good' });
  await expect(bounced).toHaveAttribute('aria-checked', 'true');
  await bounced.click();
  await expect(bounced).toHaveAttribute('aria-checked', 'false');
  await expect.poll(async () => (await ask<{ off: string[] }>('alert_rules')).off).toContain('outcome_failed');

  const quiet = page.getByRole('region', { name: 'Quiet hours' });
  await quiet.getByLabel('Quiet from').fill('25:00');
  await quiet.getByLabel('Quiet from').press('Tab');
  await expect(quiet.getByLabel('Quiet from')).toHaveAccessibleDescription(/time of day/);
  await quiet.getByLabel('Quiet from').fill('23');
  await quiet.getByLabel('Quiet from').press('Tab');
  await expect(quiet.getByLabel('Quiet from')).toHaveValue('23:00');
  await quiet.getByRole('switch', { name: 'Quiet hours' }).click();
  await page.getByRole('switch', { name: 'Louder when nobody looks' }).click();
  await page.getByRole('switch', { name: 'Daily report' }).click();
  await expect(page.getByLabel('Report at')).toHaveValue('09:00');
  await expect.poll(async () => await ask('alert_rules')).toMatchObject({ quiet: { on: true, from: '23:00' }, escalate_minutes: 15, report_at: '09:00' });
  // They are there again after a look elsewhere.
  await page.goto('/#/board');
  await page.goto('/#/alerts');
  await expect(bounced).toHaveAttribute('aria-checked', 'false');
});

test('an alert is snoozed, several are seen with one key', async ({ window: page, ask }) => {
  for (const name of ['one', 'two']) await failed(ask, name);
  const [mute] = await make(ask, [{ ...byHand('mute', ['sleep', '600']), confirm: 'outcome', delivery: { outcome_deadline_seconds: 1 } }]);
  const { run_id } = await ask<{ run_id: string }>('cue_fire', { cue_id: mute?.id });
  await page.goto('/#/alerts');
  const open = page.getByRole('region', { name: 'Open' }).getByRole('listitem');
  await expect(open).toHaveCount(3);
  await open.filter({ hasText: 'mute' }).getByRole('button', { name: 'Snooze 1 h' }).click();
  await expect(page.getByRole('region', { name: 'Snoozed' }).getByRole('listitem')).toContainText('mute');
  await expect(page.getByRole('button', { name: '2 need you' })).toBeVisible();
  await open.first().focus();
  await page.keyboard.press('ArrowDown');
  await expect(open.nth(1)).toBeFocused();
  await page.keyboard.press('Escape');
  await page.goto('/#/alerts');
  await page.keyboard.press('s');
  await expect(page.getByRole('region', { name: 'Today, seen' }).getByRole('listitem')).toHaveCount(3);
  await expect(page.getByRole('button', { name: 'Nothing needs you' })).toBeVisible();
  await ask('run_stop', { run_id });
});

test('the report of today says what ran, and the day before is empty', async ({ window: page, ask }) => {
  const [good] = await make(ask, [byHand('nightly', ['true'])]);
  await ask('cue_fire', { cue_id: good?.id });
  await failed(ask, 'receipt-sort');
  await page.goto('/#/alerts');
  await expect(page.getByRole('region', { name: 'Open' }).getByRole('listitem')).toHaveCount(1);
  await page.getByRole('button', { name: 'Today’s report' }).click();
  const dialog = page.getByRole('dialog', { name: 'Report of the day' });
  await expect(dialog.getByRole('table', { name: 'By cue' })).toContainText('receipt-sort');
  await expect(dialog.getByRole('heading', { level: 2 })).toContainText('Today so far');
  await dialog.getByRole('button', { name: 'The day before' }).click();
  await expect(dialog).toContainText('Nothing was due.');
  await dialog.getByRole('button', { name: 'The day after' }).click();
  await expect(dialog.getByRole('heading', { level: 2 })).toContainText('Today so far');
});

test('an ear outside is set, and hears', async ({ window: page, agent }) => {
  const ear = await agent({});
  await page.goto('/#/alerts');
  await page.getByRole('button', { name: 'Set an outside ear' }).click();
  const dialog = page.getByRole('dialog', { name: 'An outside ear' });
  await dialog.getByLabel('Every so many seconds').fill('5');
  await dialog.getByLabel('Address to tell').fill(ear.address);
  await dialog.getByRole('button', { name: 'Set it' }).click();
  await expect(dialog.getByLabel('Every so many seconds')).toHaveAccessibleDescription(/from 10/);
  await dialog.getByLabel('Every so many seconds').fill('10');
  await dialog.getByRole('button', { name: 'Set it' }).click();
  await expect(dialog).toHaveCount(0);
  await expect.poll(() => ear.requests.length).toBeGreaterThan(0);
  await expect(page.getByRole('complementary', { name: 'When and where you are told' })).toContainText('Told every 10 s that the tower lives');
  await page.getByRole('button', { name: 'Change the outside ear' }).click();
  await dialog.getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByRole('button', { name: 'Set an outside ear' })).toBeVisible();
});

for (const size of SIZES) {
  test(`alerts and channels without barriers, ${size.width}`, async ({ window: page, ask }) => {
    await page.setViewportSize(size);
    const seen = (name: string) => look(page, name);
    await failed(ask, 'receipt-sort');
    await failed(ask, 'nightly-changelog-of-all-the-subsidiaries');
    await ask('channel_set', { name: 'ops', kind: 'slack', on: true, min_severity: 'critical', kinds: ['fuse_tripped'], escalation: true, url: 'https://hooks.slack.com/services/T0/B0/x', routing_key: null, token: null, smtp: null });
    await page.goto('/#/alerts');
    await expect(page.getByRole('region', { name: 'Open' }).getByRole('listitem')).toHaveCount(2);
    await expect(page.getByTestId('channel-ops')).toBeVisible();
    await seen('alerts-record');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    for (const kind of ['Slack', 'PagerDuty', 'ntfy', 'Email']) {
      await page.getByRole('dialog').getByRole('radio', { name: kind }).check();
      await page.getByRole('button', { name: 'Add it' }).click();
      await seen(`channel-${kind.toLowerCase()}`);
    }
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Today’s report' }).click();
    await expect(page.getByRole('table', { name: 'By cue' })).toBeVisible();
    await seen('report');
  });
}
