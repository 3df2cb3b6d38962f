//! A run step by step: what its agent told, what it used, what the tower found, what is different from the last good run, and going on where it broke.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, make, test, verdict } from '../support/desk';
import { expectNoBarrier, look, picture, SIZES } from '../support/look';
import { door } from '../support/door';
import { stepsOf, type Steps } from '../support/steps';
import type { Tower } from '../support/tower';

type Ask = <T = unknown>(command: string, request?: unknown) => Promise<T>;

/** A row of the waterfall by its step's name. */
function row(page: Page, name: string | RegExp) {
  return page.getByRole('treegrid', { name: 'Steps' }).getByRole('row').filter({ has: page.getByRole('rowheader', { name }) });
}

/** A cue that reaches an agent behind a web hook; the agent tells its steps itself. */
async function cueOf(ask: Ask, address: string, more: Record<string, unknown> = {}): Promise<string> {
  const [cue] = await make(ask, [{ name: 'score-new-leads', agent: 'lead-scout', transport: 'webhook', callback: { url: address }, schedule: { type: 'manual', timezone: 'UTC' }, overlap: 'allow', retry: { max_attempts: 1 }, ...more }]);
  return cue?.id ?? '';
}

async function fired(ask: Ask, cueId: string): Promise<string> {
  const { run_id } = await ask<{ run_id: string }>('cue_fire', { cue_id: cueId });
  await expect.poll(async () => (await ask<{ mark: { delivered: string } }>('run_get', { run_id })).mark.delivered).toBe('delivered');
  return run_id;
}

async function open(page: Page, runId: string): Promise<void> {
  await page.goto(`/#/run/${runId}`);
  await expect(verdict(page, 'Confirmed')).toBeVisible();
}

/** Leads are listed and scored; `broken`: the fourth is answered 429, and the agent goes on as if it were not. */
async function score(steps: Steps, broken: boolean): Promise<void> {
  await steps.done('list', { name: 'list leads', kind: 'http', input: { source: 'crm', limit: 200 } }, { output: { leads: 200 } });
  await steps.begin('enrich', { name: 'enrich leads', kind: 'tool' });
  if (broken) {
    await steps.fail('enrich', { error: 'clearbit timed out' });
    await steps.begin('enrich');
  }
  await steps.complete('enrich', { output: 'all of them' });
  await steps.begin('score', { name: 'score leads', kind: 'llm', model: 'gpt-4o-mini' });
  for (const n of [1, 2, 3, 4]) {
    const key = `lead ${n}`;
    await steps.begin(key, { parent: 'score', kind: 'llm', model: 'gpt-4o-mini', input: { prompt: `Score lead ${n} from 0 to 1.` } });
    if (n < 4 || !broken) await steps.complete(key, { output: { score: 0.82 }, tokens: { input: 1800, output: 100 } });
    else await steps.fail(key, { error: '429 Too Many Requests', retries: 4 });
  }
  if (broken) await steps.fail('score', { error: 'api.openai.com answered 429' });
  else await steps.complete('score', { output: { scored: 200 } });
  await steps.done('write', { name: 'write scores', kind: 'tool' }, { output: { rows: broken ? 3 : 200 } });
  await steps.done('digest', { name: 'draft digest', kind: 'llm' }, { tokens: 3100, model: 'acme-large-9' });
}

/** Two runs of one cue: a good one, and one whose report the tower does not believe. */
async function twoRuns(page: Page, ask: Ask, tower: Tower, address: string, folder: string): Promise<{ good: string; bad: string }> {
  const report = join(folder, 'report.md');
  const cueId = await cueOf(ask, address, { checks: [{ check: 'file', path: report, min_lines: '{{outcome.processed}}' }], expect: { min_processed: 100 } });
  const told = { success: true, processed: 200, summary: 'Scored 200 leads, digest posted to #sales.' };
  await writeFile(report, 'lead\n'.repeat(200));
  const good = await fired(ask, cueId);
  await score(stepsOf(page, tower, good), false);
  await stepsOf(page, tower, good).outcome(told);
  await expect.poll(async () => (await ask<{ state: string }>('run_get', { run_id: good })).state).toBe('confirmed');
  await writeFile(report, 'lead\n'.repeat(3));
  const bad = await fired(ask, cueId);
  await score(stepsOf(page, tower, bad), true);
  await stepsOf(page, tower, bad).outcome({ ...told, cost_usd: 0.5 });
  await expect.poll(async () => (await ask<{ state: string }>('run_get', { run_id: bad })).state).toBe('refuted');
  return { good, bad };
}

