//! How fast the board is with a million runs in five hundred lanes. It measures and never judges: figures belong to a machine and a minute.
//! `npx playwright test --config bench.config.ts`; CUETOWER_BENCH_RUNS and CUETOWER_BENCH_DIR choose the size and the place.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type Page } from '@playwright/test';
import { Agent } from '../support/agent';
import { TARGET } from '../support/places';
import { Tower } from '../support/tower';
import { dragged, drawingOf, framesOf, line, spread, timed, wheel, type Frames } from './figures';

const LANES = 500;
const AGENTS = 20;
const RUNS = Number(process.env['CUETOWER_BENCH_RUNS'] ?? 1_000_000);
const DAYS = 30;
const STORE = process.env['CUETOWER_BENCH_DIR'] ?? join(TARGET, 'bench', `timeline-${RUNS}`);
const FIRST_TIMES = 7;
const REPORTS = 20;
const CTRL = 2;
const SHIFT = 8;

const say = (text: string) => process.stdout.write(`${text}\n`);

interface Cue {
  id: string;
}

async function ask<T>(page: Page, origin: string, command: string, request: unknown): Promise<T> {
  const answer = await page.request.post(`${origin}/rpc/${command}`, { data: request, headers: { 'X-Cuetower-Desk': '1' } });
  if (!answer.ok()) throw new Error(`${command}: ${await answer.text()}`);
  return (await answer.json()) as T;
}

/** A store with a past, unless it is there already. */
async function grow(page: Page): Promise<void> {
  if (existsSync(join(STORE, 'whole'))) return;
  await rm(STORE, { recursive: true, force: true });
  await mkdir(STORE, { recursive: true });
  const agent = await Agent.start({ success: true });
  const tower = await Tower.on(STORE);
  await page.goto(tower.ready.desk);
  for (let i = 0; i < LANES; i++) {
    const definition = { name: `lane-${String(i).padStart(3, '0')}`, agent: `agent-${String(i % AGENTS).padStart(2, '0')}`, transport: 'webhook', callback: { url: agent.address }, schedule: { type: 'recurring', cron: `${i % 60} ${i % 24} * ${(new Date().getUTCMonth() + 6) % 12 + 1} *`, timezone: 'UTC' }, confirm: 'outcome' };
    const { id } = await ask<Cue>(page, tower.origin, 'cue_create', { definition });
    await ask(page, tower.origin, 'cue_fire', { cue_id: id, payload: null });
  }
  for (let ended = 0; ended < LANES; ) {
    const { marks } = await ask<{ marks: { ended_at_ms: number | null }[] }>(page, tower.origin, 'board', { from_ms: 0, to_ms: Date.now() + 60_000 });
    ended = marks.filter((mark) => mark.ended_at_ms !== null).length;
  }
  await tower.down();
  await agent.stop();
  const counted = execFileSync('python3', [join(import.meta.dirname, 'grow.py'), STORE, String(RUNS), String(DAYS)]).toString().trim();
  say(`the store has ${counted} runs`);
  await writeFile(join(STORE, 'whole'), '');
}

/** From the beginning of the navigation: the first paint, and the first picture of the lanes. */
async function firstPaint(page: Page, origin: string): Promise<{ paint_ms: number; lanes_ms: number }> {
  await page.goto('about:blank');
  await page.goto(`${origin}/#/board`);
  return await page.evaluate(async () => {
    const drawn = () => performance.getEntriesByName('board-drawn')[0]?.startTime;
    while (drawn() === undefined) await new Promise(requestAnimationFrame);
    const paint = () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime;
    while (paint() === undefined) await new Promise(requestAnimationFrame);
    return { paint_ms: paint() ?? NaN, lanes_ms: drawn() ?? NaN };
  });
}

async function painted(page: Page, what: string, base: Frames, during: () => Promise<void>): Promise<void> {
  await drawingOf(page);
  const frames = await framesOf(page, during);
  say(line(what, frames, base));
  const drawing = await drawingOf(page);
  say(`${''.padEnd(34)} drawing itself: p50 ${drawing.p50_ms.toFixed(1)} ms, p95 ${drawing.p95_ms.toFixed(1)} ms, ${drawing.count} times`);
}

