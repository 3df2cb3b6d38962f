//! What needs the owner is counted by its trouble.
import { describe, expect, it } from 'vitest';
import { alert, NOW } from '../testing';
import { EMPTY_FLEET, withAlerts } from './fleet';
import { needsOf } from './needs';

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
