import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE } from '../time';
import { blankDraft, type Draft } from './draft';
import { atOnceWords, boundAgainst, catchUpAnswers, factsOf, overlapAnswers, usualWithin } from './policies';
import { blankPart } from './schedule';
import { usualIn } from './span';
import { hoursAWeek, MINUTES_WEEK, weekOf } from './week';
import { dayWords, daysAhead } from './ahead';
import type { Simulation } from '../wire';

const every = (gap: number, change: Partial<Draft> = {}) => factsOf(draft(change), [1, 2, 3, 4].map((n) => n * gap));
const draft = (change: Partial<Draft> = {}): Draft => ({ ...blankDraft('UTC'), ...change });
const late = (change: Partial<Draft>, gap: number) => Object.fromEntries(catchUpAnswers(draft(change), every(gap)).map((answer) => [answer.value, answer.say]));

describe('what is missed', () => {
  it('says what one night would do to this very cue', () => {
    expect(late({}, 5 * MINUTE)).toEqual({
      latest: 'Runs once for the newest it missed, if that is under 2 min 30 s late; the rest are coalesced into it. 8 h away: 1 run, 95 coalesced.',
      all: 'Runs each one, oldest first, one behind the other; beyond 100 they are missed. 8 h away: 96 runs.',
      ask: 'Holds the newest it missed until you say run or skip. 8 h away: 1 question, 95 coalesced.',
      none: 'Runs nothing; the ledger says missed, and why. 8 h away: 96 missed.'
    });
    expect(late({}, MINUTE)['all']).toContain('100 runs');
  });
  it('gives no example where there is nothing to count', () => expect(late({}, 24 * HOUR)['all']).toBe('Runs each one, oldest first, one behind the other; beyond 100 they are missed.'));
  it('is of use for half the gap, at most 12 h, or as long as one says', () => {
    expect(late({}, 48 * HOUR)['latest']).toContain('under 12 h late');
    expect(late({ within: { amount: '45', unit: 'minutes' } }, HOUR)['latest']).toContain('under 45 min late');
    expect(catchUpAnswers(draft(), factsOf(draft(), [0, HOUR, 2 * HOUR, 20 * HOUR]))[0]?.say).toContain('if that is late by less than half the gap to the next, and than 12 h; the rest');
  });
  it('what holds where nothing is said stands in grey, with a unit of its own until one is chosen', () => {
    expect(usualWithin(draft({ within: { amount: '45', unit: 'minutes' } }), every(20_000))).toBe(10);
    expect([usualIn(10, null), usualIn(10, 'minutes')]).toEqual([{ amount: '10', unit: 'seconds' }, { amount: '0.167', unit: 'minutes' }]);
    expect([usualWithin(draft(), factsOf(draft(), [])), usualWithin(draft({ kind: 'once' }), every(HOUR))]).toEqual([null, null]);
  });
  it('once: there is no newest, and no limit unless one says so', () => {
    expect(late({ kind: 'once' }, HOUR)).toMatchObject({ latest: 'Runs when the tower is back, however late that is.', ask: 'Holds it until you say run or skip.' });
    expect(late({ kind: 'once' }, HOUR)['all']).toBeUndefined();
  });
});

it('what meets a run is said with the gap of this cue', () => {
  expect(overlapAnswers(every(MINUTE))[0]?.say).toBe('A run longer than 1 min makes the next one skipped; the ledger says why.');
  const windows = { parts: [{ ...blankPart([]), every: { amount: '30', unit: 'seconds' as const } }] };
  expect(overlapAnswers(every(HOUR, windows))[0]?.say).toBe('A run longer than 30 s can make the next one skipped; the ledger says why.');
  expect(overlapAnswers(factsOf(draft({ jitter: { amount: '20', unit: 'seconds' } }), [4_000, HOUR + 1_000, 2 * HOUR + 19_000]))[0]?.say).toContain('longer than 1 h makes');
  expect(atOnceWords(draft())).toBeNull();
  expect(atOnceWords(draft({ parts: [blankPart([]), { ...blankPart([]), atOnce: '5' }] }))).toBe('Window 2 lets 5 go at once; this holds for any more.');
});

