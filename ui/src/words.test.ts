import { describe, expect, it } from 'vitest';
import { alert, mark, NOW } from './testing';
import type { Mark } from './wire';
import { afterName, alertFace, badness, headline, isExceptional, isLive, missIsExplained, needsYou, scheduledTone, spoken, verdictLines, waiting } from './words';

const DUE = { scheduled: 'due', run_id: null, delivered: 'none', delivered_at_ms: null, confirmed: 'none', started_at_ms: null, ended_at_ms: null, attempts: 0 } as const;

describe('headline', () => {
  it.each<[string, Partial<Mark>, string]>([
    ['confirmed', {}, 'Confirmed: the proof agrees.'],
    ['confirmed late', { late: true }, 'Confirmed, after its deadline.'],
    ['claimed', { confirmed: 'claimed' }, 'Reported success. Nothing verified it.'],
    ['refuted', { confirmed: 'refuted' }, 'Reported success. The proof disagrees.'],
    ['silent', { confirmed: 'silent' }, 'Delivered, then silence.'],
    ['bounced', { delivered: 'bounced', confirmed: 'none' }, 'Never reached the agent.'],
    ['failed for good without delivery', { delivered: 'bounced', confirmed: 'failed' }, 'Never reached the agent.'],
    ['running', { confirmed: 'working' }, 'Running.'],
    ['on its way', { delivered: 'delivering', delivered_at_ms: null, confirmed: 'none' }, 'On its way to the agent.'],
    ['due', { ...DUE, due_ms: NOW + 90_000 }, 'Due in 1 min 30 s.'],
    ['due now', { ...DUE, due_ms: NOW }, 'Due now.'],
    ['skipped', { ...DUE, scheduled: 'skipped', scheduled_reason: 'the previous run was still live' }, 'Skipped: the previous run was still live.'],
    ['missed', { ...DUE, scheduled: 'missed', scheduled_reason: 'The tower was off.' }, 'Missed: The tower was off.']
  ])('%s', (_, change, words) => expect(headline(mark(change), NOW)).toBe(words));
});

describe('verdictLines', () => {
  const told = (change: Partial<Mark>) => verdictLines(mark(change), 'Europe/Madrid').map((line) => `${line.word} | ${line.detail} | ${line.time} | ${line.tone}`);

  it('three verdicts, never one', () =>
    expect(told({})).toEqual(['Ran | on time, +12 ms | 09:00:00 | mark', 'Delivered | after 281 ms | 09:00:00 | mark', 'Confirmed | reported, and the proof agrees | 09:01:00 | ok']));
  it('a skipped time has one line', () => expect(told({ ...DUE, scheduled: 'skipped', scheduled_reason: 'paused' })).toEqual(['Skipped | paused | 09:00:00 | mark']));
  it('a run in flight has two', () =>
    expect(told({ delivered: 'delivering', delivered_at_ms: null, confirmed: 'none', attempts: 2 })).toEqual(['Ran | on time, +12 ms | 09:00:00 | mark', 'Delivering | attempt 2 of 3 |  | live']));
  it('says who fired it, and how late it came', () => {
    expect(told({ triggered_by: 'manual_fire' })[0]).toBe('Ran | fired by hand | 09:00:00 | mark');
    expect(told({ started_at_ms: NOW + 125_000 })[0]).toBe('Ran | 2 min 5 s late | 09:00:00 | mark');
    expect(told({ late: true })[2]).toContain('Confirmed (late)');
  });
});

it('a miss is red; while the tower was off it explains itself and keeps no place where lanes are dense', () => {
  const off = mark({ ...DUE, scheduled: 'missed', scheduled_reason: 'the tower was asleep' });
  const up = mark({ ...DUE, scheduled: 'missed', scheduled_reason: 'the keyring was locked' });
  expect([missIsExplained(off), scheduledTone(off), isExceptional(off)]).toEqual([true, 'bad', false]);
  expect([missIsExplained(up), scheduledTone(up), isExceptional(up)]).toEqual([false, 'bad', true]);
});

it('worst first', () => {
  const order = [mark({ confirmed: 'confirmed' }), mark({ confirmed: 'silent' }), mark({ confirmed: 'refuted' }), mark({ delivered: 'bounced', confirmed: 'none' })].sort((a, b) => badness(b) - badness(a));
  expect(order.map((m) => m.confirmed)).toEqual(['refuted', 'silent', 'none', 'confirmed']);
});

it('is live while it may change by itself', () => {
  expect([isLive(mark({ confirmed: 'working' })), isLive(mark({ delivered: 'delivering', confirmed: 'none' })), isLive(mark())]).toEqual([true, true, false]);
});

it.each<[number, number, string]>([
  [200, 1, 'for 1 s'], [41_500, 1, 'for 41 s'], [6 * 60_000 + 12_000, 12, 'for 6 min, 12 times'], [152 * 60_000, 2, 'for 2 h 32 min, 2 times']
])('an alert that opened %d ms ago and happened %d times waits %s', (ago_ms, count, words) => {
  expect(waiting(alert({ opened_at_ms: NOW - ago_ms, last_at_ms: NOW, count }), NOW)).toBe(words);
});

it('speaks a run in one sentence', () => {
  expect(spoken(mark({ confirmed: 'refuted', sentence: 'said 200, found 3.' }), 'lead-digest', 'Europe/Madrid')).toBe('lead-digest, due 09:00. Ran. Delivered. Refuted: said 200, found 3.');
});

it('what needs the owner: open alerts of runs, the longest wait first', () => {
  const list = [alert({ id: 'b', opened_at_ms: NOW - 10 }), alert({ id: 'a', opened_at_ms: NOW - 99, kind: 'check_failed' }), alert({ id: 'c', state: 'acknowledged' }), alert({ id: 'd', kind: 'store_trouble' }), alert({ id: 'e', state: 'resolved' })];
  expect(needsYou(list).map((a) => a.id)).toEqual(['a', 'b']);
});

it.each([['silent_run', 'Silent'], ['check_failed', 'Refuted'], ['outcome_failed', 'Failed'], ['delivery_failed', 'Bounced'], ['missed_occurrence', 'Missed'], ['store_trouble', 'Store'], ['something_new', 'Alert']])('alert %s is %s', (kind, word) =>
  expect(alertFace(kind).word).toBe(word)
);

it.each([
  ['lead-digest has gone quiet', 'lead-digest', 'Has gone quiet.'], ['lead-digest: refused', 'lead-digest', 'Refused.'], ['The store is full', '', 'The store is full.'], ['lead-digest', 'lead-digest', 'lead-digest.']
])('%s after its name', (title, name, rest) => expect(afterName(title, name)).toBe(rest));
