//! Every screen at both sizes and in both themes, on a real tower with the demo fleet; then the first run, and the briefing
//! after an absence. `CUETOWER_SHOTS`: the folder they go to. `CUETOWER_SHOTS_GUIDE`: the guide's own folder; only its pictures are taken anew.
import { test as base, expect, type Page } from '@playwright/test';
import { mkdir } from 'node:fs/promises';
import { SCREENSHOTS } from '../support/places';
import { SIZES } from '../support/look';
import { Tower } from '../support/tower';
import { SCREENS, type Known } from './screens';

const OUT = process.env['CUETOWER_SHOTS'] ?? SCREENSHOTS;
const GUIDE = process.env['CUETOWER_SHOTS_GUIDE'];
const THEMES = ['dark', 'light'] as const;
/** What the fleet has to have shown before it is pictured. Its slowest story takes two minutes. */
const STATES = ['confirmed', 'refuted', 'failed', 'silent', 'gate'];

interface Mark {
  cue_id: string;
  run_id: string | null;
  confirmed: string;
}
interface Board {
  cues: { id: string; name: string }[];
  marks: Mark[];
}

const test = base.extend({ colorScheme: 'dark' });
test.describe.configure({ mode: 'serial' });

async function ask<T>(page: Page, tower: Tower, command: string, request: unknown = {}): Promise<T> {
  const answer = await page.request.post(`${tower.origin}/rpc/${command}`, { data: request, headers: { 'X-Cuetower-Desk': '1' } });
  expect(answer.ok(), `${command}: ${await answer.text()}`).toBe(true);
  return (await answer.json()) as T;
}

/** Waits until the fleet has shown everything that is to be pictured. */
async function known(page: Page, tower: Tower): Promise<Known> {
  let seen: Known = { runs: {}, cues: {}, gate: '' };
  await expect
    .poll(
      async () => {
        const now_ms = Date.now();
        const board = await ask<Board>(page, tower, 'board', { from_ms: now_ms - 3_600_000, to_ms: now_ms });
        const { waiting } = await ask<{ waiting: { id: string }[] }>(page, tower, 'gates', { limit: 10, settled: false });
        seen = {
          cues: Object.fromEntries(board.cues.map((cue) => [cue.name, cue.id])),
          runs: Object.fromEntries(board.marks.filter((mark) => mark.run_id !== null).map((mark) => [mark.confirmed, mark.run_id ?? ''])),
          gate: waiting[0]?.id ?? ''
        };
        return STATES.filter((state) => seen.runs[state] === undefined);
      },
      { timeout: 240_000, intervals: [2_000] }
    )
    .toEqual([]);
  return seen;
}

async function enter(page: Page, tower: Tower): Promise<void> {
  await page.goto(tower.ready.desk);
  await expect(page.getByTestId('strip-tower')).toContainText('Armed');
}

/** At both sizes and in both themes; the guide has one picture of each. */
async function pictures(page: Page, name: string): Promise<void> {
  for (const size of GUIDE ? SIZES.slice(0, 1) : SIZES) {
    await page.setViewportSize(size);
    for (const theme of GUIDE ? (['dark'] as const) : THEMES) {
      await page.emulateMedia({ colorScheme: theme });
      // Canvas and lists are drawn with the next frame.
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      await page.screenshot({ path: GUIDE ? `${GUIDE}/${name.replace(/^\d+-/, '')}.png` : `${OUT}/${name}-${size.width}-${theme}.png` });
    }
  }
}

test('the demo fleet', async ({ browser }) => {
  await mkdir(GUIDE ?? OUT, { recursive: true });
  const tower = await Tower.start(['--demo']);
  try {
    const context = await browser.newContext({ baseURL: tower.origin, viewport: SIZES[0] });
    const page = await context.newPage();
    await enter(page, tower);
    await ask(page, tower, 'secret_set', { name: 'OPENAI_KEY', value: 'not shown' });
    const seen = await known(page, tower);
    for (const screen of SCREENS.filter((screen) => !GUIDE || screen.inGuide)) {
      await page.setViewportSize(SIZES[0]);
      if (await page.getByRole('dialog').isVisible()) await page.keyboard.press('Escape');
      await screen.go(page, seen);
      await pictures(page, screen.name);
    }
    await tower.crash();
    // Long enough for something to have come due meanwhile.
    await new Promise((over) => setTimeout(over, 45_000));
    await tower.comeBack();
    await enter(page, tower);
    await page.goto('/#/board');
    await expect(page.getByRole('dialog')).toBeVisible();
    await pictures(page, '05-briefing');
    await context.close();
  } finally {
    await tower.stop();
  }
});

test('the first run', async ({ browser }) => {
  const tower = await Tower.start();
  try {
    const context = await browser.newContext({ baseURL: tower.origin, viewport: SIZES[0] });
    const page = await context.newPage();
    await enter(page, tower);
    await expect(page.getByRole('heading', { name: 'Nothing is scheduled yet.' })).toBeVisible();
    await pictures(page, '14-onboarding');
    for (const place of GUIDE ? [] : ['agents', 'gates', 'costs', 'alerts', 'secrets']) {
      await page.goto(`/#/${place}`);
      await expect(page.getByRole('heading', { level: 1 }).first()).toBeVisible();
      await pictures(page, `15-empty-${place}`);
    }
    await context.close();
  } finally {
    await tower.stop();
  }
});
