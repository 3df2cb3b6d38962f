import { expect, it } from 'vitest';
import { cue, mark, NOW } from '../testing';
import type { WaitView } from '../wire';
import { awaitedWords, belowHead, causeWords, fuseWords, headOf, leaseWords, mayPrint, numberWords, restartWords, stateWords, verificationHead, verifiedWords, waitOf } from './facts';

const ZONE = 'Europe/Madrid';

function wait(change: Partial<WaitView> = {}): WaitView {
  return { by: 'pool', words: 'pool openai: 1 of 1 in use (by leads); 2nd in line', since_ms: NOW - 41_000, until_ms: null, position: 2, ...change };
}

it('a wait is one sentence, with how long it lasts by now', () => {
  expect(waitOf(wait(), NOW, ZONE)).toEqual({ icon: 'pool', sentence: 'Waits for pool openai: 1 of 1 in use (by leads); 2nd in line, since 08:59:19.', for: 'for 41 s', until: null });
});

it.each<[Partial<WaitView>, string, string | null]>([
  [{ by: 'preflight', words: 'pre-flight: /srv has at least 2 GB free: 1.2 GB are.', until_ms: NOW + 11_400 }, 'Held: /srv has at least 2 GB free: 1.2 GB are, since 08:59:19.', 'looked at again in 12 s'],
  [{ by: 'worker', words: 'no worker has claimed it yet', until_ms: NOW + 14 * 60_000 }, 'No worker has claimed it yet, since 08:59:19.', 'given up in 14 min'],
  [{ by: 'ping', words: 'its first ping is awaited', until_ms: NOW - 5 }, 'Its first ping is awaited, since 08:59:19.', 'given up now'],
  [{ by: 'moon', words: 'the moon' }, 'Waits: the moon, since 08:59:19.', null]
])('%o', (change, sentence, until) => expect(waitOf(wait(change), NOW, ZONE)).toMatchObject({ sentence, until }));

it('restarts are counted', () => {
  expect([0, 1, 3].map(restartWords)).toEqual([null, '1 restart', '3 restarts']);
  expect(numberWords({ number: 4 }, { mark: mark(), restarts: 3 })).toBe('4');
  expect(numberWords({ number: 2 }, { mark: mark(), restarts: 0 })).toBe('2 of 3');
});

it('a fuse names its budget, if the cue still has one', () => {
  const bounded = cue({ definition: { budget: { run: { duration_seconds: 3600 } } } });
  expect(fuseWords(NOW + 3_900_000, bounded, NOW, ZONE)).toBe('stops at 10:05:00 by its budget of 1 h');
  expect(fuseWords(NOW + 3_900_000, undefined, NOW, ZONE)).toBe('stops at 10:05:00 by its budget');
  expect(fuseWords(NOW - 1, bounded, NOW, ZONE)).toBe('its budget of 1 h is spent');
});

it('what caused a run is said with a link to it', () => {
  expect(causeWords({ how: 'fallback', run_id: 'r', cue_id: 'c', cue_name: 'leads' })).toEqual({ before: 'Fallback for', link: 'a run of leads' });
  expect(causeWords({ how: 'dynamic', run_id: 'r', cue_id: null, cue_name: null })).toEqual({ before: 'Asked for in', link: 'an earlier run of this cue' });
});

it('a lease says who and until when, and no more once it is over', () => {
  expect(leaseWords({ worker: 'mac-mini', lease_until_ms: NOW + 900_000, ended_at_ms: null, sentence: '' }, NOW, ZONE)).toBe('worker mac-mini, lease until 09:15:00');
  expect(leaseWords({ worker: 'mac-mini', lease_until_ms: NOW - 1, ended_at_ms: null, sentence: '' }, NOW, ZONE)).toBe('worker mac-mini, lease lapsed 08:59:59');
  expect(leaseWords({ worker: 'mac-mini', lease_until_ms: NOW - 1, ended_at_ms: NOW, sentence: 'ended' }, NOW, ZONE)).toBe('worker mac-mini');
  expect(leaseWords({ worker: 'mac-mini', lease_until_ms: NOW + 900_000, ended_at_ms: null, sentence: 'claimed by mac-mini' }, NOW, ZONE)).toBe('lease until 09:15:00');
  expect(leaseWords({ worker: null, lease_until_ms: null, ended_at_ms: null, sentence: '' }, NOW, ZONE)).toBeNull();
});

