import { describe, expect, it } from 'vitest';
import { agent, cue, mark, NOW } from '../testing';
import type { AgentView } from '../wire';
import { EMPTY_FLEET } from './fleet';
import { beatWords, brief, budgetOf, cannot, commandWords, costWords, countsOf, faceOf, grouped, hasNoRate, healthOf, heardWords, isUnusual, measurable, memoryWords, messageFace, namedWords, newestMb, ordered, overBudget, pulseWords, riseWords, standsAs, standsOf, standsOnBoard, tokensLately, tokensLine, tokensWords } from './agents';

const asked = (state: string, message: string | null = null) => ({ id: 1, action: 'restart', state, message, asked_at_ms: NOW, ended_at_ms: null });

describe('the list', () => {
  it('is in order of name, and a beat does not move a row', () => {
    const before = [agent({ name: 'b' }), agent({ name: 'a' }), agent({ name: 'unheard', last_beat_ms: null, state: 'unseen' }), agent({ name: 'a', account: 'acc_1' })];
    const names = (list: readonly AgentView[]) => ordered(list).map((one) => `${one.account ?? ''}/${one.name}`);
    expect(names(before)).toEqual(['/a', 'acc_1/a', '/b', '/unheard']);
    expect(names([...before].reverse())).toEqual(names(before));
  });
  it('is counted by how each stands, those without beats too', () => {
    const idle = standsAs(agent({ state: 'unseen', last_beat_ms: null, cues: [{ id: 'c1' }] as never }), { runs: 0, asks: 0 });
    const list = [...[{}, {}, { state: 'late' }, { state: 'error' }, { state: 'unseen', last_beat_ms: null }].map((change) => standsAs(agent(change), { runs: 0, asks: 0 })), idle];
    expect(countsOf(list).map((count) => count.words)).toEqual(['2 working', '1 idle', '1 late', '1 with an error', '1 without beats']);
    expect(countsOf([])).toEqual([]);
  });
  it('is told above its cues: a question first, then what is wrong, then what runs, then how it beats', () => {
    const words = (named: readonly AgentView[], runs = 0, asks = 0) => standsOnBoard(named, { runs, asks }).word;
    const stuck = agent({ no_progress_since_ms: NOW, run_id: 'r1' });
    expect([words([stuck], 1, 1), words([stuck], 1), words([agent({ state: 'late' })]), words([agent()], 2), words([agent()]), words([agent({ state: 'alive' })]), words([agent({ state: 'stopped' })]), words([])]).toEqual(
      ['1 at a gate', 'Alive only', 'Late', '2 running', 'Working', 'Idle', 'Idle', 'Idle']);
    expect(words([agent(), stuck], 1), 'of two with one name').toBe('Alive only');
    expect([standsOf([agent(), stuck, agent({ no_progress_since_ms: NOW, run_id: null })]), standsOf([agent()]) === standsOf([])]).toEqual([new Map([['r1', NOW]]), true]);
  });
  it('says who leaks, and that nobody does only where beats tell of it', () => {
    const rises = agent({ memory_rise: { since_ms: NOW, from_mb: 300 } });
    expect([healthOf([agent()]), healthOf([agent(), rises]), healthOf([agent({ memory_mb: null })]), healthOf([agent({ progress_at_ms: null, memory_mb: null })]), healthOf([agent(), agent({ no_progress_since_ms: NOW })])]).toEqual([
      { leaks: null, well: 'nobody only looks alive, nobody leaks' }, { leaks: `${rises.name} leaks memory`, well: 'nobody only looks alive' }, { leaks: null, well: 'nobody only looks alive' }, { leaks: null, well: '' }, { leaks: null, well: 'nobody leaks' }
    ]);
    expect(healthOf([rises, rises]).leaks).toBe('2 leak memory');
  });
  it('asks this machine for the memory of those that do not tell of it, where it runs them', () => {
    const fleet = { ...EMPTY_FLEET, cues: new Map([['c1', cue()], ['c2', cue({ id: 'c2', transport: 'worker' })]]), lanes: new Map([['c1', [mark({ run_id: 'r1' })]], ['c2', [mark({ run_id: 'r2', cue_id: 'c2' })]]]) };
    const list = [agent({ memory_mb: null, run_id: 'r1' }), agent({ memory_mb: null, run_id: 'r2' }), agent({ run_id: 'r1' }), agent({ memory_mb: null })];
    expect(measurable(list, fleet)).toEqual([{ run_id: 'r1', number: 1 }]);
    expect([newestMb({ samples: [] }), newestMb({ samples: [{ at_ms: NOW, rss_bytes: 22_000_000, cpu_ms: 0, processes: 1 }] })]).toEqual([null, 22]);
  });
});

