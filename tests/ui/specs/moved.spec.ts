//! The board's picture while one scrolls and drags: moved and patched, it is what it is when it is drawn whole.
import type { Page } from '@playwright/test';
import { byHand, expect, make, test } from '../support/desk';

const DAY = 86_400_000;

const pixels = (page: Page) => page.evaluate(() => document.querySelector<HTMLCanvasElement>('[role=application] canvas')?.toDataURL() ?? '');

/** Two frames, so that what was asked for is drawn. */
const drawn = (page: Page) => page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));

/** How many times the canvas was copied onto itself since it was last asked. */
const moves = (page: Page) => page.evaluate(() => (globalThis as unknown as { moves: number[] }).moves.splice(0).length);

/** Where two pictures differ by more than the rounding of an edge that was cut in two and drawn in two goes; and in how many pixels at all. */
async function apart(page: Page, one: string, other: string): Promise<{ seen: number; at_all: number }> {
  return await page.evaluate(async (urls) => {
    const [a, b] = await Promise.all(
      urls.map(async (url) => {
        const image = new Image();
        image.src = url;
        await image.decode();
        const canvas = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height });
        const g = canvas.getContext('2d');
        g?.drawImage(image, 0, 0);
        return g?.getImageData(0, 0, image.width, image.height).data ?? new Uint8ClampedArray();
      })
    );
    const found = { seen: 0, at_all: 0 };
    if (!a || a.length !== b?.length) return { seen: Infinity, at_all: Infinity };
    for (let i = 0; i < a.length; i += 4) {
      const by = Math.max(...[0, 1, 2].map((k) => Math.abs((a[i + k] ?? 0) - (b[i + k] ?? 0))));
      if (by > 0) found.at_all++;
      if (by > 40) found.seen++;
    }
    return found;
  }, [one, other]);
}

/** Other colours and back: nothing of the picture is kept. */
async function drawnWhole(page: Page): Promise<string> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await drawn(page);
  }
  return await pixels(page);
}

async function expectAlike(page: Page, moved: string, whole: string, what: string): Promise<void> {
  const { seen, at_all } = await apart(page, moved, whole);
  expect(seen, what).toBe(0);
  expect(at_all, what).toBeLessThan(150);
}

test('a board that was scrolled and dragged looks as one that is drawn whole', async ({ page, tower }) => {
  await page.addInitScript(() => {
    const kept = globalThis as unknown as { moves: number[] };
    kept.moves = [];
    const draw = CanvasRenderingContext2D.prototype.drawImage as (this: CanvasRenderingContext2D, ...args: unknown[]) => void;
    CanvasRenderingContext2D.prototype.drawImage = function (this: CanvasRenderingContext2D, ...args: unknown[]) {
      if (args[0] === this.canvas) kept.moves.push(1);
      draw.apply(this, args);
    } as typeof CanvasRenderingContext2D.prototype.drawImage;
  });
  await page.goto(tower.ready.desk);
  await expect(page.getByTestId('strip-tower')).toContainText('Armed');
  const ask = async <T = unknown>(command: string, request: unknown = {}) => {
    const answer = await page.request.post(`${tower.origin}/rpc/${command}`, { data: request, headers: { 'X-Cuetower-Desk': '1' } });
    expect(answer.ok(), await answer.text()).toBe(true);
    return (await answer.json()) as T;
  };
  // Nothing may come due meanwhile: an instant that does is another mark.
  const soon = Array.from({ length: 5 }, (_, i) => (new Date().getUTCMinutes() + i) % 60);
  const minutesOf = (step: number) => Array.from({ length: 60 / step }, (_, i) => i * step).filter((minute) => !soon.includes(minute));
  // Dense ones, ones with words beside their marks, ones with every mark, and pools below.
  await ask('pool_set', { name: 'shared', concurrency: 2, calls_per_min: null, tokens_per_min: null });
  const every = (minutes: number, i: number) => byHand(`every-${minutes}-${i}`, [i % 4 === 3 ? 'false' : 'true'], { agent: `agent-${i % 3}`, schedule: { type: 'recurring', cron: `${minutesOf(minutes).join()} * * * *`, timezone: 'UTC' }, ...(i % 5 === 0 ? { uses: [{ pool: 'shared' }] } : {}) });
  const cues = await make(ask, Array.from({ length: 30 }, (_, i) => every([1, 10, 20, 30][i % 4] as number, i)));
  for (const { id } of cues) await ask('cue_fire', { cue_id: id, payload: null });
  await expect.poll(async () => (await ask<{ marks: { ended_at_ms: number | null }[] }>('board', { from_ms: Date.now() - DAY, to_ms: Date.now() })).marks.filter((mark) => mark.ended_at_ms !== null).length).toBeGreaterThanOrEqual(30);
  // Nothing happens from here on, and the page's clock stands still.
  await ask('tower_pause');
  await page.clock.setFixedTime(Date.now());
  // Nor does the tower tell of another hour than this one.
  const status = await ask('tower_status');
  await page.route('**/rpc/tower_status', (route) => route.fulfill({ json: status }));
  await page.reload();
  await expect(page.getByTestId('lane-every-1-0')).toBeVisible();
  const box = await page.getByRole('application').boundingBox();
  if (!box) throw new Error('the timeline has no place');
  const [x, y] = [box.x + box.width / 2, box.y + 150];
  for (const range of ['2', '3', '4']) {
    await page.keyboard.press(range);
    await page.mouse.move(x, y);
    await drawn(page);
    await moves(page);
    for (const by of [90, 37, -45, 120, -90]) {
      await page.mouse.wheel(0, by);
      await drawn(page);
    }
    const scrolled = await pixels(page);
    expect(await moves(page), `scrolling with range ${range}`).toBeGreaterThan(2);
    await page.mouse.move(2, 2);
    await expectAlike(page, scrolled, await drawnWhole(page), `scrolling with range ${range}`);

    await page.mouse.move(x, y);
    await page.mouse.down();
    for (const to of [20, 61, 140, 95, -30]) {
      await page.mouse.move(x + to, y);
      await drawn(page);
    }
    const dragged = await pixels(page);
    expect(await moves(page), `dragging with range ${range}`).toBeGreaterThan(2);
    const whole = await drawnWhole(page);
    await page.mouse.up();
    await expectAlike(page, dragged, whole, `dragging with range ${range}`);
  }
});
