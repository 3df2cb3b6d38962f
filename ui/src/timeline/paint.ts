//! Draws the whole plot and its axis: ground, ruling, lanes, now. Only what is visible.
import { hm, hms } from '../time';
import type { BandView } from '../wire';
import { bandsIn, clockChanges, labelFor } from './bands';
import { hatchOf, ratioOf, rounded, type Ink } from './ink';
import type { Brush, LaneScene } from './brush';
import { drawLane } from './lane';
import { topOf, type PoolStep } from './pools';
import type { PoolRow, Row } from './rows';
import { ticksOf } from './ticks';
import { startOf, timeAt, xOf, type View } from './view';

export interface Scene {
  ink: Ink;
  view: View;
  zone: string;
  now_ms: number;
  width: number;
  /** Height of the visible part, and how far it is scrolled. */
  height: number;
  scroll: number;
  /** Those that are visible. */
  rows: readonly Row[];
  lane: (cueId: string) => LaneScene;
  /** How full a pool was, by its name. */
  pools: (name: string) => readonly PoolStep[];
  bands: readonly BandView[];
  selectedCue: string | null;
  selectedSpot: string | null;
  /** Pointer in the plot, in pixels from its left edge. */
  hoverX: number | null;
  /** A range being selected on the axis. */
  range: readonly [number, number] | null;
}

/** Sizes a canvas for sharp pixels and hands out its pen. */
function penOf(canvas: HTMLCanvasElement, ink: Ink, width: number, height: number): CanvasRenderingContext2D | null {
  const ratio = ratioOf(ink);
  const w = Math.max(1, Math.round(width * ratio));
  const h = Math.max(1, Math.round(height * ratio));
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  const g = canvas.getContext('2d');
  g?.setTransform(ratio, 0, 0, ratio, 0, 0);
  return g;
}

export function paintPlot(canvas: HTMLCanvasElement, scene: Scene): void {
  const { ink, view, width, height, now_ms } = scene;
  const g = penOf(canvas, ink, width, height);
  if (!g) return;
  const xn = xOf(view, now_ms, width);
  g.fillStyle = ink.of['bg-0'];
  g.fillRect(0, 0, width, height);
  if (xn < width) {
    g.fillStyle = ink.of.future;
    g.fillRect(Math.max(0, xn), 0, width, height);
  }
  hatchBands(g, scene, height);
  g.lineWidth = 1;
  for (const tick of ticksOf(view, width, scene.zone)) {
    const x = Math.round(tick.x) + 0.5;
    g.strokeStyle = ink.of[tick.midnight ? 'line-2' : 'line-1'];
    g.beginPath();
    g.moveTo(x, 0);
    g.lineTo(x, height);
    g.stroke();
  }
  const brush: Brush = { g, ink, view, width, now_ms, selected: scene.selectedSpot, bands: scene.bands };
  for (const row of scene.rows) {
    const y = row.y - scene.scroll;
    if (row.kind === 'group') {
      g.fillStyle = ink.of['bg-3'];
      g.globalAlpha = 0.6;
      g.fillRect(0, y, width, row.h);
      g.globalAlpha = 1;
    }
    g.strokeStyle = ink.of['line-1'];
    g.lineWidth = 1;
    g.beginPath();
    g.moveTo(0, y + row.h - 0.5);
    g.lineTo(width, y + row.h - 0.5);
    g.stroke();
    if (row.kind === 'pool') drawPool(brush, y, row, scene.pools(row.pool.name));
    if (row.kind !== 'lane') continue;
    if (row.cue.id === scene.selectedCue) {
      g.fillStyle = ink.of['live-wash'];
      g.globalAlpha = 0.35;
      g.fillRect(0, y, width, row.h - 1);
      g.globalAlpha = 1;
    }
    drawLane(brush, y, scene.lane(row.cue.id));
  }
  if (xn >= 0 && xn <= width) {
    g.strokeStyle = ink.of.live;
    g.lineWidth = 1.5;
    g.beginPath();
    g.moveTo(xn, 0);
    g.lineTo(xn, height);
    g.stroke();
  }
  if (scene.hoverX !== null) {
    g.strokeStyle = ink.of.mark;
    g.lineWidth = 1;
    g.setLineDash([2, 3]);
    g.beginPath();
    g.moveTo(Math.round(scene.hoverX) + 0.5, 0);
    g.lineTo(Math.round(scene.hoverX) + 0.5, height);
    g.stroke();
    g.setLineDash([]);
  }
  if (scene.range) {
    g.fillStyle = ink.of.live;
    g.globalAlpha = 0.14;
    g.fillRect(scene.range[0], 0, scene.range[1] - scene.range[0], height);
    g.globalAlpha = 1;
  }
}

const POOL_BAR = 16;
const POOL_FOOT = 4;

