//! Draws the plot: ground, ruling, now, lanes. Only what is visible; and where the picture is the last one moved, only what came into sight.
import { isSpan } from '../words';
import type { Brush } from './brush';
import { ratioOf } from './ink';
import { detailIn, drawLane } from './lane';
import { movedBy, type Filled, type Picture } from './moved';
import { hatchBands, penOf, sharp } from './pen';
import { drawPool } from './poolrow';
import type { Row } from './rows';
import type { Scene } from './scene';
import { visible } from './spots';
import { ticksOf } from './ticks';
import { reachIn, timeAt, xOf } from './view';

/** A part of the plot, in its own pixels. */
interface Area {
  x: number;
  y: number;
  w: number;
  h: number;
}

/** The plot's canvas, and what it shows. */
export class Plot {
  #shown: Picture | null = null;

  paint(canvas: HTMLCanvasElement, scene: Scene): void {
    const size = [canvas.width, canvas.height];
    const g = penOf(canvas, scene.ink, scene.width, scene.height);
    if (!g) return;
    // A canvas that gets another size is blank.
    if (canvas.width !== size[0] || canvas.height !== size[1]) this.#shown = null;
    const ratio = ratioOf(scene.ink);
    const rows = scene.rows.map((row): Filled => ({ row, lane: row.kind === 'lane' ? scene.lane(row.cue.id) : null, pool: row.kind === 'pool' ? scene.pools(row.pool.name) : null }));
    const by = this.#shown && movedBy(this.#shown, scene, rows, ratio);
    if (!this.#shown || !by) {
      this.#shown = { scene, rows, whole: { t1_ms: scene.view.t1_ms, scroll: scene.scroll }, x: 0, y: 0 };
      draw(g, this.#shown, null);
      return;
    }
    this.#shown = { ...this.#shown, scene, rows, x: this.#shown.x + by.x, y: this.#shown.y + by.y };
    if (by.x === 0 && by.y === 0) return;
    g.setTransform(1, 0, 0, 1, 0, 0);
    g.drawImage(canvas, by.x, by.y);
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    for (const area of uncovered(scene, rows, by.x / ratio, by.y / ratio)) {
      g.save();
      g.beginPath();
      g.rect(area.x, area.y, area.w, area.h);
      g.clip();
      draw(g, this.#shown, area);
      g.restore();
    }
  }
}

/** What a picture that was moved does not cover, or shows otherwise than one that is drawn whole. */
function uncovered({ width, height, scroll, view }: Scene, rows: readonly Filled[], x: number, y: number): Area[] {
  const areas: Area[] = [];
  if (y !== 0) areas.push({ x: 0, y: y > 0 ? 0 : height + y, w: width, h: Math.abs(y) });
  if (x === 0) return areas;
  areas.push({ x: x > 0 ? 0 : width + x, y: 0, w: Math.abs(x), h: height });
  for (const { row, lane } of rows) {
    // Words stand where there is room in the view, and dashes begin at its edge.
    const byView = row.kind === 'pool' || (lane !== null && (detailIn(lane, view, width) === 'open' || visible(lane.spots, view, 0).some((spot) => spot.mark !== null && isSpan(spot.mark))));
    if (byView) areas.push({ x: 0, y: row.y - scroll, w: width, h: row.h });
  }
  return areas;
}

/** All of it, or what lies in an area that the pen is bound to. */
function draw(g: CanvasRenderingContext2D, { scene, rows, x: movedX, y: movedY }: Picture, area: Area | null): void {
  const { ink, view, width, height, now_ms } = scene;
  const xn = xOf(view, now_ms, width);
  g.fillStyle = ink.of['bg-0'];
  g.fillRect(0, 0, width, height);
  if (xn < width) {
    g.fillStyle = ink.of.future;
    g.fillRect(Math.max(0, xn), 0, width, height);
  }
  hatchBands(g, scene, height, { x: movedX, y: movedY });
  g.lineWidth = 1;
  for (const tick of ticksOf(view, width, scene.zone)) {
    const x = sharp(tick.x);
    g.strokeStyle = ink.of[tick.midnight ? 'line-2' : 'line-1'];
    g.beginPath();
    g.moveTo(x, 0);
    g.lineTo(x, height);
    g.stroke();
  }
  const reach_ms = reachIn(view, width);
  const part = area === null || area.w === width ? null : { from_ms: timeAt(view, area.x, width) - reach_ms, to_ms: timeAt(view, area.x + area.w, width) + reach_ms };
  const brush: Brush = { g, ink, view, width, now_ms, selected: scene.selectedSpot, bands: scene.bands, stands: scene.stands, part };
  const [top, bottom] = area === null ? [0, height] : [area.y, area.y + area.h];
  const shown = rows.flatMap((filled) => {
    const y = filled.row.y - scene.scroll;
    return y < bottom && y + filled.row.h > top ? [{ filled, y }] : [];
  });
  for (const { filled, y } of shown) drawGround(brush, y, filled.row, scene.selectedCue);
  // Below the marks: one that came just now is read, and not crossed out.
  drawNow(g, scene, xn);
  for (const { filled, y } of shown) {
    if (filled.row.kind === 'pool' && filled.pool) drawPool(brush, y, filled.row, filled.pool);
    if (filled.row.kind === 'lane' && filled.lane) drawLane(brush, y, filled.lane);
  }
  drawPointed(g, scene);
}

/** What a row stands on. */
function drawGround({ g, ink, width }: Brush, y: number, row: Row, selectedCue: string | null): void {
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
  if (row.kind === 'lane' && row.cue.id === selectedCue) {
    g.fillStyle = ink.of['live-wash'];
    g.globalAlpha = 0.35;
    g.fillRect(0, y, width, row.h - 1);
    g.globalAlpha = 1;
  }
}

function drawNow(g: CanvasRenderingContext2D, { ink, width, height }: Scene, xn: number): void {
  if (xn < 0 || xn > width) return;
  g.strokeStyle = ink.of.live;
  g.lineWidth = 1.5;
  g.beginPath();
  g.moveTo(xn, 0);
  g.lineTo(xn, height);
  g.stroke();
}

/** Where the pointer is, and what is being chosen of the axis. */
function drawPointed(g: CanvasRenderingContext2D, { ink, height, hoverX, range }: Scene): void {
  if (hoverX !== null) {
    g.strokeStyle = ink.of.mark;
    g.lineWidth = 1;
    g.setLineDash([2, 3]);
    g.beginPath();
    g.moveTo(sharp(hoverX), 0);
    g.lineTo(sharp(hoverX), height);
    g.stroke();
    g.setLineDash([]);
  }
  if (range) {
    g.fillStyle = ink.of.live;
    g.globalAlpha = 0.14;
    g.fillRect(range[0], 0, range[1] - range[0], height);
    g.globalAlpha = 1;
  }
}
