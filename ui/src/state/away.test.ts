//! What the window says after an absence and before the next fires: briefing, needs, pauses, fires by hand, tomorrow.
import { describe, expect, it } from 'vitest';
import { writeAs, writtenIn } from '../locale';
import { alert, band, cue, event, mark, NOW } from '../testing';
import { DAY, HOUR, MINUTE } from '../time';
import type { BriefingCard, BriefingLine, SimulatedFire, SimulatedLane, Simulation } from '../wire';
import { bandWords, closingWords, doneWords, dueWords, merged, openAsks, policyWords } from './briefing';
import { readPayload } from './firing';
import { fleetFrom, withEvent, withHistory } from './fleet';
import { dueOf, needsOf } from './needs';
import { itemsFor } from './palette';
import { pauseChoices, pausedWords, readTime, whenWords } from './pausing';
import { daysOf, many, sentenceOf } from './tomorrow';

const MADRID = 'Europe/Madrid';
const HELD = { scheduled: 'held', asks: true, run_id: null, delivered: 'none', confirmed: 'none' } as const;

function line(change: Partial<BriefingLine> = {}): BriefingLine {
  return { cue_id: 'c1', cue_name: 'refund-requests', missed: 5, oldest_due_ms: NOW - 5 * HOUR, newest_due_ms: NOW - HOUR, policy: 'ask', sentence: 'Held: it asks you.', asks: 'o1', run_id: null, ...change };
}

function card(lines: BriefingLine[]): BriefingCard {
  return { title: '37 due times passed while asleep', sentence: '4 cues ran once for what they missed, 1 waits for you.', bands: [band()], lines };
}

