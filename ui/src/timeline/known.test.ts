import { expect, it } from 'vitest';
import type { Binned } from './cells';
import { bestCounts, isCounted, isWhole, NOTHING_KNOWN, withChange, withCounts, withStretch, type LaneKnown } from './known';

const binned = (cell_ms: number, from_ms: number, to_ms: number): Binned => ({ cell_ms, from_ms, to_ms, cells: [], stale: false });
const lane = (change: Partial<LaneKnown>): LaneKnown => ({ ...NOTHING_KNOWN, ...change });

it('stretches that touch become one, others stay apart', () => {
  let list = withStretch([], { from_ms: 0, to_ms: 10 });
  list = withStretch(list, { from_ms: 20, to_ms: 30 });
  expect(list).toHaveLength(2);
  expect(withStretch(list, { from_ms: 10, to_ms: 20 })).toEqual([{ from_ms: 0, to_ms: 30 }]);
  expect(withStretch(list, { from_ms: 25, to_ms: 40 })).toEqual([{ from_ms: 0, to_ms: 10 }, { from_ms: 20, to_ms: 40 }]);
});

it('a stretch is whole only where one piece covers it; nothing at all always is', () => {
  const known = lane({ whole: [{ from_ms: 0, to_ms: 10 }, { from_ms: 20, to_ms: 30 }] });
  expect([isWhole(known, 2, 8), isWhole(known, 5, 25), isWhole(known, 9, 9), isWhole(undefined, 5, 4), isWhole(undefined, 4, 5)]).toEqual([true, false, true, true, false]);
});

it('counts are good for their own grid and stretch, until something in them changes', () => {
  const known = lane({ binned: [binned(8, 0, 100)] });
  expect([isCounted(known, 8, 10, 90), isCounted(known, 4, 10, 90), isCounted(known, 8, 50, 101)]).toEqual([true, false, false]);
  expect(withChange(known, 100), 'due after them').toBe(known);
  const changed = withChange(known, 50);
  expect(isCounted(changed, 8, 10, 90)).toBe(false);
  expect(bestCounts(changed, 8, 10, 90)?.stale, 'still drawn until there are better ones').toBe(true);
});

it('until its own counts are here, a zoom is drawn with the nearest that show it', () => {
  const known = lane({ binned: [binned(4, 40, 60), binned(64, 0, 100), binned(16, 0, 100)] });
  expect(bestCounts(known, 8, 10, 90)?.cell_ms).toBe(16);
  expect(bestCounts(known, 4, 45, 55)?.cell_ms).toBe(4);
  expect(bestCounts(known, 4, 200, 300)).toBeNull();
});

it('new counts take the place of those of their grid', () => {
  const list = withCounts([binned(8, 0, 10), binned(4, 0, 10)], binned(8, 50, 60));
  expect(list.map((one) => [one.cell_ms, one.from_ms])).toEqual([[8, 50], [4, 0]]);
});
