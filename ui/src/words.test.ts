import { describe, expect, it } from 'vitest';
import { alert, band, cue, mark, NOW } from './testing';
import type { AlertView, Mark } from './wire';
import { afterName, alertFace, badness, beside, headline, askSentence, dueTimes, isExceptional, isLive, isSnoozed, isSpan, needsYou, ranWords, reasonExplains, scheduledTone, spoken, subjectOf, triggerWord, verdictLines, waitsFor } from './words';

const DUE = { scheduled: 'due', run_id: null, delivered: 'none', delivered_at_ms: null, confirmed: 'none', started_at_ms: null, ended_at_ms: null, attempts: 0 } as const;
const HELD_BACK = { delivered: 'waiting', delivered_at_ms: null, confirmed: 'none', ended_at_ms: null, attempts: 1 } as const;

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
    ['held back', { ...HELD_BACK, sentence: 'Waits for pool openai. Attempt 1 of 3.' }, 'Waits for pool openai.'],
    ['held back, and nothing said', { ...HELD_BACK, sentence: '' }, 'Waits before it is delivered.'],
    ['due', { ...DUE, due_ms: NOW + 90_000 }, 'Due in 1 min 30 s.'],
    ['due now', { ...DUE, due_ms: NOW }, 'Due now.'],
    ['skipped', { ...DUE, scheduled: 'skipped', scheduled_reason: 'the previous run was still live' }, 'Skipped: the previous run was still live.'],
    ['missed', { ...DUE, scheduled: 'missed', scheduled_reason: 'The tower was off.' }, 'Missed: The tower was off.']
  ])('%s', (_, change, words) => expect(headline(mark(change), NOW)).toBe(words));
});

it('a run that ended otherwise than hoped for is headed by its fact, and says the rest below', () => {
  const refuted = mark({ confirmed: 'refuted', sentence: 'Reported 3; at least 150 were expected. It said it worked.' });
  expect([headline(refuted, NOW), beside(refuted)]).toEqual(['Reported 3; at least 150 were expected.', 'It said it worked.']);
  const failed = mark({ confirmed: 'failed', sentence: 'exit 1: connection refused. Attempt 1 of 1.' });
  expect([headline(failed, NOW), beside(failed)]).toEqual(['exit 1: connection refused.', 'Attempt 1 of 1.']);
  const proven = mark({ sentence: 'Exit code 0 after 2 s.' });
  expect([headline(proven, NOW), beside(proven)]).toEqual(['Confirmed: the proof agrees.', 'Exit code 0 after 2 s.']);
});

describe('verdictLines', () => {
  const told = (change: Partial<Mark>) => verdictLines(mark(change), 'Europe/Madrid').map((line) => `${line.word} | ${line.detail} | ${line.time} | ${line.tone}`);

  it('three verdicts, never one', () =>
    expect(told({})).toEqual(['Ran | on time, +12 ms | 09:00:00 | mark', 'Delivered | after 281 ms | 09:00:00 | mark', 'Confirmed | reported, and the proof agrees | 09:01:00 | ok']));
  it('a skipped time has one line', () => expect(told({ ...DUE, scheduled: 'skipped', scheduled_reason: 'paused' })).toEqual(['Skipped | paused | 09:00:00 | mark']));
  it('a run in flight has two', () =>
    expect(told({ delivered: 'delivering', delivered_at_ms: null, confirmed: 'none', attempts: 2 })).toEqual(['Ran | on time, +12 ms | 09:00:00 | mark', 'Delivering | attempt 2 of 3 |  | live']));
  it('one that is held back is not on its way', () =>
    expect(told({ ...HELD_BACK, attempts: 2 })).toEqual(['Ran | on time, +12 ms | 09:00:00 | mark', 'Held back | attempt 2 of 3 |  | warn']));
  it('says who fired it, and how late it came', () => {
    expect(told({ triggered_by: 'manual_fire' })[0]).toBe('Ran | fired by hand | 09:00:00 | mark');
    expect(told({ started_at_ms: NOW + 125_000 })[0]).toBe('Ran | 2 min 5 s late | 09:00:00 | mark');
    expect(told({ late: true })[2]).toContain('Confirmed (late)');
  });
});