it('only a command that still lives is asked for more output', () => {
  const attempt = { number: 1, began_at_ms: NOW, delivered_at_ms: NOW, ended_at_ms: null, state: 'delivered', sentence: '', http_status: null, exit_code: null, pid: 1, stdout: '', stderr: '', output_truncated: false, peak_rss_bytes: null, cpu_ms: null, worker: null, lease_until_ms: null };
  expect(mayPrint(attempt, 'command')).toBe(true);
  expect(mayPrint(attempt, 'webhook')).toBe(false);
  expect(mayPrint({ ...attempt, ended_at_ms: NOW }, 'command')).toBe(false);
  expect(mayPrint({ ...attempt, state: 'waiting' }, 'command')).toBe(false);
});

it('its state in the words of the window', () => {
  expect([stateWords({ state: 'pending_outcome', waits: null, mark: mark({ confirmed: 'working' }) }), stateWords({ state: 'pending_outcome', waits: wait({ by: 'gate' }), mark: mark({ confirmed: 'gate' }) }), stateWords({ state: 'outcome_timeout', waits: null, mark: mark({ confirmed: 'silent' }) })]).toEqual(['working', 'at a gate', 'outcome timeout']);
});

it('a report that waits for somebody says so, and afterwards who looked', () => {
  expect(verificationHead({ verification: 'waiting', checking_since_ms: null })).toBe('Claimed · waits for your word');
  expect([verificationHead({ verification: 'valid', checking_since_ms: null }), verificationHead(null)]).toEqual([null, null]);
  expect(verificationHead({ verification: null, checking_since_ms: NOW })).toBe('Reported success. It is being looked at.');
  expect(verifiedWords({ verification: 'valid', verification_words: 'By the owner.' })).toBe('Verified by the owner.');
  expect(verifiedWords({ verification: 'invalid', verification_words: 'By the owner: the invoice is missing.' })).toBe('Found to be not so by the owner: the invoice is missing.');
  expect(verifiedWords({ verification: 'waiting', verification_words: null })).toBeNull();
});


it('a run that failed is headed by the fact, and what is beside it stands below', () => {
  const failed = { waits: null, verification: null, checking_since_ms: null, mark: mark({ confirmed: 'failed', sentence: 'Exit code 1 after 2 s: ConnectionError: refused. Attempt 1 of 1.' }) };
  expect([headOf(failed, NOW), belowHead(failed)]).toEqual(['Exit code 1 after 2 s: ConnectionError: refused.', 'Attempt 1 of 1.']);
});

it('a run that has not ended says what will be confirmed, and by when', () => {
  const working = { mark: mark({ confirmed: 'working', ended_at_ms: null }), proof: [], outcome_deadline_ms: NOW + 600_000, cue: { id: 'c1', name: 'leads', agent: '', transport: 'command', words: '', deleted: false } };
  const proof = { claim: 'At least 150 processed', passed: null, found: '', kind: null, detail: null, at_ms: null, took_ms: null };
  expect(awaitedWords(working, cue({ definition: { confirm: 'outcome' } }), NOW, ZONE)).toBe('its report, by 09:10:00');
  expect(awaitedWords({ ...working, outcome_deadline_ms: null }, cue({ definition: { confirm: 'exit_code' } }), NOW, ZONE)).toBe('its exit code');
  expect(awaitedWords({ ...working, proof: [proof, proof, proof] }, undefined, NOW, ZONE)).toBe('at least 150 processed, and 2 more, by 09:10:00');
  expect(awaitedWords({ ...working, mark: mark({ delivered: 'none', confirmed: 'none', ended_at_ms: null, scheduled: 'held' }) }, undefined, NOW, ZONE)).toBe('its report, by 09:10:00');
  expect([mark(), mark({ confirmed: 'gate', ended_at_ms: null }), mark({ confirmed: 'none', delivered: 'bounced', ended_at_ms: null })].map((ended) => awaitedWords({ ...working, mark: ended }, undefined, NOW, ZONE))).toEqual([null, null, null]);
});