describe('the briefing', () => {
  it.each<[Partial<BriefingLine>, string]>([
    [{}, '04:00 to 08:00'], [{ missed: 1, newest_due_ms: NOW - 5 * HOUR }, '04:00'], [{ oldest_due_ms: NOW - HOUR - 9000 }, '07:59:51 to 08:00:00'], [{ oldest_due_ms: NOW - HOUR + 5000, newest_due_ms: NOW - HOUR + 25_000 }, '08:00:05 to :25'], [{ missed: 1, oldest_due_ms: NOW - HOUR + 5000 }, '08:00:05'], [{ oldest_due_ms: NOW - 12 * HOUR }, 'Thu 19 21:00 to 08:00'], [{ oldest_due_ms: NOW - 14 * HOUR, newest_due_ms: NOW - 13 * HOUR }, 'Thu 19 19:00 to 20:00']
  ])('%j was due %s', (change, words) => expect(dueWords(line(change), NOW, MADRID)).toBe(words));
  it('in any way of writing days', () => {
    writeAs(writtenIn('en-US'));
    expect(dueWords(line({ oldest_due_ms: NOW - 12 * HOUR }), NOW, MADRID)).toBe('Thu 19 21:00 to 08:00');
    writeAs(writtenIn('en-GB'));
  });
  it.each([
    ['Ran once.', 'Ran once.', null], ['1 not run (the tower was off, and it stays useful for 10 s only).', '1 not run.', 'It stays useful for 10 s only.'], ['4 not run (the tower was off; this cue does not catch up).', '4 not run.', 'This cue does not catch up.'], ['1 skipped (the previous run was still live).', '1 skipped.', 'The previous run was still live.'], ['Ran once; 2 skipped (busy); 3 wait their turn.', 'Ran once; 2 skipped (busy); 3 wait their turn.', null]
  ])('%s is what was done and why', (sentence, done, why) => expect(doneWords(line({ sentence, asks: null }), null)).toEqual({ done, why }));
  it.each<[Partial<BriefingLine>, number | null, string, string | null]>([
    [{ missed: 7, sentence: 'Waits for you; ran once; 4 coalesced into it; 1 skipped (the previous run was still live).' }, 5, '5 of the 7 wait for you; one run makes up for them. 1 ran, 1 skipped.', 'The previous run was still live.'],
    [{ missed: 7, sentence: 'Waits for you; 2 not run (the tower was off; it stays useful for 10 s only).' }, 1, '1 of the 7 waits for you. 2 not run.', 'It stays useful for 10 s only.'],
    [{ missed: 5, sentence: 'Waits for you; 4 coalesced into it.' }, 5, 'All 5 wait for you; one run makes up for them.', null],
    [{ missed: 1, sentence: 'Waits for you.' }, 1, 'It waits for you.', null],
    [{ missed: 1, sentence: 'Waits for you.' }, null, 'Waits for you.', null]
  ])('what asks tells how many wait, as the bay does: %j, %s', (change, waiting, done, why) => expect(doneWords(line(change), waiting)).toEqual({ done, why }));
  it('a run that is not over is not said to have run', () => {
    const cue = line({ sentence: 'Ran once; 1 not run (the tower was off, and it stays useful for 15 s only).', asks: null });
    expect(doneWords(cue, null, 'Waits for room in model-api')).toEqual({ done: 'Waits for room in model-api; 1 not run.', why: 'It stays useful for 15 s only.' });
  });
  it('a band says when', () => expect(bandWords(band(), NOW, MADRID)).toBe('Asleep 4 h, 04:00 to 08:00'));
  it('a short one to the second', () => expect(bandWords(band({ to_ms: NOW - 5 * HOUR + 19_000, label: 'Tower off 19 s' }), NOW, MADRID)).toBe('Tower off 19 s, 04:00:00 to 04:00:19'));
  it('knows what is still to be decided, and what closing means', () => {
    const shown = card([line(), line({ cue_id: 'c2', cue_name: 'invoices', asks: 'o2' }), line({ cue_id: 'c3', asks: null, policy: 'latest' })]);
    const left = (answers: [string, 'run' | 'skip'][]) => openAsks(shown, new Map(answers));
    expect(left([]).map((l) => l.cue_id)).toEqual(['c1', 'c2']);
    expect(closingWords(left([]))).toBe('If you close this, refund-requests and invoices stay held; they never run by themselves.');
    expect(closingWords(left([['o2', 'skip']]))).toBe('If you close this, refund-requests stays held; it never runs by itself.');
    expect(closingWords(left([['o1', 'run'], ['o2', 'skip']]))).toBe('Nothing of this absence waits for you.');
  });
  it('nothing moves under the pointer when a newer card comes', () => {
    const first = card([line(), line({ cue_id: 'c2', asks: null })]);
    const next = { ...card([line({ cue_id: 'c3', asks: null }), line({ cue_id: 'c2', asks: null, run_id: 'r2' }), line({ asks: null, sentence: 'Ran once.' })]), title: 'newer' };
    const both = merged(first, next, (id) => id === 'o1');
    expect(both?.title).toBe('newer');
    expect(both?.lines.map((l) => `${l.cue_id} ${l.asks} ${l.run_id} ${l.sentence}`)).toEqual(['c1 o1 null Ran once.', 'c2 null r2 Held: it asks you.', 'c3 null null Held: it asks you.']);
    expect(merged(first, next, () => false)?.lines[0]?.asks, 'answered elsewhere').toBeNull();
    expect(merged(first, null, () => true), 'closed elsewhere').toBeNull();
    expect(merged(null, next, () => false)).toBe(next);
  });
  it.each([['latest', 'Runs once for all'], ['all', 'Runs each'], ['none', 'Never made up'], ['ask', 'Asks you']])('policy %s: %s', (policy, words) => expect(policyWords(policy)).toBe(words));
});