test('a run that lied is told step by step, with what was found, used and different', async ({ window: page, ask, tower, agent }) => {
  const folder = await mkdtemp(join(tmpdir(), 'cuetower-steps-'));
  const { good, bad } = await twoRuns(page, ask, tower, (await agent({ accepted: true })).address, folder);
  await open(page, bad);
  const grid = page.getByRole('treegrid', { name: 'Steps' });
  await expect(grid).toHaveAttribute('aria-rowcount', '10');
  await expect(row(page, /score leads/)).toHaveAttribute('aria-expanded', 'true');
  await expect(row(page, /score leads/)).toContainText('api.openai.com answered 429');
  await expect(row(page, /lead 4/)).toContainText('4 retries · 429 Too Many Requests');
  await expect(row(page, /lead 4/)).toHaveAttribute('aria-level', '2');
  await expect(row(page, /lead 4/).getByRole('rowheader')).toContainText('3.4');
  await expect(row(page, /enrich leads/)).toContainText('begun twice');
  await expect(row(page, /lead 1/).getByRole('gridcell').nth(1)).toHaveText('1.9k');
  await expect(row(page, /lead 1/).getByRole('gridcell').nth(2)).toHaveText(/^\$0\.000\d+$/);
  await expect(row(page, /draft digest/).getByRole('gridcell').nth(2)).toHaveText('not priced');
  await expect(page.getByTestId('steps-summary')).toHaveText('9 steps: 7 completed, 2 failed');

  // What was found: with its proof, and again when it is mended.
  const side = page.getByRole('complementary', { name: 'Outcome and proof' });
  await expect(side.getByTestId('check').first()).toContainText('3 lines');
  await expect(side.getByTestId('check').first()).toContainText(/file, \d+ ms, at \d\d:\d\d:\d\d/);
  await expect(side).toContainText('They disagree');
  await expect(side).toContainText('One call is not priced');
  await expect(side.getByRole('table', { name: 'By model' })).toContainText('gpt-4o-mini');
  await expectNoBarrier(page, 'a run with steps');

  // Beside the last good one.
  const pane = page.getByRole('tabpanel');
  await expect(page.getByRole('tab', { name: 'Compare with last good' })).toHaveAttribute('aria-selected', 'true');
  await expect(pane.getByRole('row', { name: /Failed steps/ })).toContainText('2');
  await expect(pane).toContainText('First difference');
  await pane.getByRole('button', { name: /lead 4/ }).click();
  await expect(page.getByRole('tab', { name: 'Step 3.4' })).toHaveAttribute('aria-selected', 'true');
  await expect(pane).toContainText('Score lead 4 from 0 to 1.');
  await expect(row(page, /lead 4/)).toHaveAttribute('aria-selected', 'true');
  await page.getByRole('tab', { name: 'Compare with last good' }).click();
  await pane.getByRole('link', { name: /^Last good/ }).click();
  await expect(page).toHaveURL(new RegExp(`#/run/${good}$`));
  await expect(verdict(page, 'Confirmed')).toHaveAttribute('data-state', 'confirmed');

  await open(page, bad);
  await writeFile(join(folder, 'report.md'), 'lead\n'.repeat(200));
  await side.getByRole('button', { name: 'Check again' }).click();
  await expect(verdict(page, 'Confirmed')).toHaveAttribute('data-state', 'confirmed');
  await rm(folder, { recursive: true });
});

