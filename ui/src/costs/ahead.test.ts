//! What is still to come, from due times and from what runs have cost.
import { describe, expect, it } from 'vitest';
import { DAY, HOUR } from '../time';
import type { CueCost, SimulatedFire, SimulatedLane, Simulation } from '../wire';
import { aheadOf, courseOf, perRun, usualDay } from './ahead';

/** A Friday, 09:00 in Madrid. */
const NOW = Date.UTC(2026, 10, 20, 8, 0);
const ZONE = 'Europe/Madrid';
const cost = (id: string, usd: number | null, runs: number, untold = 0): CueCost => ({ cue_id: id, cue: id, agent: '', deleted: false, today: { tokens: null, cost_usd: null }, total: { tokens: null, cost_usd: usd }, runs, runs_untold: untold, per_confirmed_usd: null, unproven_usd: null, not_priced: 0 });
const lane = (cue_id: string, ran: number): SimulatedLane => ({ cue_id, cue_name: `${cue_id}-name`, words: '', run_ms: 0, ran, skipped_overlap: 0, skipped_blackout: 0, waited: 0, most_at_once: 1, notes: [] });
const fire = (cue_id: string, due_ms: number, end = 'ran'): SimulatedFire => ({ cue_id, due_ms, triggered_by: 'scheduled', end, reason: null, offset_minutes: 60 });
const week = (lanes: SimulatedLane[], fires: SimulatedFire[], truncated = false): Simulation => ({ from_ms: NOW, to_ms: NOW + 7 * DAY, lanes, fires, truncated });

describe('what a run costs', () => {
  it('is shared by those that told', () => expect([perRun(cost('a', 6, 4, 1)), perRun(cost('a', null, 4)), perRun(cost('a', 1, 2, 2))]).toEqual([2, null, null]));
});

describe('ahead', () => {
  const by_cue = [cost('a', 2, 2), cost('b', 0.5, 1), cost('mute', null, 3, 3)];
  it('today ends at midnight on the owner’s clock, what is skipped costs nothing, the week is the sum of the lanes', () => {
    const fires = [fire('a', NOW + HOUR), fire('a', NOW + 2 * HOUR, 'skipped'), fire('b', Date.UTC(2026, 10, 20, 22, 59)), fire('a', Date.UTC(2026, 10, 20, 23, 0)), fire('mute', NOW + HOUR)];
    const ahead = aheadOf({ by_cue }, week([lane('a', 14), lane('b', 7), lane('mute', 2)], fires), NOW, ZONE);
    expect(ahead.rest_usd).toBeCloseTo(1.5);
    expect(ahead.week_usd).toBeCloseTo(17.5);
    expect(ahead.unknown).toBe(1);
  });
  it('the dearest hour names who meets in it', () => {
    const friday = Date.UTC(2026, 10, 27, 7, 5);
    const ahead = aheadOf({ by_cue }, week([lane('a', 3), lane('b', 2)], [fire('b', friday), fire('a', friday + 60_000), fire('a', NOW + HOUR)]), NOW, ZONE);
    expect(ahead.dearest).toEqual({ words: 'Fridays 08:00', usd: 1.5, cues: ['a-name', 'b-name'] });
  });
  it('where too many due times stand before midnight, the rest of the day is not known', () => {
    const ahead = aheadOf({ by_cue }, week([lane('a', 9000)], [fire('a', NOW + HOUR)], true), NOW, ZONE);
    expect([ahead.rest_usd, ahead.dearest, ahead.week_usd]).toEqual([null, null, 9000]);
    expect(courseOf(3, ahead, 12)).toBeNull();
  });
  it('the course is held against the fuse', () => {
    expect(courseOf(6.5, { rest_usd: 2 }, 12)).toEqual({ usd: 8.5, left_usd: 3.5, over: false });
    expect(courseOf(6.5, { rest_usd: 7 }, 12)).toEqual({ usd: 13.5, left_usd: 1.5, over: true });
    expect(courseOf(6.5, { rest_usd: 7 }, null)).toEqual({ usd: 13.5, left_usd: null, over: false });
  });
});

it('a usual day is known after ten, and leaves out today', () => {
  expect(usualDay([1, 1, 1, 99])).toBeNull();
  expect(usualDay([...Array.from({ length: 10 }, () => 2), 99])).toBe(2);
  expect(usualDay([null, ...Array.from({ length: 11 }, (_, i) => i), 99])).toBeCloseTo(9.5);
});
