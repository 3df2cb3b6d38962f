//! What is not ordinary, worst first, each with what follows and one thing to do.
import { describe, expect, it } from 'vitest';
import { cue as cueView } from '../testing';
import type { TowerStatus } from '../wire';
import { troublesOf } from './trouble';

const NOW = Date.parse('2026-11-20T09:00:00Z');
const well = { ok: true, name: '', message: null };
const status: TowerStatus = { version: '1', now_ms: NOW, started_at_ms: 0, paused: false, agents_url: '', data_dir: '', timezone: 'UTC', vault: well, notifications: well, store: well, needs_you: 0, records_since_ms: null, seq: 1 };
const told = (change: Partial<TowerStatus>, more: Partial<Parameters<typeof troublesOf>[0]> = {}) => troublesOf({ status: { ...status, ...change }, cues: [], bands: [], offSince_ms: null, now_ms: NOW, ...more });

describe('what is not ordinary', () => {
  it('is nothing when all is well', () => expect(told({})).toEqual([]));

  it('comes worst first, each with one button', () => {
    const bad = { ok: false, name: 'none', message: null };
    const list = told({ store: bad, paused: true, vault: bad, notifications: bad }, { offSince_ms: NOW - 240_000, bands: [{ from_ms: NOW - 120_000, to_ms: NOW - 60_000, reason: 'clock_set', label: 'Clock set back 58 min' }] });
    expect(list.map(({ key, button }) => [key, button.word])).toEqual([['store', 'Open settings'], ['paused', 'Arm now'], ['keyring', 'Open secrets'], ['clock', 'Show it'], ['offline', 'Hide'], ['notifications', 'Hide']]);
    expect(list.find(({ cell }) => cell !== null)?.key).toBe('store');
  });

  it('says what a lost network means for the cues that are here', () => {
    const hook = cueView({ transport: 'webhook' });
    const offline = (cues: ReturnType<typeof cueView>[]) => told({}, { offSince_ms: NOW - 240_000, cues })[0];
    expect(offline([])?.follows).toBe('Local cues run. No cue here calls the network.');
    expect(offline([hook, cueView({ id: 'c2', transport: 'command' })])?.follows).toContain('1 cue calls web hooks');
    expect(offline([])?.cell).toEqual({ cap: 'Network', value: 'offline 4 min' });
  });

  it('tells for an hour that the clock was set', () => {
    const set = (ago_ms: number) => told({}, { bands: [{ from_ms: NOW - ago_ms - 1000, to_ms: NOW - ago_ms, reason: 'clock_set', label: 'Clock set' }] }).length;
    expect([set(60_000), set(3_500_000), set(3_700_000)]).toEqual([1, 1, 0]);
    expect(told({}, { bands: [{ from_ms: NOW - 2000, to_ms: NOW - 1000, reason: 'asleep', label: 'Asleep' }] })).toEqual([]);
  });
});