test('the board with a million runs', async ({ page }) => {
  test.setTimeout(45 * 60_000);
  await timed(page);
  await grow(page);
  const tower = await Tower.on(STORE);
  try {
    await page.goto(tower.ready.desk);
    await page.getByTestId('strip-tower').waitFor();
    const firsts: { paint_ms: number; lanes_ms: number }[] = [];
    for (let i = 0; i < FIRST_TIMES; i++) firsts.push(await firstPaint(page, tower.origin));
    const middle = (key: 'paint_ms' | 'lanes_ms') => firsts.map((one) => one[key]).sort((a, b) => a - b)[FIRST_TIMES >> 1] ?? NaN;
    say(`first paint ${middle('paint_ms').toFixed(0)} ms, first picture of the lanes ${middle('lanes_ms').toFixed(0)} ms (medians of ${FIRST_TIMES}, from navigation)`);

    const cdp = await page.context().newCDPSession(page);
    const board = page.url();
    await page.goto('about:blank');
    const base = await framesOf(page, () => wheel(cdp, 700, 300, 200, () => ({ deltaY: 4 })));
    say(line('an empty page, the same wheel', base, base));
    await page.goto(board);
    await page.getByRole('application').waitFor();
    for (const group of await page.getByRole('button', { expanded: false, name: /agent-/ }).all()) await group.click();
    await page.keyboard.press('4');
    await page.getByTestId('lane-lane-000').waitFor();
    const box = await page.getByRole('application').boundingBox();
    if (!box) throw new Error('the timeline has no place');
    const [x, y] = [box.x + box.width * 0.5, Math.max(box.y, 0) + 200];

    await painted(page, 'scrolling lanes over 24 h', base, () => wheel(cdp, x, y, 240, (i) => ({ deltaY: i < 160 ? 90 : -120 })));
    await painted(page, 'zooming from 24 h to 45 d and back', base, () => wheel(cdp, x, y, 240, (i) => ({ deltaY: i < 120 ? 14 : -14, modifiers: CTRL })));
    await painted(page, 'zooming into 4 min and back', base, () => wheel(cdp, x, y, 240, (i) => ({ deltaY: i < 120 ? -24 : 24, modifiers: CTRL })));
    await page.keyboard.press('6');
    await painted(page, 'scrolling lanes over 30 d', base, () => wheel(cdp, x, y, 240, (i) => ({ deltaY: i < 160 ? 90 : -120 })));
    await painted(page, 'panning over 30 d by Shift and wheel', base, () => wheel(cdp, x, y, 160, (i) => ({ deltaY: i < 80 ? -40 : 40, modifiers: SHIFT })));
    await page.keyboard.press('4');
    await painted(page, 'dragging over 24 h', base, () => dragged(cdp, [x, y], 300, 160));
    await page.keyboard.press('f');

    say(line('an event until its pixels', await untilSeen(page, tower), base).replace(/ of (\d+) frames; .*/, ' of $1 outcomes'));
  } finally {
    await tower.down();
  }
});

/** From before an outcome is reported over HTTP until it is drawn: the name of the selected mark changes with the picture, which is painted in the next frame. */
async function untilSeen(page: Page, tower: Tower): Promise<Frames> {
  const { cues } = await ask<{ cues: { id: string; name: string; definition: Record<string, unknown> }[] }>(page, tower.origin, 'board', { from_ms: 0, to_ms: 1 });
  const definition = { name: 'by-worker', agent: 'agent-00', transport: 'worker', schedule: { type: 'manual', timezone: 'UTC' }, confirm: 'outcome' };
  const cue = cues.find(({ name }) => name === definition.name) ?? (await ask<Cue>(page, tower.origin, 'cue_create', { definition }));
  const headers = { Authorization: `Bearer ${tower.ready.key}` };
  await page.keyboard.press('1');
  const cursor = page.locator('#timeline-cursor');
  const times: number[] = [];
  for (let i = 0; i < REPORTS; i++) {
    const { run_id } = await ask<{ run_id: string }>(page, tower.origin, 'cue_fire', { cue_id: cue.id, payload: null });
    await page.request.post(`${tower.ready.agents}/v1/executions/${run_id}/claim`, { data: { worker_id: 'bench' }, headers });
    for (let name = ''; !name.includes('Working'); name = (await cursor.getAttribute('aria-label')) ?? '') {
      await page.getByTestId('lane-by-worker').click();
      await page.getByRole('application').focus();
      await page.keyboard.press('ArrowLeft');
      await cursor.waitFor({ state: 'attached' });
    }
    const seen = page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          const watched = document.getElementById('timeline-cursor');
          const observer = new MutationObserver(() => {
            if (watched?.ariaLabel?.includes('Working')) return;
            observer.disconnect();
            requestAnimationFrame(() => resolve(Date.now()));
          });
          if (watched) observer.observe(watched, { attributes: true });
        })
    );
    const began = Date.now();
    await page.request.post(`${tower.ready.agents}/v1/executions/${run_id}/outcome`, { data: { success: true }, headers });
    times.push((await seen) - began);
  }
  return spread(times);
}