test('the steps are walked by key, as a tree', async ({ window: page, ask, tower, agent }) => {
  const folder = await mkdtemp(join(tmpdir(), 'cuetower-steps-'));
  const { bad } = await twoRuns(page, ask, tower, (await agent({ accepted: true })).address, folder);
  await open(page, bad);
  await row(page, /list leads/).focus();
  const focused = (name: RegExp) => expect(row(page, name)).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await focused(/enrich leads/);
  await page.keyboard.press('ArrowDown');
  await focused(/score leads/);
  await page.keyboard.press('ArrowRight');
  await focused(/lead 1/);
  await page.keyboard.press('ArrowLeft');
  await focused(/score leads/);
  await page.keyboard.press('ArrowLeft');
  await expect(row(page, /score leads/)).toHaveAttribute('aria-expanded', 'false');
  await expect(row(page, /lead 1/)).toHaveCount(0);
  await page.keyboard.press('ArrowDown');
  await focused(/write scores/);
  await page.keyboard.press('End');
  await focused(/draft digest/);
  await page.keyboard.press('Home');
  await focused(/list leads/);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('tab', { name: 'Step 1' })).toHaveAttribute('aria-selected', 'true');
  await expect(page.getByRole('region', { name: 'Input' })).toContainText('"source": "crm"');
  await expect(page.getByRole('region', { name: 'Output' })).toContainText('"leads": 200');
  await focused(/list leads/);
  await expect(page.getByRole('treegrid', { name: 'Steps' })).toMatchAriaSnapshot({ name: 'steps.aria.yml' });
  await rm(folder, { recursive: true });
});

test('a live run grows where nobody looks, and what is looked at stays', async ({ window: page, ask, tower, agent }) => {
  const runId = await fired(ask, await cueOf(ask, (await agent({ accepted: true })).address));
  const steps = stepsOf(page, tower, runId);
  await steps.begin('a', { name: 'read the inbox' });
  await open(page, runId);
  await expect(row(page, /read the inbox/)).toContainText(/\d s/);
  await steps.complete('a');
  await steps.begin('b', { name: 'sort it', kind: 'llm' });
  await expect(row(page, /sort it/)).toBeVisible();
  await expect(row(page, /read the inbox/)).not.toContainText('not ended');
  await row(page, /sort it/).click();
  await expect(page.getByRole('tab', { name: 'Step 2' })).toHaveAttribute('aria-selected', 'true');
  for (let n = 1; n <= 40; n++) await steps.done(`m${n}`, { name: `message ${n}`, parent: n % 2 === 0 ? 'b' : undefined });
  await expect(page.getByTestId('steps-summary')).toContainText('42 steps');
  await expect(row(page, /sort it/), 'the choice stands').toHaveAttribute('aria-selected', 'true');
  await steps.complete('b', { output: { sorted: 40 } });
  await expect(page.getByRole('tabpanel').getByRole('region', { name: 'Output' })).toContainText('"sorted": 40');

  // Scrolled into the middle, rows that come in above do not push it away.
  const grid = page.getByTestId('waterfall');
  await expect(grid, 'few steps are open by themselves').toHaveAttribute('aria-rowcount', '43');
  // The browser tells of it with its next frame, which may be late; until then nobody has scrolled.
  await grid.evaluate((el) => new Promise((told) => { el.addEventListener('scroll', told, { once: true }); el.scrollTop = el.scrollHeight; }).then(() => undefined));
  await page.mouse.move(2, 2);
  const last = row(page, /message 39/);
  await expect(last).toBeVisible();
  const before = await last.boundingBox();
  for (let n = 41; n <= 46; n++) await steps.done(`m${n}`, { name: `message ${n}`, parent: 'b' });
  await expect(page.getByTestId('steps-summary')).toContainText('48 steps');
  await grid.evaluate((el) => el.dispatchEvent(new Event('scroll')));
  await expect(last).toBeVisible();
  expect((await last.boundingBox())?.y).toBe(before?.y);
  await stepsOf(page, tower, runId).outcome({ success: true });
  await expect(verdict(page, 'Confirmed')).toHaveAttribute('data-state', 'claimed');
});

