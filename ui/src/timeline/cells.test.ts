import { describe, expect, it } from 'vitest';
import { mark, NOW } from '../testing';
import { DAY, HOUR, MINUTE } from '../time';
import type { Mark } from '../wire';
import { added, cellAt, cellFor, cellsIn, cellsOf, type Binned, type Cell } from './cells';
import { cellLines } from './celltext';
import { spotsOf } from './spots';

const CELL_MS = 2 ** 10 * 1000;
const total = (cells: readonly Cell[]) => cells.reduce((sum, c) => ({ due: sum.due + c.due, confirmed: sum.confirmed + c.confirmed, claimed: sum.claimed + c.claimed, aside: sum.aside + c.aside, predicted: sum.predicted + c.predicted }), { due: 0, confirmed: 0, claimed: 0, aside: 0, predicted: 0 });

describe('cells', () => {
  it('are about as wide as they are drawn, on few grids', () => {
    for (const pixel_ms of [DAY / 700, 7 * DAY / 700, 30 * DAY / 700, 45 * DAY / 2500, 15 * MINUTE / 900]) {
      const px = cellFor(pixel_ms) / pixel_ms;
      expect(px, `${pixel_ms}`).toBeGreaterThan(4.5);
      expect(px, `${pixel_ms}`).toBeLessThan(9.5);
    }
    expect(new Set(Array.from({ length: 100 }, (_, i) => cellFor((DAY + i * MINUTE) / 700))).size).toBe(1);
  });
  it('count, and keep the worst exception', () => {
    const marks = [mark({ occurrence_id: '1', due_ms: NOW - 50 }), mark({ occurrence_id: '2', due_ms: NOW - 40, confirmed: 'silent' }), mark({ occurrence_id: '3', due_ms: NOW - 30, confirmed: 'refuted' }), mark({ occurrence_id: '4', due_ms: NOW - 20, confirmed: 'claimed' }), mark({ occurrence_id: '5', due_ms: NOW - 10, scheduled: 'coalesced', delivered: 'none', confirmed: 'none' })];
    const cells = cellsOf(spotsOf('c1', marks, [NOW + 5], NOW), CELL_MS);
    expect(total(cells)).toEqual({ due: 4, confirmed: 1, claimed: 1, aside: 1, predicted: 1 });
    expect(cells.find((c) => c.worst)?.worst?.confirmed).toBe('refuted');
  });
  it('do not move with the view: the same instants lie in the same cells', () => {
    const spots = spotsOf('c1', Array.from({ length: 100 }, (_, i) => mark({ occurrence_id: `o${i}`, due_ms: NOW - (100 - i) * 5 * MINUTE })), [], NOW);
    const late = cellsOf(spots, CELL_MS, NOW - HOUR);
    expect(cellsOf(spots, CELL_MS).slice(-late.length + 1)).toEqual(late.slice(1));
  });
});

describe('what the host counted', () => {
  const counts: Omit<Cell, 'at' | 'worst' | 'predicted' | 'blackout'> = { due: 2, ran: 2, sent: 2, delivered: 2, answered: 2, confirmed: 1, claimed: 1, aside: 0, exceptions: 0 };
  const edge = Math.floor(NOW / CELL_MS);
  const host = (worst: Mark | null = null): Binned => ({ cell_ms: CELL_MS, from_ms: NOW - DAY, to_ms: edge * CELL_MS + 1000, cells: [{ at: edge - 5, ...counts, worst: null }, { at: edge, ...counts, worst }], stale: false });
  it('is added to what happened since, also within one cell, and nothing is counted twice', () => {
    const spots = spotsOf('c1', [mark({ occurrence_id: 'before', due_ms: edge * CELL_MS + 500 }), mark({ occurrence_id: 'since', due_ms: edge * CELL_MS + 2000 }), mark({ occurrence_id: 'next', due_ms: (edge + 1) * CELL_MS })], [], NOW);
    const cells = cellsIn(spots, CELL_MS, host());
    expect(cells.map((cell) => [cell.at - edge, cell.due])).toEqual([[-5, 2], [0, 3], [1, 1]]);
    expect(cellAt(spots, CELL_MS, host(), (edge + 1) * CELL_MS)?.due).toBe(1);
    expect(cellAt(spots, CELL_MS, host(), (edge - 2) * CELL_MS)).toBeNull();
  });
  it('leaves the answer as it was, so that it may be added to again', () => {
    const counted = host();
    const own = cellsOf(spotsOf('c1', [mark({ due_ms: edge * CELL_MS + 2000, confirmed: 'refuted' })], [], NOW), CELL_MS);
    const first = added(counted.cells, own);
    expect(first).toEqual(added(counted.cells, own));
    expect([first[1]?.worst?.confirmed, counted.cells[1]?.worst, counted.cells[1]?.due]).toEqual(['refuted', null, 2]);
  });
  it('keeps the worse of both', () => {
    const lied = mark({ occurrence_id: 'lied', confirmed: 'refuted' });
    const own = cellsOf(spotsOf('c1', [mark({ due_ms: edge * CELL_MS + 2000, confirmed: 'silent' })], [], NOW), CELL_MS);
    expect(added(host(lied).cells, own)[1]?.worst?.occurrence_id).toBe('lied');
  });
});

it('a cell is told in the three verdict lines', () => {
  const cell: Cell = { at: 1, due: 12, ran: 11, sent: 11, delivered: 11, answered: 11, confirmed: 9, claimed: 1, aside: 2, exceptions: 1, worst: null, predicted: 0, blackout: 0 };
  expect(cellLines(cell).map((line) => `${line.word} ${line.detail}`)).toEqual(['Ran 11 of 12; 2 merged, or in a grey band', 'Delivered all 11', 'Confirmed 9 of 11', 'Claimed 1 of 11']);
  expect(cellLines({ ...cell, due: 0, ran: 0, sent: 0, aside: 0, confirmed: 0, claimed: 0, predicted: 4, blackout: 4 }).map((line) => `${line.word} ${line.detail}`)).toEqual(['Due later 4 expected, a blackout will skip all 4']);
});
