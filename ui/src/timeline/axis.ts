//! Draws the axis above the lanes: hours and days, grey bands and what they are, now, the pointer's time.
import { hm, hms } from '../time';
import { bandsIn, clockChanges, labelsOf } from './bands';
import { rounded, type Ink } from './ink';
import { hatchBands, penOf, sharp } from './pen';
import type { Scene } from './scene';
import { ticksOf } from './ticks';
import { startOf, timeAt, xOf } from './view';

/** What the grey bands are and how long, and where the zone's clock jumps. */
function labelAxis(g: CanvasRenderingContext2D, scene: Scene): void {
  const { ink, view, width, zone } = scene;
  g.font = `11px ${ink.font}`;
  const lying = bandsIn(scene.bands, startOf(view), view.t1_ms).map((band) => ({ band, from: Math.max(0, xOf(view, band.from_ms, width)), to: Math.min(width, xOf(view, band.to_ms, width)) }));
  const changes = clockChanges(zone, startOf(view), view.t1_ms).map(({ at_ms, label }) => ({ x: sharp(xOf(view, at_ms, width)), label, w: g.measureText(label).width }));
  const xn = xOf(view, scene.now_ms, width);
  const taken = [[xn - FLAG_PX / 2, xn + FLAG_PX / 2] as const, ...changes.map(({ x, w }) => [x - 1, x + 7 + w] as const)];
  for (const { text, at } of labelsOf(lying, width, taken, (words) => g.measureText(words).width)) {
    g.fillStyle = ink.of['bg-1'];
    g.fillRect(at - 4, 15, g.measureText(text).width + 8, 12);
    g.fillStyle = ink.of['text-2'];
    g.fillText(text, at, 21.5);
  }
  for (const { x, label, w } of changes) {
    g.strokeStyle = ink.of.mark;
    g.setLineDash([2, 2]);
    g.beginPath();
    g.moveTo(x, 0);
    g.lineTo(x, AXIS_H);
    g.stroke();
    g.setLineDash([]);
    g.fillStyle = ink.of['bg-1'];
    g.fillRect(x + 1, 15, w + 6, 12);
    g.fillStyle = ink.of['text-3'];
    g.fillText(label, x + 4, 21.5);
  }
}

export const AXIS_H = 28;
/** How wide the time of now is written, about: "09:02" on its ground. */
const FLAG_PX = 52;

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
    const x = sharp(tick.x);
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
