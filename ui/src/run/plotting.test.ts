//! Grids of charts.
import { describe, expect, it } from 'vitest';
import { gridOf } from './plotting';

describe('the grid of a chart', () => {
  it('stands at ones, twos and fives, and at no more lines than asked for', () => {
    expect(gridOf(12)).toEqual([0, 5, 10]);
    expect(gridOf(3)).toEqual([0, 1, 2, 3]);
    expect(gridOf(0.37).map((at) => Number(at.toFixed(2)))).toEqual([0, 0.2]);
    expect(gridOf(9000, 4)).toEqual([0, 5000]);
  });
  it('nothing has one line', () => expect([gridOf(0), gridOf(Number.NaN)]).toEqual([[0], [0]]));
});
