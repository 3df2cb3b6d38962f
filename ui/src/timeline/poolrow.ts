//! Draws the row of one pool: how full it was.
import type { Brush } from './brush';
import { topOf, type PoolStep } from './pools';
import type { PoolRow } from './rows';
import { xOf } from './view';

const POOL_BAR = 16;
const POOL_FOOT = 4;

/** Its use as bars against a dashed line, which is its limit; an amber tick on top where more wanted in. */
export function drawPool({ g, ink, view, width, now_ms }: Brush, y: number, row: PoolRow, steps: readonly PoolStep[]): void {
  const foot = y + row.h - POOL_FOOT;
  if (row.pool.concurrency !== null) {
    g.strokeStyle = ink.of['mark-dim'];
    g.setLineDash([2, 3]);
    g.beginPath();
    g.moveTo(0, foot - POOL_BAR + 0.5);
    g.lineTo(width, foot - POOL_BAR + 0.5);
    g.stroke();
    g.setLineDash([]);
  }
  const top = topOf(row.pool, steps);
  for (const step of steps) {
    const from = Math.max(0, xOf(view, step.from_ms, width));
    const to = Math.min(width, xOf(view, Math.min(step.to_ms, now_ms), width));
    if (to < 0 || from > width || to < from) continue;
    const w = Math.max(0.8, to - from);
    const h = (step.used / top) * POOL_BAR;
    g.fillStyle = ink.of[step.to_ms === Infinity ? 'live' : 'mark'];
    g.globalAlpha = step.to_ms === Infinity ? 0.6 : 0.45;
    g.fillRect(from, foot - h, w, h);
    g.globalAlpha = 1;
    if (!step.over) continue;
    g.fillStyle = ink.of['warn-mark'];
    g.fillRect(from, foot - POOL_BAR - 2, Math.max(3, w), 2);
  }
}
