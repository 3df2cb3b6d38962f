import { describe, expect, it } from 'vitest';
import { alert, gate, mark, NOW } from '../testing';
import { DAY, HOUR, MINUTE, SECOND } from '../time';
import { EMPTY_FLEET, withAlerts, withHistory } from './fleet';
import { askedWords, askerOf, byUrgency, costOfWaiting, endingSoon, gatesOfAlert, groupsOf, heldSide, heldWords, inPlace, isOvertaken, laterMinutes, markOf, sentAt, settledSide, settledWords, sideWords, toldFact, undoneFact, undoneLine, untilFact, type Held } from './gates';
import { needsOf } from './needs';
import { itemsFor } from './palette';

const ZONE = 'Europe/Madrid';
const held = (change: Partial<Held> = {}): Held => ({ gate: gate(), act: 'approve', payload: null, comment: '', minutes: 30, given_ms: NOW, sent_ms: NOW + 5000, going: false, ...change });

describe('how long an answer can be taken back', () => {
  it('five seconds, or as long as the gate asks for', () => {
    expect(sentAt(gate(), 5000, NOW)).toBe(NOW + 5 * SECOND);
    expect(sentAt(gate({ take_back_ms: 20_000 }), 5000, NOW)).toBe(NOW + 20 * SECOND);
    expect(sentAt(gate({ take_back_ms: 1000 }), 5000, NOW)).toBe(NOW + 5 * SECOND);
  });
  it('or as the owner has it', () => expect([sentAt(gate(), 0, NOW), sentAt(gate({ take_back_ms: 20_000 }), 0, NOW)]).toEqual([NOW, NOW + 20 * SECOND]));
  it('not past a deadline that would end the wait', () => {
    expect(sentAt(gate({ deadline_ms: NOW + 4000, on_no_answer: 'stop' }), 5000, NOW)).toBe(NOW + 3000);
    expect(sentAt(gate({ deadline_ms: NOW + 500, on_no_answer: 'proceed' }), 5000, NOW)).toBe(NOW);
    expect(sentAt(gate({ deadline_ms: NOW + 4000, on_no_answer: 'keep_waiting' }), 5000, NOW)).toBe(NOW + 5 * SECOND);
  });
  it('one that a sleep overtook is not for now', () => expect([isOvertaken(held(), NOW + 6000), isOvertaken(held(), NOW + HOUR)]).toEqual([false, true]));
  it('it says what was said, and until when', () => {
    expect(heldWords(held(), NOW + 1200, ZONE)).toBe('Approved. invoice-clerk is told in 4 s.');
    expect([heldSide(held(), NOW), heldSide(held({ going: true }), NOW), heldSide(held({ act: 'later' }), NOW)]).toEqual(['told in 5 s', 'told now', 'later']);
    expect(heldWords(held(), NOW - 900, ZONE)).toBe('Approved. invoice-clerk is told in 5 s.');
    expect(heldWords(held({ act: 'deny', going: true }), NOW + 5100, ZONE)).toBe('Denied. invoice-clerk is told now.');
    expect(heldWords(held({ act: 'edit', gate: gate({ about: 'delivery' }) }), NOW + 9000, ZONE)).toBe('Approved with your changes. dunning-emails is told in 1 s.');
    expect(heldWords(held({ act: 'later' }), NOW, ZONE)).toBe('Later: it asks again at 09:30.');
  });
});

it('later is not past half of what is left', () => {
  expect(laterMinutes(gate(), 30, NOW)).toBe(30);
  expect(laterMinutes(gate({ deadline_ms: NOW + 20 * MINUTE }), 30, NOW)).toBe(10);
  expect(laterMinutes(gate({ deadline_ms: NOW + 30 * SECOND }), 30, NOW)).toBe(1);
});

