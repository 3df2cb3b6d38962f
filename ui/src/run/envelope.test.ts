import { describe, expect, it } from 'vitest';
import type { BandOf, EnvelopeView, MeasureView } from '../wire';
import { isOutside, known, lastIsOutside, measureOf, runsOf, standOf, standWords, usualRange, type Known } from './envelope';

const cost = ({ unit = 'usd', measure = 'cost', values = [0.21, 0.23, 0.26, 0.02], ...band }: Partial<MeasureView & BandOf> = {}): Known => ({
  measure, unit, band: { n: 12, median: 0.23, mad: 0.01, low: 0.2, high: 0.3, p5: 0.21, p95: 0.26, ...band }, values, run_ids: ['a', 'b', 'c', 'd']
});
const envelope = (...measures: MeasureView[]): EnvelopeView => ({ runs: 12, measures });

it('what too few runs told is not shown, the rest in one order', () => {
  const few = envelope(cost(), cost({ measure: 'duration', unit: 'ms', n: 30 }), { ...cost({ measure: 'steps' }), band: null });
  expect(known(few).map((one) => one.measure)).toEqual(['duration', 'cost']);
  expect(known(null)).toEqual([]);
  expect([measureOf(few, 'Working time')?.measure, measureOf(few, 'Steps'), measureOf(few, 'Attempts')]).toEqual(['duration', null, null]);
});

it.each<[Partial<MeasureView & BandOf>, string]>([
  [{}, '$0.21 to $0.26'], [{ unit: 'ms', p5: 360_000, p95: 720_000 }, '6 min to 12 min'], [{ unit: 'steps', p5: 12, p95: 12 }, 'always 12'], [{ unit: 'tokens', p5: 9_000, p95: 1_200_000 }, '9,000 to 1.2M']
])('the range of %j is %s', (change, words) => expect(usualRange(cost(change))).toBe(words));

it('both sides are outside', () => expect([0.2, 0.21, 0.25, 0.26, 0.27].map((value) => isOutside(cost(), value))).toEqual([true, false, false, false, true]));

it('runs stand newest first, also one that told of some figures alone', () => {
  const [some, few] = [{ run_ids: ['a', 'b', 'c'] }, { run_ids: ['b', 'x'] }];
  expect(runsOf([few, some])).toEqual(['c', 'b', 'a', 'x']);
  expect(runsOf([])).toEqual([]);
});

describe('a value on its range', () => {
  it('the range is the middle of the bar', () => {
    const stand = standOf(cost(), 0.235);
    expect(stand.at).toBeCloseTo(0.5);
    expect(stand).toMatchObject({ beyond: 0, outside: false });
    expect(stand.to - stand.from).toBeCloseTo(1 / 3.2);
  });
  it.each([[0.02, -1, 0, 'less'], [2, 1, 1, 'more'], [0.28, 0, null, 'more']])('%s', (value, beyond, at, words) => {
    const stand = standOf(cost(), value);
    expect([stand.beyond, stand.outside]).toEqual([beyond, true]);
    if (at !== null) expect(stand.at).toBe(at);
    expect(standWords(cost(), value)).toContain(`usually $0.21 to $0.26: ${words} than usual`);
  });
  it('runs that are all alike have a range to stand on all the same', () => {
    const stand = standOf(cost({ p5: 12, p95: 12, median: 12 }), 12);
    expect(stand.at).toBeCloseTo(0.5);
    expect(stand.outside).toBe(false);
    expect(stand.to).toBeGreaterThan(stand.from);
    expect(standOf(cost({ p5: 0, p95: 0, median: 0 }), 3)).toMatchObject({ beyond: 1 });
  });
});

it('the ring of the last run: only after ten, and only where it really differs', () => {
  const even = Array.from({ length: 12 }, (_, i) => 1 + (i % 3) * 0.05);
  expect(lastIsOutside([...even.slice(0, 9), 9])).toBe(false);
  expect(lastIsOutside([...even, 1.12])).toBe(false);
  expect([lastIsOutside([...even, 2]), lastIsOutside([...even, 0.1]), lastIsOutside([])]).toEqual([true, true, false]);
});
