//! What is watched while a run works: beats, fuses and circles in the editor, fuses of all in Settings, and what is seen when one trips.
import { byHand, expect, make, test, verdict } from '../support/desk';
import { look, SIZES } from '../support/look';
import { door } from '../support/door';
import { stepsOf } from '../support/steps';

const field = (name: string) => ({ name, exact: true });

test('beats, fuses and circles are written as sentences, read back, and kept', async ({ window: page, ask }) => {
  await page.goto('/#/cue/new?from=hand');
  await page.getByLabel('Cue', { exact: true }).fill('price-watch');
  await page.getByRole('radio', field('Outcome')).check();
  await page.getByText('When it ends', { exact: true }).first().click();
  await page.getByRole('radio', field('Always start it again')).check();
  await page.getByRole('textbox', field('Beats every')).fill('60');
  await page.getByRole('textbox', field('Late by at most')).fill('30');
  await page.getByRole('textbox', field('Progress within')).fill('10');
  await page.getByLabel('Start it again when its beats stop').check();
  await page.getByLabel('Cost of a run').fill('$0.60');
  await page.getByLabel('Tokens of a run').fill('500k');
  await page.getByLabel('Cost of a day').fill('2');
  await page.getByRole('radio', field('Stop the run')).check();
  const back = page.getByRole('complementary', { name: 'Read back' });
  await expect(back).toContainText('If it says nothing for 1 min 30 s, you hear of it, and it is started again.');
  await expect(back).toContainText('If it beats and gets nowhere for 10 min, you hear of that too.');
  await expect(back).toContainText('Stops each start at $0.60 or 500,000 tokens. Its day ends at $2.00: what runs is stopped, what is due later is skipped. By default it also stops at 250k steps. If it goes in circles, it is stopped.');
  await page.getByRole('button', { name: 'Save and arm' }).click();
  await expect(page).toHaveURL(/#\/board$/);
  const { cues } = await ask<{ cues: { id: string; definition: Record<string, unknown> }[] }>('board', { from_ms: 0, to_ms: 1 });
  expect(cues[0]?.definition).toMatchObject({
    heartbeat: { interval_seconds: 60, grace_seconds: 30, progress_within_seconds: 600, restart: true }, budget: { run: { cost_usd: 0.6, tokens: 500_000 }, day: { cost_usd: 2 } }, loops: 'stop'
  });

  // It is there again when the cue is opened, and goes away field by field.
  await page.goto(`/#/cue/${cues[0]?.id}`);
  await expect(page.getByRole('textbox', field('Beats every'))).toHaveValue('1');
  await expect(page.getByLabel('Unit of Beats every')).toHaveValue('minutes');
  await expect(page.getByLabel('Tokens of a run')).toHaveValue('500000');
  await expect(page.getByRole('radio', field('Stop the run'))).toBeChecked();
  for (const name of ['Beats every', 'Late by at most', 'First beat within', 'Progress within']) await page.getByRole('textbox', field(name)).fill('');
  await page.getByRole('button', { name: 'Save and arm' }).click();
  await expect(page).toHaveURL(/#\/board$/);
  expect((await ask<{ definition: Record<string, unknown> }>('cue_get', { cue_id: cues[0]?.id })).definition['heartbeat'] ?? null).toBeNull();
});

test('what is wrong with them stands at its field, of the form and of the host', async ({ window: page }) => {
  await page.goto('/#/cue/new?from=hand');
  await page.getByRole('radio', field('Outcome')).check();
  await page.getByRole('textbox', field('Late by at most')).fill('30');
  await page.getByLabel('Cost of a run').fill('0');
  await page.getByRole('button', { name: 'Save and arm' }).click();
  await expect(page.locator('[aria-invalid=true]').first()).toBeFocused();
  await expect(page.getByRole('textbox', field('Beats every'))).toHaveAccessibleDescription(/How often does it beat/);
  await expect(page.getByLabel('Cost of a run')).toHaveAccessibleDescription(/An amount in dollars/);
  await page.getByRole('textbox', field('Beats every')).fill('60');
  await page.getByLabel('Cost of a run').fill('');
  // With the start alone as proof a run is over at once: only the host knows that beats then never count.
  await page.getByRole('radio', field('Delivery')).check();
  await page.getByRole('button', { name: 'Save and arm' }).click();
  await expect(page.getByText(/so .*heartbeat.* would never count/)).toBeVisible();
});

test('the fuses of all are seen in the strip and set in Settings', async ({ window: page, tower, ask }) => {
  await door(page, tower).beat('market-watch', { cost_usd: 1.22, tokens_used: 1200 });
  await expect(page.getByTestId('strip-spent')).toContainText('$1.22 of $100');
  await page.goto('/#/settings/fuses');
  const form = page.getByRole('form', { name: 'Fuses' });
  await expect(form.getByLabel('One run: dollars')).toHaveValue('25.00');
  await form.getByLabel('All together, a day: dollars').fill('none');
  await form.getByRole('button', { name: 'Set the fuses' }).click();
  await expect(form.getByLabel('All together, a day: dollars')).toHaveAccessibleDescription(/An amount in dollars/);
  await form.getByLabel('All together, a day: dollars').fill('12');
  await form.getByLabel('One run: tokens').fill('5M');
  await form.getByRole('button', { name: 'Set the fuses' }).click();
  await expect(form.getByRole('button', { name: 'Set the fuses' })).toHaveCount(0);
  await expect(page.getByTestId('strip-spent')).toContainText('$1.22 of $12');
  expect(await ask('fuses')).toMatchObject({ run: { cost_usd: 25, tokens: 5_000_000 }, fleet_day: { cost_usd: 12 } });
});

test('a run that spends more than it may is stopped, and says so wherever one looks', async ({ window: page, tower, ask }) => {
  const [cue] = await make(ask, [byHand('reconcile', ['sleep', '600'], { agent: 'clerk', confirm: 'outcome', budget: { run: { cost_usd: 2 } } })]);
  const { run_id } = await ask<{ run_id: string }>('cue_fire', { cue_id: cue?.id });
  await expect.poll(async () => (await ask<{ mark: { delivered: string } }>('run_get', { run_id })).mark.delivered).toBe('delivered');
  await door(page, tower).post('/v1/heartbeats', { execution_id: run_id, cost_usd: 2.5 });
  const strip = page.getByTestId('needs-you').getByRole('listitem');
  await expect(strip).toContainText('Fuse');
  await expect(strip).toContainText('reconcile');
  await page.goto(`/#/run/${run_id}`);
  await expect(verdict(page, 'Confirmed')).toHaveAttribute('data-state', 'stopped');
  await page.goto('/#/alerts');
  await page.getByRole('region', { name: 'Open' }).getByRole('button', { name: 'Raise the fuse' }).click();
  await expect(page).toHaveURL(new RegExp(`#/cue/${cue?.id}$`));
  await expect(page.getByLabel('Cost of a run')).toHaveValue('2');
});

test('a run that goes in circles says so on its own page while it goes on', async ({ window: page, tower, ask, agent }) => {
  const [cue] = await make(ask, [{ name: 'support-replies', agent: 'support', transport: 'webhook', callback: { url: (await agent({ accepted: true })).address }, schedule: { type: 'manual', timezone: 'UTC' } }]);
  const { run_id } = await ask<{ run_id: string }>('cue_fire', { cue_id: cue?.id });
  await expect.poll(async () => (await ask<{ mark: { delivered: string } }>('run_get', { run_id })).mark.delivered).toBe('delivered');
  await page.goto(`/#/run/${run_id}`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Running.');
  await expect(page.getByTestId('run-odd')).toHaveCount(0);
  const steps = stepsOf(page, tower, run_id);
  for (const key of ['a', 'b', 'c']) await steps.done(key, { name: 'search_orders', kind: 'tool', input: { order: 8122 } }, { output: { found: 0 } });
  await expect(page.getByTestId('run-odd')).toContainText('Repeats itself.');
  await steps.outcome({ success: true });
  await expect(page.getByTestId('run-odd')).toHaveCount(0);
});

for (const size of SIZES) {
  test(`beats and fuses without barriers, ${size.width}`, async ({ window: page }) => {
    await page.setViewportSize(size);
    await page.goto('/#/cue/new?from=hand');
    await page.getByLabel('Cost of a run').fill('0');
    await page.getByRole('button', { name: 'Save and arm' }).click();
    await look(page, 'editor-fuses');
    await page.goto('/#/settings/fuses');
    await page.getByLabel('One run: dollars').fill('x');
    await page.getByRole('button', { name: 'Set the fuses' }).click();
    await look(page, 'settings-fuses');
  });
}

test('a program that runs elsewhere is watched by its beats alone, from a template', async ({ window: page, ask }) => {
  await page.goto('/#/cue/new?from=beats');
  await expect(page.getByRole('complementary', { name: 'Read back' })).toContainText('Its beats are expected always: if it says nothing for 1 min 30 s, you hear of it. If it beats and gets nowhere for 10 min, you hear of that too.');
  await page.getByRole('button', { name: 'Save and arm' }).click();
  await expect(page).toHaveURL(/#\/board$/);
  const { cues } = await ask<{ cues: { definition: Record<string, unknown> }[] }>('board', { from_ms: 0, to_ms: 1 });
  expect(cues[0]?.definition).toMatchObject({ transport: 'watch', heartbeat: { interval_seconds: 60, grace_seconds: 30, start_grace_seconds: 120, progress_within_seconds: 600 } });
});

test('what is usual of a cue is drawn once ten runs have told it, and not before', async ({ window: page, ask }) => {
  const [cue] = await make(ask, [byHand('nightly', ['sh', '-c', 'sleep 0.05'], { overlap: 'allow' })]);
  const fire = async () => (await ask<{ run_id: string }>('cue_fire', { cue_id: cue?.id })).run_id;
  const runs = async () => (await ask<{ runs: number }>('cue_envelope', { cue_id: cue?.id })).runs;
  const first = await fire();
  await expect.poll(runs).toBe(1);
  await page.goto(`/#/run/${first}`);
  await page.getByRole('tab', { name: 'Usual range' }).click();
  await expect(page.getByRole('tabpanel')).toContainText('known once 10 runs have ended well; 1 has so far');
  let last = first;
  for (let n = 0; n < 11; n++) last = await fire();
  await expect.poll(runs).toBe(12);
  // It grows while one looks.
  await expect(page.getByTestId('usual')).toContainText('Working time');
  await page.goto(`/#/run/${last}`);
  await page.getByRole('tab', { name: 'Usual range' }).click();
  await expect(page.getByRole('img', { name: /^Working time of the last 12 runs: usually .* at the median/ })).toBeVisible();
  await page.getByRole('tab', { name: 'Compare with last good' }).click();
  const compared = page.getByRole('table', { name: 'Compared with the last good run' });
  await expect(compared.getByRole('columnheader', { name: 'Usual range' })).toBeVisible();
  await expect(compared.getByRole('row').filter({ hasText: 'Working time' }).getByRole('cell').last()).toContainText(/\d+ ms/);
});