describe('the list', () => {
  const a = gate({ id: 'a' });
  const off = gate({ id: 'off', put_off_until_ms: NOW + HOUR });
  const back = gate({ id: 'back', put_off_until_ms: NOW - 1 });
  it('what was put off stands apart until its time', () => {
    const groups = groupsOf({ waiting: [a, back, off], waiting_count: 3, confirm: [], settled: [gate({ id: 's', state: 'denied' })] }, NOW);
    expect([groups.waiting.map((g) => g.id), groups.later.map((g) => g.id), groups.settled.map((g) => g.id)]).toEqual([['a', 'back'], ['off'], ['s']]);
    expect([markOf(off, NOW), markOf(back, NOW), markOf(gate({ state: 'edited' }), NOW)]).toEqual(['later', 'waiting', 'edited']);
  });
  it('nothing moves under the fingers: what is new comes last', () => expect(inPlace(['back', 'a'], [off, a, back]).map((g) => g.id)).toEqual(['back', 'a', 'off']));
  it.each<[string, Parameters<typeof gate>[0], string]>([
    ['a deadline', { deadline_ms: NOW + 57 * MINUTE + 20 * SECOND }, '57 min left'], ['seconds of it', { deadline_ms: NOW + 41 * SECOND }, '41 s left'], ['at its end', { deadline_ms: NOW - 1 }, 'its time is over'], ['overdue', { overdue_at_ms: NOW - HOUR }, 'overdue'],
    ['none', { asked_at_ms: NOW - 3 * HOUR - 20 * SECOND }, 'for 3 h'], ['put off', { put_off_until_ms: NOW + 2 * HOUR }, 'at 11:00'], ['put off to another day', { put_off_until_ms: NOW + DAY }, 'at Sat 21 Nov 09:00'],
    ['answered today', { state: 'approved', settled_at_ms: NOW - 49 * MINUTE }, '08:11'], ['this week', { state: 'denied', settled_at_ms: NOW - 2 * DAY }, 'Wed'], ['long ago', { state: 'denied', settled_at_ms: NOW - 20 * DAY }, '31 Oct']
  ])('beside %s', (_, change, words) => expect(sideWords(gate(change), NOW, ZONE)).toBe(words));
  it('what waiting costs most comes first', () => {
    const ids = [gate({ id: 'old', asked_at_ms: NOW - DAY }), gate({ id: 'money', usd_per_hour: 2 }), gate({ id: 'soon', deadline_ms: NOW + MINUTE }), gate({ id: 'soonish', deadline_ms: NOW + HOUR }), gate({ id: 'young' })].sort(byUrgency).map((g) => g.id);
    expect(ids).toEqual(['soon', 'soonish', 'money', 'old', 'young']);
  });
});

describe('what is to be known of one', () => {
  it('who asks, and where', () => {
    expect([askerOf(gate()), askedWords(gate())]).toEqual(['invoice-clerk', 'asks, in']);
    expect([askerOf(gate({ about: 'step', key: 'send' })), askedWords(gate({ about: 'step', key: 'send' }))]).toEqual(['dunning-emails', 'asks before its step send, in']);
    expect(askedWords(gate({ about: 'delivery' }))).toBe('asks before anything is delivered, for');
    expect(askedWords(gate({ run_id: null }))).toBe('asks, outside of any run');
    expect(askerOf(gate({ agent: '', cue_name: null }))).toBe('An agent');
  });
  it('until when, and what with no answer', () => {
    expect(untilFact(gate({ deadline_ms: NOW + HOUR, on_no_answer: 'stop' }), NOW, ZONE)).toEqual({ head: 'Answer by 10:00', text: '1 h left. With no answer its run is stopped. The agent is told “no answer”, never “denied”.' });
    expect(untilFact(gate({ deadline_ms: NOW + HOUR }), NOW, ZONE).text).toBe('1 h left. After 10:00 it is overdue, and stays parked until you answer.');
    expect(untilFact(gate(), NOW, ZONE).head).toBe('No deadline');
    expect(untilFact(gate({ overdue_at_ms: NOW - HOUR }), NOW, ZONE).head).toBe('Overdue since 08:00');
  });
  it('whether it can be undone; who did not say is said so', () => {
    expect(undoneFact(gate({ reversible: false }))).toContain('No, it cannot.');
    expect(undoneFact(gate({ reversible: null }))).toContain('Who asks did not say whether it can be undone.');
    expect(undoneFact(gate({ reversible: true, blocking: false }))).toBe('Yes, as it says. The agent works on meanwhile.');
    expect(undoneFact(gate({ about: 'delivery' }))).toContain('Nothing has gone out yet.');
    expect(undoneFact(gate({ reversible: false, state: 'denied' }))).toBe('No, it cannot.');
    expect([null, true, false].map((reversible) => undoneLine(gate({ reversible }))?.words)).toEqual(['Who asks did not say whether it can be undone.', 'It can be undone, as who asks says.', 'It cannot be undone.']);
    expect(undoneLine(gate({ reversible: null, state: 'denied' }))).toBeNull();
    expect([toldFact(gate({ state: 'edited' })), toldFact(gate({ state: 'no_answer', on_no_answer: 'stop' }))]).toEqual(['It was told to go on, with what you made of it.', 'It was told “no answer”, never “denied”, and its run was stopped.']);
  });
  it('what waiting costs', () => expect([costOfWaiting(gate({ cost_of_waiting: '$2 an hour.' })), costOfWaiting(gate({ usd_per_hour: 2 })), costOfWaiting(gate())]).toEqual(['Waiting costs $2 an hour.', 'Waiting costs $2 an hour.', '']));
  it.each<[string, Parameters<typeof gate>[0], string, string]>([
    ['approved', { state: 'approved', face: 'notification', settled_at_ms: NOW - MINUTE }, 'Approved in the notification at 08:59:00, 11 min after it was asked.', 'in the notification, after 11 min'],
    ['denied with words', { state: 'denied', face: 'cli', settled_at_ms: NOW, comment: 'order was delivered' }, 'Denied on the command line at 09:00:00, 12 min after it was asked.', '“order was delivered”'],
    ['not answered', { state: 'no_answer', settled_at_ms: NOW, on_no_answer: 'proceed' }, 'Nobody answered in time at 09:00:00. It went on, told “no answer”.', 'it went on'],
    ['withdrawn', { state: 'withdrawn', settled_at_ms: NOW, comment: 'asked anew with other contents' }, 'Withdrawn at 09:00:00. Nobody waits for an answer any more.', '“asked anew with other contents”']
  ])('%s', (_, change, words, side) => expect([settledWords(gate(change), NOW, ZONE), settledSide(gate(change))]).toEqual([words, side]));
});