it('a miss is red; one that a grey band explains is grey, and keeps no place where lanes are dense', () => {
  const off = mark({ ...DUE, scheduled: 'missed', scheduled_reason: 'the machine was asleep' });
  const up = mark({ ...DUE, scheduled: 'missed', scheduled_reason: 'the keyring was locked' });
  expect([scheduledTone(off, true), isExceptional(off, true)]).toEqual(['mark', false]);
  expect([scheduledTone(off, false), isExceptional(off, false)]).toEqual(['bad', true]);
  expect([reasonExplains(off), reasonExplains(up), reasonExplains(mark())]).toEqual([true, false, false]);
});

it.each([['scheduled', null], ['manual_fire', 'fired by hand'], ['replay', 'run again by hand'], ['chain', 'after another run'], ['trigger', 'by its URL'], ['path', 'a file changed'], ['dynamic', 'its agent asked']])('fired by %s: %s', (triggered_by, word) =>
  expect(triggerWord(mark({ triggered_by }))).toBe(word)
);

it.each([['scheduled', 'Ran'], ['manual_fire', 'Ran, fired by hand'], ['trigger', 'Ran, fired by its URL'], ['path', 'Ran, as a file changed'], ['chain', 'Ran, after another run']])('ran by %s: %s', (triggered_by, words) =>
  expect(ranWords(mark({ triggered_by }))).toBe(words)
);

it.each<[unknown, boolean, string]>([
  [{ type: 'manual' }, false, 'when you fire it'],
  [{ type: 'manual', paths: ['~/inbox/*.csv'] }, false, 'when a file changes'],
  [{ type: 'manual', paths: [] }, true, 'when its URL is called'],
  [{ type: 'after', cue: 'c9', on: 'confirmed' }, false, 'when lead-digest has ended well'],
  [{ type: 'after', cue: 'other', on: 'either', paths: ['/x'] }, true, 'when other has ended, or when a file changes, or when its URL is called'],
  [undefined, false, 'when you fire it']
])('%j fires %s', (schedule, has_trigger_url, words) => expect(waitsFor(cue({ definition: { schedule }, has_trigger_url }), (id) => (id === 'c9' ? 'lead-digest' : id))).toBe(words));

it('what is held, skipped or due is named once', () => {
  const said = (change: Partial<Mark>) => spoken(mark({ ...DUE, ...change }), 'x', 'UTC').replace('x, due 08:00. ', '');
  expect(said({ scheduled: 'held', sentence: 'Held: the tower was off.' })).toBe('Held: the tower was off.');
  expect(said({ scheduled: 'due', sentence: 'Due later.' })).toBe('Due later.');
  expect(said({ scheduled: 'coalesced', sentence: 'A later due time stands for it.' })).toBe('Coalesced: A later due time stands for it.');
});

it('a long absence is one record with its count', () => {
  const span = mark({ ...DUE, scheduled: 'missed', scheduled_reason: 'the tower was off', count: 43_100, until_ms: NOW + 12 * 3_600_000 });
  expect([isSpan(span), isSpan(mark())]).toEqual([true, false]);
  expect(verdictLines(span, 'Europe/Madrid', true)[0]).toMatchObject({ word: 'Missed', detail: '43,100 due times: the tower was off', tone: 'mark' });
  expect([dueTimes(1), dueTimes(999), dueTimes(1_234_567)]).toEqual(['1 due time', '999 due times', '1,234,567 due times']);
});

it('what is held says what it asks', () => {
  expect(askSentence(5, band())).toBe('5 due times passed in sleep. Run it once for all of them, or skip them?');
  expect(askSentence(1, band({ reason: 'off' }))).toBe('Its due time passed with the tower off. Run it now, or skip it?');
  expect(askSentence(2, null)).toBe('2 due times passed. Run it once for all of them, or skip them?');
  expect(headline(mark({ ...DUE, scheduled: 'held', asks: true }), NOW)).toBe('Held. It waits for you: run it, or skip it.');
});

it('worst first', () => {
  const order = [mark({ confirmed: 'confirmed' }), mark({ confirmed: 'silent' }), mark({ confirmed: 'refuted' }), mark({ delivered: 'bounced', confirmed: 'none' })].sort((a, b) => badness(b) - badness(a));
  expect(order.map((m) => m.confirmed)).toEqual(['refuted', 'silent', 'none', 'confirmed']);
});

