//! What the chart of an agent draws besides its figures: the time the tower was away, the usual range, since when it gets nowhere, and the lines of alive and of work.
import type uPlot from 'uplot';
import type { Ink } from '../run/plotting';
import type { AgentHours, Stretch } from './agentchart';

export interface Words {
  alive: string;
  /** Null: it never told of progress. */
  work: string | null;
  /** When its progress ended. */
  since: string;
}

const x = (u: uPlot, of: AgentHours, at_ms: number) => u.valToPos(Math.max(of.from_ms, Math.min(of.to_ms, at_ms)), 'x', true);

/** Below the lines of the grid. `lanes`: how high what stands under the figures is. */
export function paintUnder(u: uPlot, of: AgentHours, ink: Ink, lanes: number): void {
  const ratio = devicePixelRatio;
  const { left, top, width, height } = u.bbox;
  u.ctx.textAlign = 'center';
  u.ctx.textBaseline = 'alphabetic';
  u.ctx.font = scaled(ink.font, ratio);
  for (const band of of.away) {
    const [from, to] = [x(u, of, band.from_ms), x(u, of, band.to_ms)];
    u.ctx.fillStyle = ink['grey-b'];
    u.ctx.fillRect(from, top, Math.max(ratio, to - from), height + (lanes - 4) * ratio);
    u.ctx.fillStyle = ink['text-2'];
    if (to - from > 90 * ratio) u.ctx.fillText(band.label, (from + to) / 2, top + height / 2);
  }
  if (of.usual === null) return;
  const [low, high] = [u.valToPos(of.usual[0], 'y', true), u.valToPos(of.usual[1], 'y', true)];
  u.ctx.fillStyle = ink['bg-4'];
  u.ctx.fillRect(left, high, width, Math.max(ratio, low - high));
}

export function paintLines(u: uPlot, of: AgentHours, ink: Ink, words: Words): void {
  const ratio = devicePixelRatio;
  const { left, top, width, height } = u.bbox;
  const base = top + height;
  const bars = (list: readonly Stretch[], y: number, high: number, colour: string) => {
    u.ctx.fillStyle = colour;
    for (const run of list) u.ctx.fillRect(x(u, of, run.from_ms), base + (y - high / 2) * ratio, Math.max(ratio, x(u, of, run.to_ms) - x(u, of, run.from_ms)), high * ratio);
  };
  const write = (text: string, at_x: number, at_y: number, align: CanvasTextAlign, colour: string) => {
    [u.ctx.textAlign, u.ctx.fillStyle] = [align, colour];
    u.ctx.fillText(text, at_x, at_y);
  };
  u.ctx.save();
  u.ctx.font = scaled(ink.font, ratio);
  u.ctx.textBaseline = 'alphabetic';
  bars(of.alive, 17, 1.5, ink.mark);
  write(words.alive, left - 6 * ratio, base + 21 * ratio, 'right', ink['text-3']);
  if (words.work !== null) {
    bars(of.working, 31, 4, ink.ok);
    write(words.work, left - 6 * ratio, base + 35 * ratio, 'right', ink['text-3']);
  }
  if (of.stuck) {
    const at = x(u, of, of.stuck.from_ms);
    u.ctx.strokeStyle = ink['warn-mark'];
    u.ctx.lineWidth = ratio;
    u.ctx.setLineDash([3 * ratio, 3 * ratio]);
    u.ctx.beginPath();
    u.ctx.moveTo(at, top);
    u.ctx.lineTo(at, base + 34.5 * ratio);
    u.ctx.stroke();
    if (words.work !== null) u.ctx.strokeRect(at, base + 27.5 * ratio, Math.max(2 * ratio, left + width - at - ratio), 7 * ratio);
    u.ctx.setLineDash([]);
    const right = at > left + 40 * ratio;
    write(words.since, at + (right ? -5 : 5) * ratio, top + 10 * ratio, right ? 'right' : 'left', ink.warn);
  }
  u.ctx.restore();
}

/** The page's font at the canvas's pixels. */
const scaled = (font: string, ratio: number) => font.replace(/^([\d.]+)px/, (_, size: string) => `${Number(size) * ratio}px`);
