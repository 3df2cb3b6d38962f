//! What was spent: real runs tell it at the agents' door, the window sums it; and the owner's prices.
import { expect, make, test } from '../support/desk';
import { look, SIZES } from '../support/look';
import { door, type Door } from '../support/door';

/** A cue whose runs workers claim. */
const forWorkers = (name: string, agent: string) => ({ name, agent, transport: 'worker', schedule: { type: 'manual', timezone: 'UTC' }, overlap: 'allow', retry: { max_attempts: 1 } });

/** A run that a worker has; what it tells goes with its own token. */
async function claimed(agents: Door, cueId: string) {
  const { id } = await agents.post<{ id: string }>(`/v1/cues/${cueId}/fire`, {});
  const { run_token } = await agents.post<{ run_token: string }>(`/v1/executions/${id}/claim`, { worker_id: 'ada' });
  const as = { Authorization: `Bearer ${run_token}` };
  return {
    id,
    async call(key: string, model: string, tokens: unknown, more: Record<string, unknown> = {}) {
      await agents.put(`/v1/executions/${id}/steps/${key}`, { kind: 'llm', model }, as);
      await agents.post(`/v1/executions/${id}/steps/${key}/complete`, { tokens, ...more }, as);
    },
    outcome: (body: unknown) => agents.post(`/v1/executions/${id}/outcome`, body, as)
  };
}

test('what runs tell is summed by agent, cue and model; what nobody said is said, and is no zero', async ({ window: page, tower, ask }) => {
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Costs' }).click();
  await expect(page.getByText('No cost is known yet.')).toBeVisible();
  await expect(page.getByTestId('strip-spent')).toContainText('–');

  const agents = door(page, tower);
  const [leads, quiet] = await make(ask, [forWorkers('leads', 'lead-scout'), forWorkers('quiet', 'mole')]);
  const good = await claimed(agents, leads!.id);
  await good.call('ask', 'gpt-4o-2024-08-06', { input: 1_000_000, output: 0 });
  await good.call('odd', 'moon-1', { input: 12_000, output: 900 });
  await good.outcome({ success: true, cost_usd: 3.25 });
  await (await claimed(agents, quiet!.id)).outcome({ success: true });

  // It arrives by itself, on the screen and in the strip.
  const total = page.getByTestId('total-Today');
  await expect(total).toContainText('$3.25');
  await expect(total).toContainText('1M tokens');
  await expect(page.getByTestId('strip-spent')).toContainText('$3.25');
  const cue = page.getByTestId('cue-cost-leads');
  await expect(cue.getByRole('cell')).toHaveText(['leads', '$3.25', '$3.25', 'after 10 runs', '–', 'none yet', '$3.25', '1', '0', '7 % of $50']);
  await expect(page.getByTestId('cue-cost-quiet')).toHaveCount(0);
  await page.getByRole('button', { name: '1 cue ran and told nothing' }).click();
  await expect(page.getByTestId('cue-cost-quiet').getByRole('cell')).toHaveText(['quiet', '–', '–', '–', '–', 'none yet', '–', '1', '1', '0 % of $50']);
  await expect(page.getByTestId('unproven')).toContainText('1 claimed run, most in leads.');
  await expect(page.getByTestId('untold')).toHaveText('1 of 2 runs told nothing of what it used. That is not known, and not 0.');
  await expect(page.getByTestId('not-priced')).toContainText('1 call is not priced: moon-1.');
  await expect(page.getByTestId('agent-cost-lead-scout')).toContainText('$3.25');
  await expect(page.getByRole('complementary', { name: 'What is not known' })).toContainText('its outcome says $3.25, its steps say $2.50');

  // What has no price gets one here; what was told before stays as it was.
  const moon = page.getByTestId('model-cost-moon-1');
  await expect(moon).toContainText('not priced');
  await moon.getByRole('button', { name: 'Set a price for moon-1' }).click();
  const dialog = page.getByRole('dialog', { name: 'Price of moon-1' });
  await dialog.getByLabel('Input', { exact: true }).fill('much');
  await dialog.getByRole('button', { name: 'Set the price' }).click();
  await expect(dialog.getByLabel('Input', { exact: true })).toHaveAccessibleDescription(/An amount in dollars/);
  await dialog.getByLabel('Input', { exact: true }).fill('1');
  await dialog.getByLabel('Output').fill('10');
  await dialog.getByRole('button', { name: 'Set the price' }).click();
  await expect(dialog).toHaveCount(0);
  await expect(moon.getByRole('button')).toHaveCount(0);
  await expect(page.getByTestId('not-priced')).toContainText('1 call is not priced');
  const next = await claimed(agents, leads!.id);
  await next.call('ask', 'moon-1', { input: 1_000_000, output: 100_000 });
  await next.outcome({ success: true });
  await expect(moon).toContainText('$2.00');
  await expect(total).toContainText('$5.25');

  for (const range of ['Today', '7 days', '30 days']) {
    await page.getByRole('button', { name: range, exact: true }).click();
    await expect(cue.getByRole('cell').nth(1)).toHaveText('$5.25');
    await expect(page.getByRole('columnheader', { name: range, exact: true }).first()).toBeVisible();
  }
});

