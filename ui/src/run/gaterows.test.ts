import { describe, expect, it } from 'vitest';
import { gate, mark, NOW, step } from '../testing';
import { amongSteps, axisOf, type Scene } from './bars';
import { gateBar, gateLabel, gateRowsOf, gatesBefore, gateSpoken, placeOfGate } from './gaterows';
import { EMPTY_TREE, outlineOf, withPage } from './tree';

const SECOND = 1000;
const at = (asked: number, settled: number | null, change: Parameters<typeof gate>[0] = {}) => gate({ asked_at_ms: NOW + asked * SECOND, settled_at_ms: settled === null ? null : NOW + settled * SECOND, state: settled === null ? 'waiting' : 'approved', ...change });
const begun = (...seconds: number[]) => seconds.map((s, i) => step({ ordinal: i + 1, place: i + 1, began_ms: NOW + s * SECOND, ended_ms: NOW + (s + 1) * SECOND }));
const tree = withPage(EMPTY_TREE, 0, 0, begun(0, 10, 20), 3);
const scene = (change: Partial<Scene> = {}): Scene => ({ axis: { from_ms: NOW, span_ms: 100 * SECOND }, now_ms: NOW + 90 * SECOND, live: true, attempt: 1, ended_ms: null, last_ms: NOW + 21 * SECOND, newest: null, ...change });

describe('gates among steps', () => {
  it('stand above the step that came after them, else last', () => {
    const rows = gateRowsOf(tree, outlineOf(tree), [at(30, null, { id: 'b' }), at(12, 19, { id: 'a' })]);
    expect(rows.map((row) => [row.gate.id, row.above, placeOfGate(rows, row)])).toEqual([['a', 2, 2], ['b', 3, 4]]);
    expect([0, 1, 2].map((index) => index + gatesBefore(rows, index))).toEqual([0, 1, 3]);
  });
  it('leave out the one before the delivery', () => expect(amongSteps([at(-60, -10, { about: 'delivery' })])).toEqual([]));
  it('wait as long as nobody answered', () => {
    expect(gateBar(at(30, null), scene())).toMatchObject({ left: 0.3, width: expect.closeTo(0.6) as number });
    expect(gateLabel(at(30, null), scene())).toEqual({ text: 'waits for you, 1 min so far', tone: 'warn', again: false });
  });
  it('say how long it took once somebody did, and whether it held anything up', () => {
    expect(gateBar(at(30, 50), scene())).toMatchObject({ left: 0.3, width: expect.closeTo(0.2) as number });
    expect(gateLabel(at(30, 50), scene()).text).toBe('waited 20 s');
    expect(gateLabel(at(30, 50, { blocking: false }), scene()).text).toBe('answered after 20 s, worked on meanwhile');
    expect(gateSpoken(at(30, 50), '09:00:30', 'waited 20 s')).toBe('approved, asked 09:00:30: waited 20 s');
  });
  it('of a run that ended without an answer end with it', () => expect(gateLabel(at(30, null), scene({ live: false, ended_ms: NOW + 40 * SECOND }))).toEqual({ text: 'waited 10 s', tone: '', again: false }));
  it('are on the axis to their end', () => {
    const steps = { begun: 3, completed: 3, failed: 0, first_ms: NOW, last_ms: NOW + 21 * SECOND };
    expect(axisOf({ mark: mark({ started_at_ms: NOW + 12 }), attempts: [], gates: [at(25, 60)] }, steps, false, NOW).span_ms).toBeCloseTo((60 * SECOND - 12) * 1.13);
  });
});