describe('what needs the owner', () => {
  const fleet = fleetFrom({
    seq: 1, now_ms: NOW, cues: [cue()], alerts: [alert({ opened_at_ms: NOW - HOUR })], bands: [], truncated: false,
    marks: [mark({ ...HELD, occurrence_id: 'h', due_ms: NOW - 2 * HOUR }), mark({ ...HELD, occurrence_id: 'x', asks: false, due_ms: NOW }), ...[1, 2, 3].map((i) => mark({ occurrence_id: `m${i}`, due_ms: NOW - (2 + i) * HOUR, scheduled: 'coalesced', coalesced_into: 'h', run_id: null }))]
  });
  it('alerts and what is held until it is answered, the longest wait first', () => expect(needsOf(fleet, [], [], NOW).map((need) => need.key)).toEqual(['h', 'a1']));
  it('a held one counts what merged into it', () => expect(needsOf(fleet, [], [], NOW).map((need) => (need.kind === 'ask' ? need.due : 0))).toEqual([4, 0]));
  it('and a span counts for all it stands for', () => expect(dueOf([mark({ coalesced_into: 'h', count: 43_100 })], mark({ ...HELD, occurrence_id: 'h' }))).toBe(43_101));
  it('is over once it is answered', () => expect(needsOf(withEvent(fleet, event(2, { marks: [mark({ occurrence_id: 'h', due_ms: NOW - 2 * HOUR })] })), [], [], NOW).map((need) => need.key)).toEqual(['a1']));
  it('is answered from the palette', () => {
    const items = itemsFor('lead-digest once', { fleet, gates: [], logins: [], agents: [], paused: false, now_ms: NOW, zone: MADRID });
    expect(items.map((item) => `${item.section}: ${item.text}`)).toContain('Needs you: Run lead-digest, once for 4 due times that passed');
  });
});

it('bands come with the board, with older runs, and live', () => {
  let fleet = fleetFrom({ seq: 1, now_ms: NOW, cues: [], marks: [], alerts: [], bands: [band()], truncated: false });
  fleet = withHistory(fleet, [], [band({ from_ms: NOW - 40 * HOUR, to_ms: NOW - 39 * HOUR, label: 'Tower off 1 h' }), band({ label: 'stale' })]);
  fleet = withEvent(fleet, event(2, { bands: [band({ to_ms: NOW, label: 'Asleep 5 h' })] }));
  expect(fleet.bands.map((b) => b.label)).toEqual(['Tower off 1 h', 'Asleep 5 h']);
});

describe('a pause', () => {
  it('offers an hour, tomorrow morning and Monday morning', () =>
    expect(pauseChoices(NOW, MADRID).map((c) => `${c.label}: ${c.side}`)).toEqual(['For 1 h: 10:00', 'Until tomorrow morning: Sat 08:00', 'Until Monday morning: Mon 08:00']));
  it('on Sunday tomorrow is Monday', () => expect(pauseChoices(NOW + 2 * DAY, MADRID).map((c) => c.key)).toEqual(['hour', 'morning']));
  it('a morning is eight o’clock also after the clock changed', () => {
    const choice = pauseChoices(Date.UTC(2026, 9, 24, 12), MADRID).find((c) => c.key === 'morning');
    expect([choice?.side, choice?.until_ms]).toEqual(['Sun 08:00', Date.UTC(2026, 9, 25, 7)]);
  });
  it.each<[number | null, string]>([[null, 'Paused'], [NOW + HOUR, 'Paused until 10:00'], [NOW + 3 * DAY, 'Paused until Mon 09:00'], [NOW + 10 * DAY, 'Paused until Mon 30 Nov 09:00']])('%s', (paused_until_ms, words) =>
    expect(pausedWords(cue({ status: 'paused', paused_until_ms }), NOW, MADRID)).toBe(words)
  );
  it.each<[string, string]>([
    ['14:30', '14:30'], ['08:00', 'Sat 08:00'], ['2026-11-23 08:00', 'Mon 08:00'], ['2026-11-20 08:00', 'This time has passed.'], ['soon', 'Write a time such as 14:30, or 2026-11-23 08:00.'], ['25:00', 'Write a time such as 14:30, or 2026-11-23 08:00.']
  ])('“%s” is read as %s', (text, words) => {
    const read = readTime(text, NOW, MADRID);
    expect('wrong' in read ? read.wrong : whenWords(read.at_ms, NOW, MADRID)).toBe(words);
  });
});

