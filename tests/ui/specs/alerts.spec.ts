//! What needs the owner: it is seen everywhere at once, leads to the run, and is over when it is acknowledged.
import { byHand, expect, make, test, verdict } from '../support/desk';

test('an agent that accepts and never reports is silent, and the tower says so', async ({ window: page, agent }) => {
  const mute = await agent({ accepted: true });
  await page.goto('/#/cue/new');
  await page.getByLabel('Cue', { exact: true }).fill('price-watch');
  await page.getByRole('radio', { name: 'Webhook' }).check();
  await page.getByLabel('Address').fill(mute.address);
  await page.getByRole('radio', { name: 'Manual' }).check();
  await page.getByRole('radio', { name: 'Outcome' }).check();
  await page.getByLabel('Outcome due within (s)').fill('1');
  await page.getByRole('button', { name: 'Save and arm' }).click();
  await page.getByRole('button', { name: 'Fire now' }).click();

  const bay = page.getByTestId('needs-you');
  await expect(bay.getByRole('listitem')).toHaveCount(1);
  await expect(bay).toContainText('Silent');
  await expect(bay).toContainText('price-watch');
  expect(mute.requests).toHaveLength(1);
  await expect(page.getByRole('button', { name: '1 needs you' })).toBeVisible();
  await expect(page).toHaveTitle('(1) Board · Cuetower');

  await page.getByRole('link', { name: 'Alerts' }).click();
  await expect(page.getByRole('region', { name: 'Open' }).getByRole('listitem')).toContainText('price-watch');
  await page.getByRole('region', { name: 'Open' }).getByRole('button', { name: 'Open' }).click();
  await expect(verdict(page, 'Delivered')).toHaveAttribute('data-state', 'delivered');
  await expect(verdict(page, 'Confirmed')).toHaveAttribute('data-state', 'silent');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^Delivered, then nothing: no outcome within /);

  await page.getByRole('link', { name: 'Alerts' }).click();
  await page.getByRole('button', { name: 'Acknowledge' }).click();
  await expect(page.getByRole('region', { name: 'Today, seen' }).getByRole('listitem')).toContainText('price-watch');
  await expect(page.getByRole('button', { name: 'Nothing needs you' })).toBeVisible();
  await page.getByRole('link', { name: 'Board', exact: true }).click();
  await expect(bay).toContainText('Nothing needs you.');
});

test('an agent that is not there gave no answer', async ({ window: page, ask }) => {
  const [cue] = await make(ask, [{ name: 'nobody-home', transport: 'webhook', callback: { url: 'http://127.0.0.1:1/run' }, schedule: { type: 'manual', timezone: 'UTC' }, retry: { max_attempts: 1 } }]);
  const { run_id } = await ask<{ run_id: string }>('cue_fire', { cue_id: cue?.id });
  await expect(page.getByTestId('needs-you').getByRole('listitem')).toContainText(/for \d+ s/);
  await page.goto(`/#/run/${run_id}`);
  await expect(verdict(page, 'Delivered')).toHaveAttribute('data-state', 'bounced');
  await expect(page.getByRole('tabpanel')).toContainText('There was no answer.');
});

test('a success that the report itself disproves is refuted', async ({ window: page, ask, agent }) => {
  const liar = await agent({ success: true, processed: 3, summary: 'Scored 200 leads.' });
  const [cue] = await make(ask, [{ name: 'score-leads', transport: 'webhook', callback: { url: liar.address }, schedule: { type: 'manual', timezone: 'UTC' }, expect: { min_processed: 150 } }]);
  const { run_id } = await ask<{ run_id: string }>('cue_fire', { cue_id: cue?.id });
  await page.goto(`/#/run/${run_id}`);
  await expect(verdict(page, 'Confirmed')).toHaveAttribute('data-state', 'refuted');
  const side = page.getByRole('complementary');
  await expect(side).toContainText('At least 150 processed');
  await expect(side).toContainText('reported 3');
  await page.getByRole('link', { name: 'Board', exact: true }).first().click();
  await expect(page.getByTestId('needs-you').getByRole('listitem')).toContainText('Refuted');
});

test('a failure shows what the program said, and may be run again', async ({ window: page, ask }) => {
  const [cue] = await make(ask, [byHand('receipt-sort', ['sh', '-c', 'echo sorting; echo "KeyError: amount" >&2; exit 3'])]);
  const { run_id } = await ask<{ run_id: string }>('cue_fire', { cue_id: cue?.id });
  const strip = page.getByTestId('needs-you').getByRole('listitem');
  await expect(strip).toContainText('Failed');
  await strip.getByRole('link', { name: 'Open' }).click();
  await expect(page).toHaveURL(new RegExp(`#/run/${run_id}$`));
  await expect(page.getByRole('tabpanel')).toContainText('KeyError: amount');
  await expect(page.getByRole('table', { name: 'Attempts' })).toContainText('exit code 3');
  await page.getByRole('button', { name: 'Run again' }).click();
  await expect(page).not.toHaveURL(new RegExp(`#/run/${run_id}$`));
  await expect(verdict(page, 'Confirmed')).toHaveAttribute('data-state', 'failed');
  await page.getByRole('button', { name: 'Previous run' }).click();
  await expect(page).toHaveURL(new RegExp(`#/run/${run_id}$`));
});

test('a run is stopped by its owner', async ({ window: page, ask }) => {
  const [cue] = await make(ask, [byHand('long', ['sleep', '600'])]);
  const { run_id } = await ask<{ run_id: string }>('cue_fire', { cue_id: cue?.id });
  await page.goto(`/#/run/${run_id}`);
  await expect(verdict(page, 'Confirmed')).toHaveAttribute('data-state', 'working');
  await page.getByRole('button', { name: 'Stop this run' }).click();
  await expect(verdict(page, 'Confirmed')).toHaveAttribute('data-state', 'stopped');
});

test('a run that failed, and was one of several in a row, is one trouble', async ({ window: page, ask }) => {
  const [cue] = await make(ask, [byHand('nightly', ['false'], { alerts: { consecutive_failures: 2 } })]);
  const open = async () => (await ask<{ alerts: { state: string }[] }>('alerts', { limit: 20 })).alerts.filter((alert) => alert.state === 'open').length;
  for (const told of [1, 2]) {
    await ask('cue_fire', { cue_id: cue?.id });
    await expect.poll(open).toBe(told);
  }
  const bay = page.getByTestId('needs-you');
  await expect(bay.getByRole('listitem')).toHaveCount(1);
  await expect(bay.getByRole('listitem')).toContainText('Also: failing.');
  await expect(page.getByRole('button', { name: '1 needs you' })).toBeVisible();
  await expect(page).toHaveTitle('(1) Board · Cuetower');
  await bay.getByRole('button', { name: 'Acknowledge' }).click();
  await expect(bay).toContainText('Nothing needs you.');
  expect(await open(), 'both were seen').toBe(0);
});
