//! Figures of the page: how long frames take while somebody turns the wheel and drags, and how they are told.
import type { CDPSession, Page } from '@playwright/test';

export interface Frames {
  count: number;
  p50_ms: number;
  p95_ms: number;
  p99_ms: number;
  worst_ms: number;
}

export function spread(times: readonly number[]): Frames {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
  return { count: sorted.length, p50_ms: at(0.5), p95_ms: at(0.95), p99_ms: at(0.99), worst_ms: sorted[sorted.length - 1] ?? NaN };
}

/** From frame to frame, while `during` goes on. */
export async function framesOf(page: Page, during: () => Promise<void>): Promise<Frames> {
  await page.evaluate(() => {
    const kept = globalThis as unknown as { frames: number[]; watching: boolean };
    kept.frames = [];
    kept.watching = true;
    let last = performance.now();
    const next = (now: number) => {
      kept.frames.push(now - last);
      last = now;
      if (kept.watching) requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  });
  await during();
  const times = await page.evaluate(() => {
    const kept = globalThis as unknown as { frames: number[]; watching: boolean };
    kept.watching = false;
    return kept.frames.slice(1);
  });
  return spread(times);
}

/** Has every page tell how long its own work for a frame takes: what it asked to be called for. */
export async function timed(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const kept = globalThis as unknown as { drawing: number[] };
    kept.drawing = [];
    const asked = globalThis.requestAnimationFrame.bind(globalThis);
    globalThis.requestAnimationFrame = (call) =>
      asked((now) => {
        const began = performance.now();
        call(now);
        kept.drawing.push(performance.now() - began);
      });
  });
}

/** What frames cost the page since it was last asked, without those in which it had nothing to draw. */
export async function drawingOf(page: Page): Promise<Frames> {
  return spread((await page.evaluate(() => (globalThis as unknown as { drawing: number[] }).drawing.splice(0))).filter((took_ms) => took_ms >= 0.2));
}

/** Turns of the wheel, one about every 16 ms, as a trackpad gives them. */
export async function wheel(cdp: CDPSession, x: number, y: number, turns: number, delta: (i: number) => { deltaX?: number; deltaY?: number; modifiers?: number }): Promise<void> {
  for (let i = 0; i < turns; i++) {
    const { deltaX = 0, deltaY = 0, modifiers = 0 } = delta(i);
    await cdp.send('Input.dispatchMouseEvent', { type: 'mouseWheel', x, y, deltaX, deltaY, modifiers });
  }
}

export async function dragged(cdp: CDPSession, from: readonly [number, number], by: number, moves: number): Promise<void> {
  const mouse = (type: 'mousePressed' | 'mouseMoved' | 'mouseReleased', x: number) => cdp.send('Input.dispatchMouseEvent', { type, x, y: from[1], button: 'left', buttons: 1, clickCount: 1 });
  await mouse('mousePressed', from[0]);
  for (let i = 1; i <= moves; i++) await mouse('mouseMoved', from[0] + (by * i) / moves);
  await mouse('mouseReleased', from[0] + by);
}

export function line(what: string, frames: Frames, base: Frames): string {
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  return `${what.padEnd(34)} p50 ${ms(frames.p50_ms)}  p95 ${ms(frames.p95_ms)}  p99 ${ms(frames.p99_ms)}  worst ${ms(frames.worst_ms)}  of ${frames.count} frames; p95 is ${(frames.p95_ms / base.p95_ms).toFixed(2)} of an empty page's`;
}