describe('figures', () => {
  it.each([[0, '0'], [940, '940'], [3900, '3.9k'], [3000, '3k'], [41_240, '41k'], [999_400, '999k'], [999_600, '1M'], [1_240_000, '1.2M']])('%i is %s', (n, words) => expect(brief(n)).toBe(words));
  it('groups thousands', () => expect([grouped(999), grouped(18_204), grouped(1_234_567)]).toEqual(['999', '18,204', '1,234,567']));
  it('tokens of late are a mean over ten minutes, not the minute that has only begun', () => {
    const tokens = [...Array.from({ length: 50 }, () => 9000), ...Array.from({ length: 9 }, () => 1000), 0];
    expect(tokensLately(agent({ tokens }))).toBe(1800);
    expect(tokensWords(agent({ tokens }))).toBe('1,800 tokens a minute over the last 10 min, at most 9,000 in one minute of the last 60');
    expect(tokensWords(agent({ tokens: [0, 0] }))).toBe('No tokens in the last 60 min');
    expect(tokensLately(agent({ tokens: [], pulse: [] }))).toBe(0);
  });
  it('the minute in which it began is no measure of a minute', () => {
    const pulse = Array.from({ length: 60 }, (_, i) => (i < 56 ? 0 : 6));
    const tokens = pulse.map((n, i) => (n === 0 ? 0 : i === 56 ? 580 : 1800));
    const of = agent({ pulse, tokens, usual_gap_ms: 10_000 });
    expect([tokensLine(of)?.slice(-4), tokensLately(of)]).toEqual([[null, null, 1800, 1800], 1800]);
    expect(tokensWords(of)).toBe('1,800 tokens a minute over the last 2 min, at most 1,800 in one minute of the last 60');
    const began = (i: number) => agent({ pulse: pulse.map((_, at) => (at < i ? 0 : 6)), tokens, usual_gap_ms: 10_000, tokens_usual: [1500, 2100] });
    expect([tokensLine(began(58)), isUnusual(began(58)), tokensLine(began(57))?.slice(-2)]).toEqual([null, false, [null, 1800]]);
  });
  it('the pulse', () => expect([pulseWords([0, 2, 0, 1]), pulseWords([0, 0])]).toEqual(['Beats in 2 of the last 60 minutes, 3 in all', 'No beat in the last 60 min']));
  it('memory', () => expect([memoryWords(411.6), memoryWords(1126)]).toEqual(['412 MB', '1.1 GB']));
  it('memory that rises says from where and how fast', () => expect([riseWords({ memory_rise: null }, NOW), riseWords({ memory_rise: { since_ms: NOW - 2 * 3_600_000, from_mb: 300 } }, NOW)]).toEqual([null, 'from 300 MB in 2 h']));
  it.each<[number | null, number | null, string | null, boolean]>([[null, null, null, false], [1.2, null, '$1.20', false], [1.2, 2, '$1.20 of $2.00', false], [2.5, 2, '$2.50 of $2.00', true], [null, 2, '$0.00 of $2.00', false], [2, 2, '$2.00 of $2.00', false]])(
    'cost %s of %s', (cost_today_usd, day_cost_usd, words, over) => expect([costWords({ cost_today_usd, day_cost_usd }), overBudget({ cost_today_usd, day_cost_usd })]).toEqual([words, over]));
});

describe('how an agent stands', () => {
  const named = { state: 'unseen', last_beat_ms: null, cues: [{ id: 'c1', name: 'lead-digest', agent: 'a', transport: 'command', words: '', timezone: 'UTC', deleted: false }] as never };
  const words = (change: Parameters<typeof agent>[0], busy = { runs: 0, asks: 0 }) => standsAs(agent(change), busy).word;
  it('is the board’s word where it never beat and cues name it', () => expect([words(named), words(named, { runs: 2, asks: 0 }), words(named, { runs: 1, asks: 1 })]).toEqual(['Idle', '2 running', '1 at a gate']));
  it('is its own word where it beats, or where no cue names it', () => expect([words({}, { runs: 2, asks: 0 }), words({ state: 'unseen', last_beat_ms: null })]).toEqual(['Working', 'No beats yet']));
});

