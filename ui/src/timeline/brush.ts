//! What every part of a lane is drawn with: the pen, the three rows, the ground below a mark, the ring around the chosen one.
import type { BandView, Mark } from '../wire';
import { bandAt } from './bands';
import type { Binned } from './cells';
import { rounded, type Ink, type InkName } from './ink';
import type { Spot } from './spots';
import { xOf, type View } from './view';

export const ROW_Y = [7, 16, 25] as const;
export const SIZE = 9;

export interface Brush {
  g: CanvasRenderingContext2D;
  ink: Ink;
  view: View;
  width: number;
  now_ms: number;
  selected: string | null;
  bands?: readonly BandView[];
  /** Since when live runs have not got on, by their id: their agents beat, and nothing moves. */
  stands?: ReadonlyMap<string, number>;
  /** Only what touches this stretch is drawn; null: everything that is visible. */
  part?: { from_ms: number; to_ms: number } | null;
}

/** One lane as it is to be drawn. */
export interface LaneScene {
  spots: readonly Spot[];
  /** Usual distance between its due times. */
  pitch_ms: number;
  /** What the host counted, where not every mark in the view is here. */
  binned: Binned | null;
  /** The grid to count on. */
  cell_ms: number;
  /** After this instant its fires are not told one by one; null: all of them are. */
  goesOn_ms: number | null;
}

/** What a mark stands on. */
export function groundAt({ bands, now_ms }: Brush, at_ms: number): InkName {
  return at_ms > now_ms ? 'future' : bands && bandAt(bands, at_ms) ? 'grey-a' : 'bg-0';
}

/** A mark on the line of now stands on the ground, so that it is read and not crossed out: what was to its left, what comes to its right. */
export function clearNow(brush: Brush, x: number, y: number, width: number, height = width): void {
  const { g, ink, view, now_ms } = brush;
  const xn = xOf(view, now_ms, brush.width);
  const [left, right] = [x - width / 2 - 1, x + width / 2 + 1];
  // The line is a pixel and a half wide.
  if (xn < left - 1 || xn > right + 1) return;
  const from = Math.min(left, xn - 1);
  const to = Math.max(right, xn + 1);
  g.fillStyle = ink.of[groundAt(brush, now_ms)];
  g.fillRect(from, y - height / 2 - 1, xn - from, height + 2);
  g.fillStyle = ink.of.future;
  g.fillRect(xn, y - height / 2 - 1, to - xn, height + 2);
}

/** A run as it lies in its lane, in pixels. */
export interface Placed {
  mark: Mark;
  x: number;
  xd: number;
  xc: number;
  bad: boolean;
  length: number;
  index: number;
}

export function outline(brush: Brush, x: number, y0: number, length: number): void {
  const { g, ink } = brush;
  g.strokeStyle = ink.of.live;
  g.lineWidth = 1.5;
  rounded(g, x - 8, y0 + 1, Math.max(16, length), 30, 4);
  g.stroke();
}