describe('a fire by hand', () => {
  const own = { region: 'eu', limit: 10 };
  it.each<[string, boolean, unknown, unknown]>([
    ['', true, null, own], ['{"limit": 1}', true, { limit: 1 }, { region: 'eu', limit: 1 }], ['{"limit": 1}', false, { limit: 1 }, { limit: 1 }], ['', false, {}, {}]
  ])('“%s”, laid over: %s', (text, merge, send, gets) => {
    const read = readPayload(text, merge, own);
    expect('send' in read ? [read.send, JSON.parse(read.gets)] : read).toEqual([send, gets]);
  });
  it.each(['[1]', '"x"', '{', '5'])('%s is no payload', (text) => expect(readPayload(text, true, own)).toHaveProperty('wrong'));
});

describe('tomorrow', () => {
  const START = Date.UTC(2026, 10, 20, 12);
  const lane = (change: Partial<SimulatedLane> = {}): SimulatedLane => ({ cue_id: 'c1', cue_name: 'digest', words: 'hourly', run_ms: 60_000, ran: 2, skipped_overlap: 0, skipped_blackout: 0, waited: 0, most_at_once: 1, notes: [], ...change });
  const fire = (due_ms: number, change: Partial<SimulatedFire> = {}): SimulatedFire => ({ cue_id: 'c1', due_ms, triggered_by: 'scheduled', end: 'ran', reason: null, offset_minutes: 60, ...change });
  const simulation = (lanes: SimulatedLane[], fires: SimulatedFire[] = []): Simulation => ({ from_ms: START, to_ms: START + 30 * DAY, lanes, fires, truncated: false });

  it.each<[SimulatedLane[], string]>([
    [[], 'Nothing is due in the next 30 days.'],
    [[lane({ ran: 720 })], '720 due times in the next 30 days. Each of them runs.'],
    [[lane({ ran: 1 })], '1 due time in the next 30 days. Each of them runs.'],
    [[lane({ ran: 1200, skipped_overlap: 36 }), lane({ ran: 12, skipped_blackout: 1, waited: 2 })], '1,249 due times in the next 30 days. 1,212 run; 36 are skipped because the run before still runs, 1 falls into a blackout and 2 wait their turn first.']
  ])('%#', (lanes, sentence) => expect(sentenceOf(simulation(lanes))).toBe(sentence));

  it('goes by day on the right clock', () => {
    const sim = simulation([lane()], [fire(START + 11.5 * HOUR), fire(START + 12 * HOUR)]);
    expect(daysOf(sim, null).map((d) => `${d.title}: ${d.lines[0]?.endings[0]?.times.join(' ')}`)).toEqual(['Sat 21 Nov: 00:30 01:00']);
    expect(daysOf(sim, 'UTC').map((d) => `${d.title}: ${d.fires}`)).toEqual(['Fri 20 Nov: 1', 'Sat 21 Nov: 1']);
  });
  it('tells many as a stretch, and what ends otherwise apart, with why', () => {
    const often = Array.from({ length: 100 }, (_, i) => fire(START + i * MINUTE, i % 10 === 0 ? { end: 'skipped', reason: 'the previous run is still live' } : {}));
    const endings = daysOf(simulation([lane()], [...often, fire(START + 90_000, { end: 'held', reason: 'it waits behind another run' })]), 'UTC')[0]?.lines[0]?.endings;
    expect(endings?.map((e) => `${e.end} ${e.count} ${e.stretch} ${e.times.join(' ')} ${e.reason}`)).toEqual([
      'ran 90 true 12:01:00 13:39:00 null', 'held 1 false 12:01:30 it waits behind another run', 'skipped 10 true 12:00:00 13:30:00 the previous run is still live'
    ]);
  });
  it('counts as people write', () => expect([many(1, 'day'), many(1240, 'run'), many(0, 'due time')]).toEqual(['1 day', '1,240 runs', '0 due times']));
});