/** Its use as bars against a dashed line, which is its limit; an amber tick on top where more wanted in. */
function drawPool({ g, ink, view, width, now_ms }: Brush, y: number, row: PoolRow, steps: readonly PoolStep[]): void {
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

/** Grey ground wherever nothing could be fired; at least wide enough to be seen. */
function hatchBands(g: CanvasRenderingContext2D, scene: Scene, height: number): void {
  const { view, width } = scene;
  const bands = bandsIn(scene.bands, startOf(view), view.t1_ms);
  if (bands.length === 0) return;
  g.fillStyle = hatchOf(g, scene.ink);
  for (const band of bands) {
    const x0 = Math.max(0, xOf(view, band.from_ms, width));
    g.fillRect(x0, 0, Math.max(1.5, Math.min(width, xOf(view, band.to_ms, width)) - x0), height);
  }
}

/** What the grey bands are and how long, and where the zone's clock jumps. */
function labelAxis(g: CanvasRenderingContext2D, scene: Scene): void {
  const { ink, view, width, zone } = scene;
  g.font = `11px ${ink.font}`;
  for (const band of bandsIn(scene.bands, startOf(view), view.t1_ms)) {
    const x0 = Math.max(0, xOf(view, band.from_ms, width));
    const x1 = Math.min(width, xOf(view, band.to_ms, width));
    const text = labelFor(band, x1 - x0, (label) => g.measureText(label).width);
    if (text === '') continue;
    const w = g.measureText(text).width;
    const at = (x0 + x1 - w) / 2;
    g.fillStyle = ink.of['bg-1'];
    g.fillRect(at - 4, 15, w + 8, 12);
    g.fillStyle = ink.of['text-2'];
    g.fillText(text, at, 21.5);
  }
  for (const change of clockChanges(zone, startOf(view), view.t1_ms)) {
    const x = Math.round(xOf(view, change.at_ms, width)) + 0.5;
    g.strokeStyle = ink.of.mark;
    g.setLineDash([2, 2]);
    g.beginPath();
    g.moveTo(x, 0);
    g.lineTo(x, AXIS_H);
    g.stroke();
    g.setLineDash([]);
    const w = g.measureText(change.label).width;
    g.fillStyle = ink.of['bg-1'];
    g.fillRect(x + 1, 15, w + 6, 12);
    g.fillStyle = ink.of['text-3'];
    g.fillText(change.label, x + 4, 21.5);
  }
}

export const AXIS_H = 28;

export function paintAxis(canvas: HTMLCanvasElement, scene: Scene): void {
  const { ink, view, width, now_ms, zone } = scene;
  const g = penOf(canvas, ink, width, AXIS_H);
  if (!g) return;
  const xn = xOf(view, now_ms, width);
  g.fillStyle = ink.of['bg-1'];
  g.fillRect(0, 0, width, AXIS_H);
  hatchBands(g, scene, AXIS_H);
  g.textBaseline = 'middle';
  g.lineWidth = 1;
  const ticks = ticksOf(view, width, zone);
  const days = ticks.filter((tick) => tick.midnight).map((tick) => tick.x);
  let right = -99;
  for (const tick of ticks) {
    const x = Math.round(tick.x) + 0.5;
    g.strokeStyle = ink.of[tick.midnight ? 'mark' : 'line-2'];
    g.beginPath();
    g.moveTo(x, tick.midnight ? 14 : 22);
    g.lineTo(x, AXIS_H);
    g.stroke();
    g.font = tick.midnight ? `600 11px ${ink.font}` : `11px ${ink.mono}`;
    const w = g.measureText(tick.label).width;
    const at = x + 4;
    const underDay = !tick.midnight && days.some((d) => (at > d && at < d + 76) || (d > at && d < at + w + 4));
    const underNow = xn > at - 26 && xn < at + w + 26;
    if (at + w >= width - 2 || underDay || underNow || at <= right + 4) continue;
    g.fillStyle = ink.of[tick.midnight ? 'text-2' : 'text-3'];
    g.fillText(tick.label, at, 10);
    right = at + w;
  }
  labelAxis(g, scene);
  if (xn >= 0 && xn <= width) {
    flag(g, ink, width, xn, hm(now_ms, zone), 'live', 'live-ink', 600);
    g.fillStyle = ink.of.live;
    g.fillRect(xn - 0.75, 22, 1.5, 6);
  }
  if (scene.hoverX !== null) flag(g, ink, width, scene.hoverX, hms(timeAt(view, scene.hoverX, width), zone), 'bg-3', 'text-1', 400);
  if (scene.range) {
    g.fillStyle = ink.of.live;
    g.globalAlpha = 0.2;
    g.fillRect(scene.range[0], 0, scene.range[1] - scene.range[0], AXIS_H);
    g.globalAlpha = 1;
  }
}

function flag(g: CanvasRenderingContext2D, ink: Ink, width: number, x: number, text: string, ground: 'live' | 'bg-3', colour: 'live-ink' | 'text-1', weight: number): void {
  g.font = `${weight} 11px ${ink.mono}`;
  const w = g.measureText(text).width + 10;
  const at = Math.min(width - w, Math.max(0, x - w / 2));
  g.fillStyle = ink.of[ground];
  rounded(g, at, 6, w, 16, 3);
  g.fill();
  g.fillStyle = ink.of[colour];
  g.fillText(text, at + 5, 14.5);
}