describe('one beat alone', () => {
  const once = (minute: number) => ({ pulse: Array.from({ length: 60 }, (_, i) => (i === minute ? 1 : 0)), tokens: Array.from({ length: 60 }, (_, i) => (i === minute ? 930 : 0)), usual_gap_ms: null });
  it.each([59, 40])('in minute %i has no rate: neither a line nor a figure', (minute) => {
    expect(tokensLine(agent(once(minute)))).toBeNull();
    expect(tokensWords(agent(once(minute)))).toBe('No rate yet: it takes two beats and a minute that is over');
  });
  it('is no longer alone with the second; two within the minute that has begun say no rate either', () => {
    const pulse = once(40).pulse.map((n, i) => (i === 59 ? 1 : n));
    expect(hasNoRate({ pulse, usual_gap_ms: null })).toBe(false);
    expect(hasNoRate({ pulse: once(59).pulse.map((n) => n * 2), usual_gap_ms: null })).toBe(true);
  });
  it('of one that beats seldom says a rate', () => expect(hasNoRate({ ...once(40), usual_gap_ms: 3_600_000 })).toBe(false));
});

describe('words', () => {
  it('a state nobody knows keeps its own word', () => expect(faceOf('dreaming')).toEqual({ state: 'unseen', word: 'dreaming', tone: 'mark' }));
  it('when it was heard of, or how it is known', () => {
    const cue = { id: 'c1', name: 'lead-digest', agent: 'a', transport: 'command', words: '', timezone: 'UTC', deleted: false };
    expect(heardWords(agent(), NOW)).toBe('beat 22 s ago');
    expect(heardWords(agent({ last_beat_ms: null, cues: [cue] as never }), NOW)).toBe('no beats yet');
    expect([[], [cue], [cue, cue]].map((cues) => namedWords({ cues: cues as never }))).toEqual([null, 'named by lead-digest', 'named by 2 cues']);
    expect(heardWords(agent({ last_beat_ms: null, address: 'agt_1' }), NOW)).toBe('takes messages');
  });
  it.each([['asked', null, 'waits for its runner to fetch it', true], ['fetched', null, 'its runner has it', true], ['completed', 'restarted.', 'done: restarted', false], ['rejected', 'not in the whitelist', 'its runner refused: not in the whitelist', false], ['expired', null, 'no runner fetched it in time', false]])(
    'a command that is %s', (state, message, words, open) => expect(commandWords(asked(state, message))).toMatchObject({ action: 'Restart', words, open }));
  it('why it cannot be restarted', () => {
    expect(cannot(agent(), 'restart')).toBeNull();
    expect(cannot(agent({ runner: null }), 'stop')).toContain('No runner watches it');
    const open = agent({ commands: [asked('completed'), asked('fetched')] });
    expect(cannot(open, 'restart')).toBe('Restart is asked already: its runner has it.');
    expect(cannot(open, 'stop')).toBeNull();
    expect(cannot(agent({ commands: [asked('completed'), asked('expired')] }), 'restart')).toBeNull();
  });
  it('a beat, and what it was told', () => {
    expect(beatWords({ status: 'ok', warning: 'cost_exceeded' })).toEqual({ word: 'ok', tone: 'mark', told: 'told that it spends too much' });
    expect(beatWords({ status: 'shutdown', warning: null })).toMatchObject({ word: 'goodbye', told: null });
  });
  it('a message', () => expect([messageFace('acked').word, messageFace('retry_ready').word, messageFace('odd_one').word]).toEqual(['Acknowledged', 'Tries again', 'odd one']));
});

describe('a day’s budget as it is typed', () => {
  it.each([['2', 2], ['0', 0], ['$ 0.50', 0.5], ['1,5', 1.5], ['', null], ['  ', null]])('%s', (typed, usd) => expect(budgetOf(typed)).toEqual({ usd }));
  it.each(['-1', 'two', '1e3', '1.2.3', '99999999'])('%s is none', (typed) => expect(budgetOf(typed)).toHaveProperty('error'));
});
