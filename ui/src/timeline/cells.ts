//! Lanes too dense for marks: how many were due, ran, arrived and were confirmed in each cell of time. Cells lie on a grid of their own, so that nothing shimmers while the view moves. Pure.
import { badness, isExceptional, isSpan } from '../words';
import type { Cell as HostCell, Mark } from '../wire';
import { lowerBound, type Spot } from './spots';

/** One cell as it is drawn: what was, and what is to come. */
export interface Cell extends HostCell {
  predicted: number;
  /** Of the predicted: those that a blackout will skip. */
  blackout: number;
}

/** Cells of one lane as the host counted them: runs due in `[from_ms, to_ms)`. */
export interface Binned {
  cell_ms: number;
  from_ms: number;
  to_ms: number;
  cells: readonly HostCell[];
  /** Something in it has changed since. */
  stale: boolean;
}

/** How wide a cell is drawn, about. */
export const CELL_PX = 6.5;
/** Where a lane's due times lie closer than this, it is drawn in cells. */
export const DENSE_PX = 3;

/** The grid for a zoom: powers of two of a second, so that neighbouring zooms share one. */
export function cellFor(pixel_ms: number): number {
  return 1000 * 2 ** Math.max(0, Math.round(Math.log2((pixel_ms * CELL_PX) / 1000)));
}

function empty(at: number): Cell {
  return { at, due: 0, ran: 0, sent: 0, delivered: 0, answered: 0, confirmed: 0, claimed: 0, aside: 0, exceptions: 0, worst: null, predicted: 0, blackout: 0 };
}

function count(cell: Cell, mark: Mark, explained: boolean): void {
  if (mark.scheduled === 'coalesced' || (mark.scheduled === 'missed' && explained)) {
    cell.aside++;
    return;
  }
  cell.due++;
  if (mark.scheduled === 'ran') cell.ran++;
  if (mark.delivered !== 'none') cell.sent++;
  if (mark.delivered === 'delivered') cell.delivered++;
  if (mark.confirmed !== 'none') cell.answered++;
  if (mark.confirmed === 'confirmed') cell.confirmed++;
  if (mark.confirmed === 'claimed') cell.claimed++;
  if (!isExceptional(mark, explained)) return;
  cell.exceptions++;
  if (!cell.worst || badness(mark) > badness(cell.worst)) cell.worst = mark;
}

/** Counts a lane's marks from an instant on, and its predicted fires; left to right. */
export function cellsOf(spots: readonly Spot[], cell_ms: number, from_ms = -Infinity): Cell[] {
  const cells: Cell[] = [];
  for (let i = from_ms === -Infinity ? 0 : lowerBound(spots, from_ms); i < spots.length; i++) {
    const { mark, due_ms, blackout, explained } = spots[i] as Spot;
    if (mark && isSpan(mark)) continue;
    const at = Math.floor(due_ms / cell_ms);
    let cell = cells[cells.length - 1];
    if (cell?.at !== at) {
      cell = empty(at);
      cells.push(cell);
    }
    if (!mark || mark.scheduled === 'due') {
      cell.predicted++;
      if (blackout) cell.blackout++;
    } else count(cell, mark, explained);
  }
  return cells;
}

/** What the host counted, and what happened since: where the one ends and the other begins, a cell is made of both. */
export function added(host: readonly HostCell[], own: readonly Cell[]): Cell[] {
  const cells: Cell[] = host.map((cell) => ({ ...cell, predicted: 0, blackout: 0 }));
  for (const cell of own) {
    const last = cells[cells.length - 1];
    if (last?.at !== cell.at) {
      cells.push(cell);
      continue;
    }
    for (const key of ['due', 'ran', 'sent', 'delivered', 'answered', 'confirmed', 'claimed', 'aside', 'exceptions', 'predicted', 'blackout'] as const) last[key] += cell[key];
    if (cell.worst && (!last.worst || badness(cell.worst) > badness(last.worst))) last.worst = cell.worst;
  }
  return cells;
}

/** First cell that reaches beyond a place of the grid. */
export function cellFrom(cells: readonly Cell[], at: number): number {
  let lo = 0;
  let hi = cells.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if ((cells[mid]?.at ?? 0) < at) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

const drawn = new WeakMap<readonly Spot[], { cell_ms: number; host: Binned | null; cells: readonly Cell[] }>();

/** The cells of a lane, made once for the same marks, grid and counts. */
export function cellsIn(spots: readonly Spot[], cell_ms: number, host: Binned | null): readonly Cell[] {
  const known = drawn.get(spots);
  if (known?.cell_ms === cell_ms && known.host === host) return known.cells;
  const own = cellsOf(spots, cell_ms, host?.to_ms);
  const cells = host ? added(host.cells, own) : own;
  drawn.set(spots, { cell_ms, host, cells });
  return cells;
}

/** The cell of a lane that an instant lies in, if anything was due in it. */
export function cellAt(spots: readonly Spot[], cell_ms: number, host: Binned | null, at_ms: number): Cell | null {
  const cells = cellsIn(spots, cell_ms, host);
  const at = Math.floor(at_ms / cell_ms);
  const cell = cells[cellFrom(cells, at)];
  return cell?.at === at ? cell : null;
}