test('the owner’s price stands above the program’s until it is taken away', async ({ window: page, ask }) => {
  await page.keyboard.press('g');
  await page.keyboard.press('c');
  await page.getByRole('link', { name: 'Prices of models' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Prices of models');
  await page.getByRole('searchbox', { name: 'Find a model' }).fill('gpt-4o-2024-08-06');
  const row = page.getByTestId('price-gpt-4o');
  await expect(row.getByRole('cell').nth(2)).toHaveText('$2.50');
  await row.getByRole('button', { name: 'Change the price of gpt-4o' }).click();
  const dialog = page.getByRole('dialog', { name: 'Price of gpt-4o' });
  await expect(dialog.getByLabel('Cached input')).toHaveValue('1.25');
  await dialog.getByLabel('Output').fill('7,5');
  await dialog.getByRole('button', { name: 'Set the price' }).click();
  // The owner's price has none of the other names; it stands for them all the same.
  await expect(row).toContainText('you, instead of $2.50 and $10.00');
  await expect(row.getByRole('cell').nth(4)).toHaveText('$7.50');
  const table = await ask<{ prices: { model: string; own: boolean; output_usd: number }[] }>('prices');
  expect(table.prices.filter((price) => price.own)).toMatchObject([{ model: 'gpt-4o', output_usd: 7.5 }]);

  await page.getByRole('searchbox', { name: 'Find a model' }).fill('');
  await page.getByRole('button', { name: 'Your own, 1' }).click();
  // Two of them are the head: the unit of the prices, and their names.
  await expect(page.getByRole('table').getByRole('row')).toHaveCount(3);
  await row.getByRole('button', { name: 'Remove your price of gpt-4o' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'the program' }).first()).toBeVisible();

  await page.getByRole('button', { name: 'New price' }).click();
  const fresh = page.getByRole('dialog', { name: 'New price' });
  for (const [label, text] of [['Model', 'g*t'], ['Input', '1'], ['Output', '2']] as const) await fresh.getByLabel(label, { exact: true }).fill(text);
  await fresh.getByRole('button', { name: 'Set the price' }).click();
  await expect(fresh.getByLabel('Model')).toHaveAccessibleDescription(/stands at the end/);
  await page.keyboard.press('Escape');
});

test('both screens fit and have no barrier, in both themes and sizes', async ({ window: page, tower, ask }) => {
  const agents = door(page, tower);
  const names = ['score-new-leads', 'pipeline-report', 'reconcile-invoices-of-all-the-subsidiaries', 'triage-inbox'];
  const cues = await make(ask, names.map((name, i) => forWorkers(name, ['lead-scout', 'release-scribe', 'invoice-clerk', 'lead-scout'][i] ?? '')));
  for (const [i, cue] of cues.entries()) {
    const run = await claimed(agents, cue.id);
    await run.call('ask', ['gpt-4o-2024-08-06', 'us.anthropic.claude-sonnet-4-5-20250929-v1:0', 'house-model', 'gemini-2.5-flash'][i] ?? '', { input: 400_000 * (i + 1), output: 20_000, cached_input: 90_000 });
    await run.outcome(i === 1 ? { success: false, error: 'no' } : { success: true, ...(i === 2 ? { cost_usd: 0.4 } : {}) });
  }
  await agents.beat('market-watch', { tokens_used: 120_000, cost_usd: 1.22 });
  for (const size of SIZES) {
    await page.setViewportSize(size);
    for (const [screen, hash] of [['costs', '/#/costs'], ['prices', '/#/costs/prices']] as const) {
      await page.goto(hash);
      await expect(page.getByRole('table').first()).toBeVisible();
      await look(page, screen);
    }
  }
});