test('a broken run goes on where it broke, and says before what that keeps and does again', async ({ window: page, ask, tower, agent }) => {
  const runId = await fired(ask, await cueOf(ask, (await agent({ accepted: true })).address));
  const steps = stepsOf(page, tower, runId);
  await steps.done('list', { name: 'list leads', kind: 'http' }, { output: { leads: 3 } });
  await steps.begin('charge', { name: 'charge the card', kind: 'http' });
  await steps.fail('charge', { error: 'bank answered 503' });
  await steps.done('tell', { name: 'tell the team', kind: 'tool' });
  await steps.outcome({ success: false, error: 'not charged' });
  await open(page, runId);
  await expect(page.getByRole('button', { name: 'Resume from step 2' })).toBeVisible();
  await page.keyboard.press('Shift+R');
  const question = page.getByRole('dialog', { name: /Resume from step 2 of score-new-leads/ });
  await expect(question).toContainText('Step 1 (list leads) is kept');
  await expect(question).toContainText('Step 2 (charge the card) and the one after it are done again');
  await expect(question.getByRole('listitem')).toHaveText([/2 charge the card \(HTTP call, failed/, /3 tell the team \(tool, completed once already\)/]);
  await expectNoBarrier(page, 'the question before resuming');
  await page.keyboard.press('Escape');
  await expect(question).toHaveCount(0);
  await page.getByRole('button', { name: 'Resume from step 2' }).click();
  await question.getByRole('button', { name: 'Resume from step 2' }).click();
  await expect(page).not.toHaveURL(new RegExp(runId));
  await expect(page.getByRole('list', { name: 'About this run' })).toContainText('Resumes an earlier run from step 2 (charge the card)');
  await expect(row(page, /list leads/)).toContainText('kept, not done again');
  const next = new URL(page.url()).hash.replace('#/run/', '');
  const again = stepsOf(page, tower, next);
  expect(await again.begin('list')).toMatchObject({ state: 'completed', output: { leads: 3 } });
  await again.done('charge', {}, { output: { charged: true } });
  await expect(row(page, /charge the card/)).not.toContainText('run before');
  await again.outcome({ success: true });
  await expect(verdict(page, 'Confirmed')).toHaveAttribute('data-state', 'claimed');
});

/** Milliseconds from `act` until a row is drawn with its step in it. */
function until(page: Page, act: string, key: string): Promise<number> {
  return page.evaluate(
    ([act, key]) =>
      new Promise<number>((resolve) => {
        const began = performance.now();
        const look = () => (document.querySelector(`[data-row="${key}"] .name`) === null ? requestAnimationFrame(look) : resolve(performance.now() - began));
        (0, eval)(act);
        look();
      }),
    [act, key] as const
  );
}

test('a run of 100,000 steps opens and scrolls', async ({ window: page, ask, tower, agent }) => {
  test.setTimeout(240_000);
  const MANY = 100_000;
  const runId = await fired(ask, await cueOf(ask, (await agent({ accepted: true })).address, { delivery: { outcome_deadline_seconds: 3600 } }));
  const trace = runId.replaceAll('-', '');
  const id = (n: number) => n.toString(16).padStart(16, '0');
  const start = Date.now() * 1e6;
  const BATCH = 10_000;
  const agents = door(page, tower);
  for (let from = 0; from < MANY; from += BATCH) {
    // One of a thousand has ten below it, and one of a hundred failed.
    const spans = Array.from({ length: BATCH }, (_, i) => from + i + 1).map((n) => ({
      traceId: trace, spanId: id(n), parentSpanId: n % 1000 > 0 && n % 1000 <= 10 && n > 1000 ? id(n - (n % 1000)) : undefined, name: `row ${n}`, kind: 1, startTimeUnixNano: String(start + n * 1e6), endTimeUnixNano: String(start + n * 1e6 + 900_000),
      status: n % 100 === 50 ? { code: 2, message: 'no such row' } : {}, attributes: [{ key: 'gen_ai.request.model', value: { stringValue: 'gpt-4o-mini' } }, { key: 'gen_ai.usage.input_tokens', value: { intValue: '120' } }, { key: 'gen_ai.usage.output_tokens', value: { intValue: '8' } }]
    }));
    await agents.post('/v1/traces', { resourceSpans: [{ resource: { attributes: [{ key: 'service.name', value: { stringValue: 'lead-scout' } }] }, scopeSpans: [{ spans }] }] });
  }
  await stepsOf(page, tower, runId).outcome({ success: true });
  const below = 99 * 10;
  await expect.poll(async () => (await ask<{ steps: { begun: number } | null }>('run_get', { run_id: runId })).steps?.begun).toBe(MANY);
  await page.goto('/#/board');
  await expect(page.getByTestId('strip-tower')).toContainText('Armed');

  const opened = await until(page, `location.hash = '#/run/${runId}'`, '0:0');
  const grid = page.getByTestId('waterfall');
  await expect(grid).toHaveAttribute('aria-rowcount', String(MANY - below + 1));
  await expect(page.getByTestId('steps-summary')).toHaveText('100,000 steps: 99,000 completed, 1,000 failed');
  expect(await grid.getByRole('row').count(), 'only rows in sight are drawn').toBeLessThan(60);
  const middle = await until(page, `document.querySelector('[data-testid=waterfall]').scrollTop = ${50_000 * 23}`, '0:50003');
  const scrolls: number[] = [];
  for (let n = 1; n <= 20; n++) scrolls.push(await until(page, `document.querySelector('[data-testid=waterfall]').scrollTop = ${(50_000 + n * 1700) * 23}`, `0:${50_003 + n * 1700}`));
  await row(page, /^row \d+ /).first().focus();
  const ended = await until(page, `document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'End', bubbles: true }))`, `0:${MANY - below - 1}`);
  await expect(row(page, /^row 100000 /)).toBeFocused();
  await page.keyboard.press('Home');
  await expect(row(page, /^row 1 /)).toBeFocused();

  const ms = (values: number[]) => values.map((value) => Math.round(value)).join(' ');
  console.log(`100,000 steps: opened in ${ms([opened])} ms, scrolled to the middle in ${ms([middle])} ms, on by 1,700 rows in ${ms(scrolls.sort((a, b) => a - b))} ms, to the end by key in ${ms([ended])} ms`);

  // One that has steps below opens without the others.
  await grid.evaluate((el) => (el.scrollTop = 1980 * 23));
  await row(page, /^row 2000 /).click();
  await page.keyboard.press('ArrowRight');
  await expect(row(page, /^row 2010 /)).toHaveAttribute('aria-level', '2');
  await expect(grid).toHaveAttribute('aria-rowcount', String(MANY - below + 11));
  await expectNoBarrier(page, 'a run of 100,000 steps');
  await picture(page, 'steps-100000');
});

for (const size of SIZES) {
  test(`steps, ${size.width}`, async ({ window: page, ask, tower, agent }) => {
    const folder = await mkdtemp(join(tmpdir(), 'cuetower-steps-'));
    await page.setViewportSize(size);
    const seen = (name: string) => look(page, name);
    const address = (await agent({ accepted: true })).address;
    const { bad } = await twoRuns(page, ask, tower, address, folder);
    await open(page, bad);
    await expect(row(page, /draft digest/)).toBeVisible();
    await expect(page.getByRole('table', { name: 'Compared with the last good run' })).toBeVisible();
    await seen('steps');
    await row(page, /lead 4/).click();
    await expect(page.getByRole('region', { name: 'Input' })).toBeVisible();
    expect((await page.getByRole('tabpanel').boundingBox())?.y, 'the detail is in sight').toBeLessThanOrEqual(size.height - 155);
    await seen('steps-detail');
    await page.keyboard.press('Shift+R');
    await expect(page.getByRole('dialog')).toContainText('kept');
    await seen('steps-resume');
    await page.keyboard.press('Escape');
    const [cue] = await make(ask, [{ name: 'triage', agent: 'support', transport: 'webhook', callback: { url: address }, schedule: { type: 'manual', timezone: 'UTC' } }]);
    const runId = await fired(ask, cue?.id ?? '');
    const steps = stepsOf(page, tower, runId);
    await steps.done('read', { name: 'read the inbox', kind: 'http' });
    await steps.begin('sort', { name: 'sort it', kind: 'llm', model: 'gpt-4o' });
    for (let n = 1; n <= 6; n++) await steps.done(`m${n}`, { name: `message ${n}`, parent: 'sort', kind: 'llm', model: 'gpt-4o' }, { tokens: { input: 900, output: 40 }, retries: n === 4 ? 2 : undefined });
    await steps.begin('m7', { name: 'message 7', parent: 'sort', kind: 'llm', model: 'gpt-4o' });
    await open(page, runId);
    await expect(row(page, /message 7/)).toBeVisible();
    await seen('steps-live');
    await rm(folder, { recursive: true });
  });
}