it('no limit at all and a limit of a window are told apart at once, in the words of the choices', () => {
  const limits = (...atOnce: string[]): Partial<Draft> => ({ overlap: 'allow', parts: atOnce.map((runs) => ({ ...blankPart([]), atOnce: runs })) });
  expect(boundAgainst(draft(limits('', '5')))).toBe('Window 2 limits how many go at once, and “Run both” knows no limit: choose “Wait, then run” or “Skip this one”, or empty that limit.');
  expect(boundAgainst(draft(limits('2', '', '1', '9')))).toMatch(/^Windows 1, 3 and 4 limit how/);
  expect([boundAgainst(draft(limits(''))), boundAgainst(draft({ ...limits('5'), overlap: 'queue' })), boundAgainst(draft({ ...limits('5'), kind: 'manual' }))]).toEqual([null, null, null]);
});

describe('the week', () => {
  const NOW = Date.UTC(2026, 10, 21);
  it('the upper window holds where two are open', () => {
    const { rows, rest } = weekOf([{ ...blankPart([]), from: '09:00', to: '12:00' }, { ...blankPart([]), days: [0], from: '08:00', to: '13:00' }], 'UTC', NOW);
    expect(rows[0]?.holds).toHaveLength(5);
    expect(rows[1]).toEqual({ holds: [{ from: 480, to: 540 }, { from: 720, to: 780 }], hidden: [{ from: 540, to: 720 }] });
    expect(hoursAWeek(rows[0]?.holds ?? [])).toBe('15 h a week');
    expect(rest.reduce((sum, { from, to }) => sum + to - from, 0)).toBe(MINUTES_WEEK - 15 * 60 - 120);
  });
  it('a window over the end of the week goes on at its beginning; another zone moves it', () => {
    expect(weekOf([{ ...blankPart([]), days: [6], from: '22:00', to: '02:00' }], 'UTC', NOW).rows[0]?.holds).toEqual([{ from: 0, to: 120 }, { from: MINUTES_WEEK - 120, to: MINUTES_WEEK }]);
    expect(weekOf([{ ...blankPart([]), days: [0], from: '09:30', to: '16:00', zone: 'America/New_York' }], 'Europe/Berlin', NOW).rows[0]?.holds).toEqual([{ from: 15.5 * 60, to: 22 * 60 }]);
  });
  it('times that cannot be read hold nowhere', () => expect(weekOf([{ ...blankPart([]), from: 'x' }], 'UTC', NOW).rows[0]?.holds).toEqual([]));
});

it('the days ahead are those of the cue, empty ones too, and name a clock change', () => {
  const at = (iso: string, offset_minutes: number, end: string) => ({ cue_id: '', due_ms: Date.parse(iso), triggered_by: 'scheduled', end, reason: null, offset_minutes });
  const simulation: Simulation = {
    from_ms: Date.parse('2027-03-26T22:30:00Z'), to_ms: Date.parse('2027-03-29T22:00:00Z'), lanes: [], truncated: false,
    fires: [at('2027-03-27T01:30:00Z', 60, 'ran'), at('2027-03-27T12:00:00Z', 60, 'skipped'), { ...at('2027-03-27T13:00:00Z', 60, 'ran'), cue_id: 'other' }, at('2027-03-28T01:00:00Z', 120, 'held')]
  };
  expect(daysAhead(simulation, '', 60).map((day) => `${day.name}: ${dayWords(day)} ${day.shift}`)).toEqual(['Fri 26 Mar: nothing due 0', 'Sat 27 Mar: 1 run, 1 skipped 0', 'Sun 28 Mar: 1 wait, then run 60', 'Mon 29 Mar: nothing due 0']);
  expect(daysAhead({ ...simulation, truncated: true }, '', 60).map((day) => day.known)).toEqual([true, true, false, false]);
  expect(daysAhead({ ...simulation, truncated: true }, '', 60).slice(2).map(dayWords)).toEqual(['1 wait, then run listed, more only counted', 'only counted']);
});
