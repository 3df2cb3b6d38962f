import { describe, expect, it } from 'vitest';
import { alert, cue, event, mark, NOW } from '../testing';
import type { Board } from '../wire';
import { busyCues, completeSince, EMPTY_FLEET, fleetFrom, lastCost, markOfRun, newestFirst, nextFire, unexplained, withAlerts, withCue, withEvent, withHistory, withoutPast } from './fleet';

const MIN = 60_000;

function board(change: Partial<Board> = {}): Board {
  return { seq: 10, now_ms: NOW, cues: [cue()], marks: [mark({ occurrence_id: 'b', due_ms: NOW }), mark({ occurrence_id: 'a', due_ms: NOW - MIN })], alerts: [], bands: [], truncated: false, ...change };
}

const ids = (fleet: ReturnType<typeof fleetFrom>, cueId = 'c1') => (fleet.lanes.get(cueId) ?? []).map((m) => m.occurrence_id);

it('a board answer is put in order of due time', () => expect(ids(fleetFrom(board()))).toEqual(['a', 'b']));

describe('withEvent', () => {
  it('puts a row in place of the one with the same id', () => {
    const fleet = withEvent(fleetFrom(board()), event(11, { marks: [mark({ occurrence_id: 'a', due_ms: NOW - MIN, confirmed: 'silent' })] }));
    expect(ids(fleet)).toEqual(['a', 'b']);
    expect(fleet.lanes.get('c1')?.[0]?.confirmed).toBe('silent');
  });
  it('inserts by due time, also when an instant moved', () => {
    let fleet = withEvent(fleetFrom(board()), event(11, { marks: [mark({ occurrence_id: 'c', due_ms: NOW - MIN / 2 })] }));
    expect(ids(fleet)).toEqual(['a', 'c', 'b']);
    fleet = withEvent(fleet, event(12, { marks: [mark({ occurrence_id: 'a', due_ms: NOW + MIN })] }));
    expect(ids(fleet)).toEqual(['c', 'b', 'a']);
  });
  it('an event that is already contained changes nothing', () => {
    const fleet = fleetFrom(board());
    expect(withEvent(fleet, event(10, { cues_removed: ['c1'] }))).toBe(fleet);
  });
  it('leaves the lanes of other cues as they are', () => {
    const fleet = fleetFrom(board({ cues: [cue(), cue({ id: 'c2' })], marks: [mark(), mark({ cue_id: 'c2', occurrence_id: 'z' })] }));
    const next = withEvent(fleet, event(11, { marks: [mark({ confirmed: 'failed' })] }));
    expect(next.lanes.get('c2')).toBe(fleet.lanes.get('c2'));
    expect(next.lanes.get('c1')).not.toBe(fleet.lanes.get('c1'));
  });
  it('a removed cue leaves its name and its runs', () => {
    const fleet = withEvent(fleetFrom(board()), event(11, { cues_removed: ['c1'] }));
    expect([fleet.cues.size, fleet.names.get('c1'), ids(fleet)]).toEqual([0, 'lead-digest', ['a', 'b']]);
  });
  it('many marks at once end up the same as one by one', () => {
    const many = Array.from({ length: 300 }, (_, i) => mark({ occurrence_id: `m${i}`, due_ms: NOW + ((i * 7919) % 300) * MIN }));
    const atOnce = withEvent(EMPTY_FLEET, event(1, { marks: many }));
    const oneByOne = many.reduce((fleet, m, i) => withEvent(fleet, event(i + 1, { marks: [m] })), EMPTY_FLEET);
    expect(ids(atOnce)).toEqual(ids(oneByOne));
  });
});

it('older runs that were asked for never take the place of newer news', () => {
  const fleet = withHistory(fleetFrom(board()), [mark({ occurrence_id: 'a', due_ms: NOW - MIN, confirmed: 'working' }), mark({ occurrence_id: 'old', due_ms: NOW - 9 * MIN })]);
  expect(ids(fleet)).toEqual(['old', 'a', 'b']);
  expect(fleet.lanes.get('c1')?.[1]?.confirmed).toBe('confirmed');
  expect(withHistory(fleet, [mark({ occurrence_id: 'old', due_ms: NOW - 9 * MIN })])).toBe(fleet);
});

it('an older answer about a cue does not undo a newer one', () => {
  const fleet = withCue(fleetFrom(board()), cue({ revision: 3, name: 'new-name' }));
  expect(withCue(fleet, cue({ revision: 2 })).cues.get('c1')?.name).toBe('new-name');
  expect(fleet.names.get('c1')).toBe('new-name');
});

