//! What needs the owner is counted by its trouble.
import { describe, expect, it } from 'vitest';
import { alert, gate, login, mark, NOW } from '../testing';
import { HOUR, MINUTE } from '../time';
import { EMPTY_FLEET, withAlerts, withHistory } from './fleet';
import { needsInPlace, needsOf, waitWords, type Need } from './needs';

const told = (...alerts: ReturnType<typeof alert>[]) => needsOf(withAlerts(EMPTY_FLEET, alerts), [], [], NOW).map((need) => (need.kind === 'alert' ? [need.alert.id, ...need.also.map((one) => one.id)] : []));

describe('a run that more than one alert tells of', () => {
  const unusual = alert({ id: 'unusual', kind: 'out_of_envelope', severity: 'warning', opened_at_ms: NOW - 9 });
  const row = alert({ id: 'row', kind: 'consecutive_failures', severity: 'warning', opened_at_ms: NOW - 8 });
  const refuted = alert({ id: 'refuted', kind: 'check_failed' });

  it('is one trouble, led by its verdict, as old as the first word of it', () => {
    expect(told(unusual, row, refuted)).toEqual([['refuted', 'unusual', 'row']]);
    expect(needsOf(withAlerts(EMPTY_FLEET, [unusual, refuted]), [], [], NOW)[0]?.since_ms).toBe(NOW - 9);
  });
  it('that still lives is led by what is worst', () => expect(told(alert({ id: 'circles', kind: 'loop_detected', severity: 'warning' }), alert({ id: 'stuck', kind: 'zombie', opened_at_ms: NOW + 1 }))).toEqual([['stuck', 'circles']]));
  it('is another trouble than another run of the same cue', () => expect(told(refuted, alert({ id: 'other', kind: 'silent_run', run_id: 'r2' }))).toEqual([['other'], ['refuted']]));
  it('that asks is asked for by itself', () => expect(told(alert({ id: 'verify', kind: 'gate_waiting' }), unusual)).toEqual([['unusual'], ['verify']]));
});

it('alerts of no run are one each', () => expect(told(alert({ id: 'a', run_id: null, cue_id: null, agent: 'x', kind: 'zombie' }), alert({ id: 'b', run_id: null, cue_id: null, agent: 'x', kind: 'heartbeat_lost' }))).toEqual([['a'], ['b']]));

const LIVE = mark({ run_id: 'r9', occurrence_id: 'o9', confirmed: 'working', ended_at_ms: null });
const burns = alert({ id: 'burns', kind: 'cost_spike', severity: 'warning', run_id: 'r9', opened_at_ms: NOW - MINUTE });
const old = alert({ id: 'old', opened_at_ms: NOW - 3 * HOUR });
const fleetOf = (live: typeof LIVE) => withHistory(withAlerts(EMPTY_FLEET, [old, burns]), [live]);

describe('what waiting costs', () => {
  const keys = (needs: readonly Need[]) => needs.map((need) => need.key);

  it('comes first: a deadline, money by the hour, what still spends, then the longest wait', () => {
    const gates = [gate({ id: 'calm', asked_at_ms: NOW - 2 * HOUR }), gate({ id: 'money', usd_per_hour: 2 }), gate({ id: 'later', deadline_ms: NOW + HOUR, usd_per_hour: 9 }), gate({ id: 'soon', deadline_ms: NOW + MINUTE })];
    expect(keys(needsOf(fleetOf(LIVE), gates, [], NOW))).toEqual(['soon', 'later', 'money', 'burns', 'old', 'calm']);
  });
  it('is age alone once the run that spent has ended', () => expect(keys(needsOf(fleetOf(mark({ run_id: 'r9', occurrence_id: 'o9' })), [], [], NOW))).toEqual(['old', 'burns']));

  it('is said in a few words, with what else is to be known', () => {
    const words = (need: Need | undefined) => (need ? waitWords(need, NOW) : null);
    const of = (change: Parameters<typeof gate>[0]) => words(needsOf(EMPTY_FLEET, [gate(change)], [], NOW)[0]);
    expect(of({ deadline_ms: NOW + 57 * MINUTE, on_no_answer: 'proceed' })).toEqual({ first: '57 min left', then: 'then it goes on', warn: true });
    expect(of({ deadline_ms: NOW + 57 * MINUTE, on_no_answer: 'keep_waiting' })?.then).toBe('then it waits on');
    expect(of({ usd_per_hour: 2, asked_at_ms: NOW - 3 * HOUR })).toEqual({ first: '$2.00 an hour', then: 'for 3 h', warn: true });
    expect(of({ overdue_at_ms: NOW - HOUR })).toMatchObject({ first: 'overdue', warn: true });
    expect(of({})).toEqual({ first: 'for 12 min', then: '', warn: false });
    const [spends, waits] = needsOf(fleetOf(LIVE), [], [], NOW);
    expect([words(spends), words(waits)]).toEqual([{ first: 'still spends', then: 'for 1 min', warn: true }, { first: 'for 3 h', then: '', warn: false }]);
    expect(words(needsOf(withAlerts(EMPTY_FLEET, [{ ...old, count: 12 }]), [], [], NOW)[0])).toEqual({ first: 'for 3 h', then: '12 times', warn: false });
    expect(words(needsOf(EMPTY_FLEET, [], [login()], NOW)[0])).toEqual({ first: '14:00 left', then: 'then it must ask again', warn: false });
  });
});

it('nothing moves while somebody is in the list: what is new comes last, what has gone leaves no hole', () => {
  const needs = needsOf(fleetOf(LIVE), [gate({ id: 'soon', deadline_ms: NOW + MINUTE })], [], NOW);
  expect(needsInPlace(['old', 'gone', 'burns'], needs).map((need) => need.key)).toEqual(['old', 'burns', 'soon']);
});
