//! The limits of the past in words, and which changes are asked about.
import { describe, expect, it } from 'vitest';
import { NOW } from '../testing';
import { DAY, stamp } from '../time';
import type { RetentionPass, RetentionView } from '../wire';
import { isStricter, limitOf, ownWords, strictWords, typedLimit, wentWords } from './retention';

const view: RetentionView = { keep_days: null, keep_runs: 5000, keep_size_mb: null, own: [], runs: 12_030, store_bytes: 412_000_000, free_bytes: 12_000_000, gives_back: true, would_go: 0, oldest_ms: null, would_free_bytes: 0, running: false, so_far: null, last: null, trouble: null };
const pass: RetentionPass = { began_ms: NOW, ended_ms: NOW + 9, runs: 1204, never_ran: 0, needed: 0, bytes_before: 40_000_000, bytes_after: 40_000_000, slice_ms_most: 1 };
const asks = (name: Parameters<typeof isStricter>[0], value: string) => strictWords(name, value, view, NOW, 'UTC');

describe('a limit', () => {
  it('is what the tower says, and none is 0', () => expect([limitOf('retention.keep_days', view), limitOf('retention.keep_runs', view)]).toEqual([0, 5000]));

  it('is asked about only when it lets go of what was kept', () => {
    expect([isStricter('retention.keep_days', '90', view), isStricter('retention.keep_runs', '4999', view)]).toEqual([true, true]);
    expect([isStricter('retention.keep_runs', '5000', view), isStricter('retention.keep_runs', '9000', view), isStricter('retention.keep_runs', '0', view)]).toEqual([false, false, false]);
  });

  it('that is none is left to the tower to refuse', () => expect(['-1', 'many', '1.5'].map((value) => isStricter('retention.keep_days', value, view))).toEqual([false, false, false]));

  it('is typed as people write numbers; nothing is no limit', () => expect(['', ' 90 ', '100,000', 'many'].map(typedLimit)).toEqual(['0', '90', '100000', 'many']));
});

describe('a stricter limit', () => {
  it('of days names the day before which runs go', () => expect(asks('retention.keep_days', '90')).toEqual({ title: 'Keep the last 90 days?', goes: `Runs that were due before ${stamp(NOW - 90 * DAY, NOW, 'UTC')} go.` }));

  it('of runs says how many go at most, or that there are fewer', () => {
    expect(asks('retention.keep_runs', '12000')).toEqual({ title: 'Keep the newest 12,000 runs?', goes: 'There are 12,030 runs: up to 30 of the oldest go.' });
    expect(asks('retention.keep_runs', '12030').goes).toBe('There are 12,030 runs, so that nothing goes yet. Later the oldest go.');
  });

  it('of size counts what is used, not what is free', () => {
    expect(asks('retention.keep_size_mb', '399')).toEqual({ title: 'Keep the store below 399 MB?', goes: 'The store takes 400 MB now: the oldest runs go until it fits.' });
    expect(asks('retention.keep_size_mb', '400').goes).toContain('nothing goes yet');
  });
});

describe('what went', () => {
  it('is said with all that is not zero', () => {
    expect(wentWords(pass)).toBe('1,204 runs');
    expect(wentWords({ ...pass, runs: 1, never_ran: 37, needed: 2, bytes_after: 9_000_000 })).toBe('1 run and 37 due times that never ran, 31 MB less on disk; 2 runs stayed, because something needs them');
  });
});

it('a cue’s own rule is said with the part that it has', () => {
  expect([ownWords({ days: 365, runs: 5000 }), ownWords({ days: 1, runs: null }), ownWords({ days: null, runs: 1 })]).toEqual(['the newest 5,000 runs of the last 365 days', 'of the last day', 'the newest run']);
});