it('alerts are put in place by id', () => {
  const fleet = withAlerts(fleetFrom(board({ alerts: [alert()] })), [alert({ state: 'acknowledged' }), alert({ id: 'a2' })]);
  expect([...fleet.alerts.values()].map((a) => `${a.id} ${a.state}`)).toEqual(['a1 acknowledged', 'a2 open']);
});

it('finds runs, newest first, and by id', () => {
  const fleet = fleetFrom(board({ marks: [mark({ occurrence_id: 'a', run_id: 'ra', due_ms: NOW - MIN }), mark({ occurrence_id: 'b', run_id: 'rb', due_ms: NOW }), mark({ occurrence_id: 'z', cue_id: 'c2', run_id: 'rz', due_ms: NOW - 5 })] }));
  expect(newestFirst(fleet, () => true, 2).map((m) => m.run_id)).toEqual(['rb', 'rz']);
  expect(markOfRun(fleet, 'ra')?.occurrence_id).toBe('a');
  expect(markOfRun(fleet, 'nobody')).toBeUndefined();
});

it('the next fire is the soonest of the armed ones', () => {
  const fleet = fleetFrom(board({ cues: [cue({ id: '1', next_run_ms: NOW + 9 * MIN }), cue({ id: '2', next_run_ms: NOW + 2 * MIN, status: 'paused' }), cue({ id: '3', next_run_ms: NOW + 5 * MIN }), cue({ id: '4', next_run_ms: NOW - MIN })] }));
  expect(nextFire(fleet, NOW)?.id).toBe('3');
  expect(nextFire(EMPTY_FLEET, NOW)).toBeNull();
});

it('counts due times without an explanation', () => {
  const holes = [mark({ occurrence_id: 'x', scheduled: 'due', due_ms: NOW - MIN }), mark({ occurrence_id: 'y', scheduled: 'missed' }), mark({ occurrence_id: 'z', scheduled: 'missed', scheduled_reason: 'the tower was off' }), mark({ occurrence_id: 'w', scheduled: 'due', due_ms: NOW - 1000 })];
  expect(unexplained(fleetFrom(board({ marks: holes })), NOW)).toBe(2);
});

it('a board is complete since its range began, or since what follows on the oldest mark it was cut to', () => {
  const live = mark({ occurrence_id: 'live', due_ms: NOW - 500 * MIN, confirmed: 'working' });
  expect(completeSince(board(), 2, NOW - 60 * MIN)).toBe(NOW - 60 * MIN);
  expect(completeSince(board({ truncated: true, marks: [...board().marks, live] }), 2, NOW - 600 * MIN), 'others may have been due with the oldest one').toBe(NOW - MIN + 1);
});

it('the past is let go of, but not of lanes in sight, nor what is under way or asks', () => {
  const old = NOW - 100 * MIN;
  const fleet = fleetFrom(board({ marks: [mark({ occurrence_id: 'old', due_ms: old }), mark({ occurrence_id: 'live', due_ms: old, confirmed: 'working' }), mark({ occurrence_id: 'asks', due_ms: old, scheduled: 'held', asks: true, confirmed: 'none', delivered: 'none' }), mark({ occurrence_id: 'seen', cue_id: 'c2', due_ms: old }), mark({ occurrence_id: 'new' })] }));
  const less = withoutPast(fleet, NOW - MIN, new Set(['c2']));
  expect([ids(less), ids(less, 'c2')]).toEqual([['asks', 'live', 'new'], ['seen']]);
});

it('a cue is out of the ordinary by its runs or by its alerts', () => {
  const fleet = fleetFrom(board({ marks: [mark({ cue_id: 'fine' }), mark({ occurrence_id: '2', cue_id: 'lied', confirmed: 'refuted' }), mark({ occurrence_id: '3', cue_id: 'runs', confirmed: 'working', ended_at_ms: null })], alerts: [alert({ cue_id: 'told' }), alert({ id: 'a2', cue_id: 'over', state: 'resolved' })] }));
  expect([...busyCues(fleet)].sort()).toEqual(['lied', 'runs', 'told']);
});

it('the last cost is of the newest run that has ended and told of one', () => {
  const lane = [mark({ cost_usd: 0.23 }), mark({ cost_usd: 0.0045, confirmed: 'refuted' }), mark({ cost_usd: null }), mark({ cost_usd: 0.1, ended_at_ms: null, confirmed: 'working' })];
  expect([lastCost(lane), lastCost(lane.slice(2)), lastCost([])]).toEqual([0.0045, null, null]);
});
