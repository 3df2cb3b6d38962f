//! Draws a lane where its runs lie too close for marks: cells whose height is a share, with the worst of each cell on top.
import { clearNow, groundAt, outline, ROW_Y, SIZE, type Brush, type LaneScene } from './brush';
import { cellFrom, cellsIn, type Cell } from './cells';
import { drawMark } from './ink';
import * as boardText from '../text/board';
import { reachIn, startOf, xOf } from './view';

/** Cells: fill height is the share that ran, was delivered, was confirmed. One colour at a time, as there are thousands. */
export function drawShare(brush: Brush, lane: LaneScene, y0: number): void {
  const { g, ink, view, width } = brush;
  const [ya, yb, yc] = [y0 + ROW_Y[0], y0 + ROW_Y[1], y0 + ROW_Y[2]];
  const cell_ms = lane.binned?.cell_ms ?? lane.cell_ms;
  const all = cellsIn(lane.spots, cell_ms, lane.binned);
  const step = (cell_ms / view.span_ms) * width;
  const w = Math.max(1, step - Math.min(1.5, step / 4));
  const x = (cell: Cell) => xOf(view, cell.at * cell_ms, width);
  const reach_ms = reachIn(view, width);
  const { from_ms, to_ms } = brush.part ?? { from_ms: startOf(view) - reach_ms, to_ms: view.t1_ms + reach_ms };
  const cells = all.slice(cellFrom(all, Math.floor(from_ms / cell_ms)), cellFrom(all, Math.ceil(to_ms / cell_ms)));
  const newest = cells.find((c) => c.due > 0 && c.at === Math.floor(brush.now_ms / cell_ms));
  if (newest) clearNow(brush, x(newest) + w / 2, yb, w, yc - ya + SIZE);
  g.fillStyle = ink.of.mark;
  g.globalAlpha = 0.75;
  for (const c of cells) {
    const at = x(c);
    if (c.due > 0) {
      g.fillRect(at, ya + 3.5 - (7 * c.ran) / c.due, w, (7 * c.ran) / c.due);
      if (c.sent > 0) g.fillRect(at, yb + 3.5 - (7 * c.delivered) / c.sent, w, (7 * c.delivered) / c.sent);
    } else if (c.aside > 0) g.fillRect(at, ya - 3, w, 1.5);
  }
  g.globalAlpha = 0.85;
  for (const c of cells) {
    if (c.claimed === 0) continue;
    const sure = (7 * c.confirmed) / c.answered;
    const said = (7 * c.claimed) / c.answered;
    g.fillRect(x(c), yc + 3.5 - sure - said, w, Math.min(said, 3.5));
  }
  g.fillStyle = ink.of.ok;
  for (const c of cells) if (c.confirmed > 0) g.fillRect(x(c), yc + 3.5 - (7 * c.confirmed) / c.answered, w, (7 * c.confirmed) / c.answered);
  g.globalAlpha = 1;
  for (const c of cells) if (c.predicted > 0 && c.due === 0) drawExpected(brush, x(c), ya, step, c.blackout === c.predicted);
  if (lane.goesOn_ms !== null) drawGoesOn(brush, xOf(view, (Math.floor(lane.goesOn_ms / cell_ms) + 1) * cell_ms, width), ya);
  for (const c of cells) {
    if (!c.worst) continue;
    const at = x(c) + step / 2;
    const bounced = c.worst.delivered === 'bounced';
    const row = bounced ? yb : c.worst.confirmed === 'none' ? ya : yc;
    g.fillStyle = ink.of[groundAt(brush, c.worst.due_ms)];
    g.fillRect(at - 6, row - 5, 12, 10);
    if (bounced) drawMark(g, ink, 'D', c.worst.delivered, at, row, SIZE);
    else if (row === ya) drawMark(g, ink, 'S', c.worst.scheduled, at, row, SIZE);
    else drawMark(g, ink, 'C', c.worst.confirmed, at, row, SIZE);
  }
  const chosen = brush.selected === null ? undefined : (lane.spots.find((spot) => spot.id === brush.selected)?.due_ms ?? cells.find((c) => c.worst?.occurrence_id === brush.selected)?.worst?.due_ms);
  if (chosen !== undefined) outline(brush, (Math.floor(chosen / cell_ms) * cell_ms + cell_ms / 2 - startOf(view)) * (width / view.span_ms), y0, 16);
}

/** Where a lane's fires are told no further, a pale band to the edge says that there are more. */
export function drawGoesOn({ g, ink, width }: Brush, from: number, ya: number): void {
  if (from >= width) return;
  g.fillStyle = ink.of.mark;
  g.globalAlpha = 0.16;
  g.fillRect(from, ya - 3, width - from, 6);
  g.globalAlpha = 1;
  g.font = `11px ${ink.font}`;
  g.textBaseline = 'middle';
  if (width - from < g.measureText(boardText.goesOn).width + 12) return;
  g.lineJoin = 'round';
  g.lineWidth = 4;
  g.strokeStyle = ink.of.future;
  g.strokeText(boardText.goesOn, from + 6, ya + 0.5);
  g.fillStyle = ink.of['text-3'];
  g.fillText(boardText.goesOn, from + 6, ya + 0.5);
}

/** A cell of the future; only its ground line where a blackout skips all of it. */
function drawExpected({ g, ink }: Brush, x: number, ya: number, step: number, blackout = false): void {
  g.strokeStyle = ink.of.mark;
  g.globalAlpha = 0.6;
  g.lineWidth = 1;
  if (blackout) {
    g.fillStyle = ink.of.mark;
    g.fillRect(x, ya + 2, step - 1.5, 1);
  } else g.strokeRect(x + 0.5, ya - 2.5, Math.max(1, step - 2.5), 5);
  g.globalAlpha = 1;
}