describe('what needs the owner', () => {
  const about = alert({ id: 'about', kind: 'gate_waiting', severity: 'warning', run_id: 'r1' });
  const verify = alert({ id: 'verify', kind: 'gate_waiting', severity: 'warning', run_id: 'r2' });
  const loner = alert({ id: 'loner', kind: 'gate_waiting', severity: 'warning', run_id: null, cue_id: null, agent: 'ada' });
  it('a gate and its own alert are one thing; a run to be verified is another', () => {
    const waiting = [gate({ id: 'g', run_id: 'r1' }), gate({ id: 'h', run_id: null, agent: 'ada', cue_id: null, cue_name: null })];
    expect(gatesOfAlert(about, waiting).map((g) => g.id)).toEqual(['g']);
    expect(gatesOfAlert(loner, waiting).map((g) => g.id)).toEqual(['h']);
    const fleet = withAlerts(EMPTY_FLEET, [about, verify, loner, alert({ id: 'silent', run_id: 'r1' })]);
    expect(needsOf(fleet, waiting, [], NOW).map((need) => need.key).sort()).toEqual(['g', 'h', 'silent', 'verify']);
  });
  it('one that was put off is not asked for, nor is its alert', () => expect(needsOf(withAlerts(EMPTY_FLEET, [about]), [gate({ run_id: 'r1', put_off_until_ms: NOW + HOUR })], [], NOW)).toEqual([]));
  it('a deadline comes before whatever has only waited', () => {
    const fleet = withHistory(withAlerts(EMPTY_FLEET, [alert({ id: 'old', opened_at_ms: NOW - DAY })]), [mark({ occurrence_id: 'ask', scheduled: 'held', asks: true, run_id: null, due_ms: NOW - 2 * DAY })]);
    expect(needsOf(fleet, [gate({ id: 'calm', asked_at_ms: NOW - 3 * DAY }), gate({ id: 'soon', deadline_ms: NOW + HOUR })], [], NOW).map((need) => need.key)).toEqual(['soon', 'calm', 'ask', 'old']);
  });
  it('the palette leads to it, and answers only for one who types so', () => {
    const world = { fleet: EMPTY_FLEET, gates: [gate({ title: 'Send 14 reminders?', deadline_ms: NOW + HOUR })], logins: [], agents: [], paused: false, now_ms: NOW, zone: ZONE };
    const told = (query: string) => itemsFor(query, world).filter((item) => item.section === 'Needs you').map((item) => `${item.text} (${item.side})`);
    expect(told('')).toEqual(['dunning-emails: Send 14 reminders? (1 h left)']);
    expect(told('reminders')).toEqual(['dunning-emails: Send 14 reminders? (1 h left)']);
    expect(told('deny 14')).toEqual(['Deny dunning-emails: Send 14 reminders? (can be taken back)']);
  });
});

it('what ends soon is said once', () => {
  const soon = gate({ id: 'soon', deadline_ms: NOW + 4 * MINUTE });
  const list = [soon, gate({ id: 'far', deadline_ms: NOW + HOUR }), gate({ id: 'past', deadline_ms: NOW - 1 }), gate({ id: 'none' })];
  expect(endingSoon(list, [], NOW).map((g) => g.id)).toEqual(['soon']);
  expect(endingSoon(list, ['soon'], NOW)).toEqual([]);
});