it('is live while it may change by itself', () => {
  expect(isLive(mark({ confirmed: 'none', ended_at_ms: null })), 'between two tries').toBe(true);
  expect(isLive(mark({ confirmed: 'none', delivered: 'bounced', ended_at_ms: null }))).toBe(false);
  expect([isLive(mark(HELD_BACK)), isExceptional(mark(HELD_BACK))]).toEqual([true, true]);
  expect([isLive(mark({ confirmed: 'working' })), isLive(mark({ delivered: 'delivering', confirmed: 'none' })), isLive(mark())]).toEqual([true, true, false]);
});

it('speaks a run in one sentence', () => {
  expect(spoken(mark({ confirmed: 'refuted', sentence: 'said 200, found 3.' }), 'lead-digest', 'Europe/Madrid')).toBe('lead-digest, due 09:00. Ran. Delivered. Refuted: said 200, found 3.');
});

it('what needs the owner: open alerts that are no mere news, the longest wait first', () => {
  const list = [alert({ id: 'b', opened_at_ms: NOW - 10 }), alert({ id: 'a', opened_at_ms: NOW - 99, kind: 'check_failed' }), alert({ id: 'c', state: 'acknowledged' }), alert({ id: 'd', kind: 'store_trouble' }), alert({ id: 'e', state: 'resolved' }), alert({ id: 'f', kind: 'crash_loop', opened_at_ms: NOW - 5 })];
  expect(needsYou(list, NOW).map((a) => a.id)).toEqual(['a', 'b', 'f', 'd']);
  const zombie = alert({ id: 'z', kind: 'zombie', snoozed_until_ms: NOW + 60_000 });
  expect([needsYou([zombie], NOW), needsYou([zombie], NOW + 60_000).map((a) => a.id), needsYou([alert({ kind: 'missed_occurrence' }), alert({ kind: 'tower_was_off', severity: 'info' })], NOW)]).toEqual([[], ['z'], []]);
  expect([isSnoozed(zombie, NOW), isSnoozed({ ...zombie, state: 'resolved' }, NOW)]).toEqual([true, false]);
});

it.each([['silent_run', 'Silent'], ['check_failed', 'Refuted'], ['outcome_failed', 'Failed'], ['delivery_failed', 'Bounced'], ['missed_occurrence', 'Missed'], ['crash_loop', 'Crashes'], ['fuse_tripped', 'Fuse'], ['fallback_failed', 'Failed'], ['store_trouble', 'Store'], ['heartbeat_lost', 'No beat'], ['zombie', 'Stuck'], ['cost_spike', 'Spike'], ['loop_detected', 'In circles'], ['out_of_envelope', 'Unusual'], ['cadence_drift', 'Drifts'], ['tower_was_off', 'Was off'], ['channel_failed', 'Channel'], ['something_new', 'Alert']])('alert %s is %s', (kind, word) =>
  expect(alertFace(kind).word).toBe(word)
);

it.each([
  ['a-very-long-name-of-a-c… has gone quiet', 'a-very-long-name-of-a-cue', 'Has gone quiet.'], ['other… is quiet', 'lead-digest', 'Other… is quiet.'], ['lead-digest has gone quiet', 'lead-digest', 'Has gone quiet.'], ['lead-digest: refused', 'lead-digest', 'Refused.'], ['The store is full', '', 'The store is full.'], ['lead-digest', 'lead-digest', 'lead-digest.']
])('%s after its name', (title, name, rest) => expect(afterName(title, name)).toBe(rest));

it('an alert is about a cue, an agent, a channel or the tower', () => {
  const names = new Map([['c1', 'lead-digest']]);
  const about = (change: Partial<AlertView>) => subjectOf(alert({ cue_id: null, ...change }), names);
  expect([about({ cue_id: 'c1' }), about({ agent: 'market-watch' }), about({ channel: '#ops' }), about({}), about({ cue_id: 'gone' })]).toEqual(['lead-digest', 'market-watch', '#ops', 'Cuetower', '']);
});
