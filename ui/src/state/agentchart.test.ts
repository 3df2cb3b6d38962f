import { describe, expect, it } from 'vitest';
import { agent, band, NOW } from '../testing';
import { HOUR, MINUTE } from '../time';
import { gridOf, hoursOf, hourTicks } from './agentchart';
import { headOf, heardWords, isUnusual, stateOf, ticksOf, tokensLine, usualWords } from './agents';

const beat = (ago_ms: number, tokens: number | null = 100) => ({ at_ms: NOW - ago_ms, tokens });

describe('the hours of an agent', () => {
  it('the last hour is the tower’s own sums; what is older comes from its beats', () => {
    const hours = hoursOf(agent(), [beat(MINUTE, 1), beat(70 * MINUTE, 500), beat(2 * HOUR, 300)], [], NOW);
    expect(hours.from_ms).toBe(NOW - 2 * HOUR);
    const at = (ago_ms: number) => hours.points.find((point) => Math.abs(point.at_ms - (NOW - ago_ms + MINUTE / 2)) < 1)?.tokens;
    expect([at(MINUTE), at(70 * MINUTE), at(2 * HOUR), at(90 * MINUTE)]).toEqual([3900, 500, 300, 0]);
    expect(hours.points).toHaveLength(120);
  });
  it('reaches six hours back at most, with as few points as fit', () => {
    const hours = hoursOf(agent(), [beat(9 * HOUR)], [], NOW);
    expect([hours.from_ms, hours.points.length]).toEqual([NOW - 6 * HOUR, 120]);
    expect(hoursOf(agent(), [], [], NOW).from_ms).toBe(NOW - 59 * MINUTE);
  });
  it('while the tower was away nothing is known, and nothing is drawn', () => {
    const hours = hoursOf(agent(), [beat(5.5 * HOUR)], [band()], NOW);
    expect(hours.away).toMatchObject([{ label: 'Asleep 4 h' }]);
    expect(hours.points.filter((point) => point.tokens === null).length).toBeGreaterThan(70);
  });
  it('alive and at work are two lines, until the instant since when it gets nowhere', () => {
    const stuck = hoursOf(agent({ no_progress_since_ms: NOW - 20 * MINUTE }), [], [], NOW);
    expect(stuck.alive).toEqual([{ from_ms: NOW - 59 * MINUTE, to_ms: NOW }]);
    expect(stuck.working).toEqual([{ from_ms: NOW - 59 * MINUTE, to_ms: NOW - 20 * MINUTE }]);
    expect(stuck.stuck).toEqual({ from_ms: NOW - 20 * MINUTE, to_ms: NOW });
    expect(hoursOf(agent({ progress_at_ms: null }), [], [], NOW)).toMatchObject({ working: [], stuck: null });
  });
  it('gaps that are its way are no silence; longer ones are', () => {
    const pulse = Array.from({ length: 60 }, (_, i) => (i < 20 && i % 5 === 0 ? 1 : 0));
    expect(hoursOf(agent({ pulse, usual_gap_ms: 5 * MINUTE }), [], [], NOW).alive).toEqual([{ from_ms: NOW - 59 * MINUTE, to_ms: NOW - 43 * MINUTE }]);
    expect(hoursOf(agent({ pulse, usual_gap_ms: MINUTE }), [], [], NOW).alive).toHaveLength(4);
  });
  it('before its first beat nothing is known, and nothing is zero', () => {
    const pulse = Array.from({ length: 60 }, (_, i) => (i < 50 ? 0 : 1));
    const tokens = pulse.map((n) => n * 100);
    const fresh = hoursOf(agent({ pulse, tokens }), [beat(9 * MINUTE)], [], NOW).points.map((point) => point.tokens);
    expect([fresh.slice(0, 50).every((n) => n === null), fresh[50]]).toEqual([true, 100]);
    const old = hoursOf(agent({ pulse, tokens }), [beat(9 * MINUTE), beat(7 * HOUR)], [], NOW);
    expect(old.points[0]?.tokens).toBe(0);
    expect(tokensLine(agent({ pulse, tokens }))?.slice(48, 52)).toEqual([null, null, 100, 100]);
    expect([tokensLine(agent({ last_beat_ms: null, tokens_today: 900 })), tokensLine(agent({ tokens: tokens.map(() => 0), tokens_today: 0 }))]).toEqual([null, null]);
  });
  it('the scale takes in what is usual', () => expect(hoursOf(agent({ tokens_usual: [900, 9000] }), [], [], NOW).top).toBeCloseTo(9900));
  it('full hours as the owner’s clock has them', () => {
    expect(hourTicks(NOW - 6 * HOUR, NOW, HOUR).map((at) => new Date(at).toISOString().slice(11, 16))).toEqual(['03:00', '05:00', '07:00']);
    expect(hourTicks(NOW - HOUR, NOW, 0)).toHaveLength(5);
  });
  it.each([[4290, 2000], [1100, 500], [1, 1], [90_000, 20_000]])('of %i the lines stand at %i', (top, step) => expect(gridOf(top)).toBe(step));
});

describe('alive and at work', () => {
  it.each([[{}, 'working'], [{ no_progress_since_ms: NOW }, 'stuck'], [{ lost_since_ms: NOW, no_progress_since_ms: NOW }, 'late'], [{ state: 'stopped', lost_since_ms: NOW }, 'stopped'], [{ state: 'alive' }, 'alive']])('%j is %s', (change, state) => expect(stateOf(agent(change))).toBe(state));
  it('says for how long', () => {
    const stuck = agent({ no_progress_since_ms: NOW - 41 * MINUTE - 5000 });
    expect([headOf(stuck, NOW), heardWords(stuck, NOW)]).toEqual(['Alive, but no progress for 41 min.', 'no progress for 41 min']);
    const lost = agent({ state: 'late', lost_since_ms: NOW - 12_400 });
    expect([headOf(lost, NOW), heardWords(lost, NOW)]).toEqual(['Nothing heard of it for 12 s.', 'silent for 12 s']);
    expect(headOf(agent(), NOW)).toBe('Working; 42 iterations.');
  });
  it('a minute of the pulse by what its beats carried', () => {
    const ticks = ticksOf(agent({ pulse: [1, 0, 1, 2], progress_at_ms: NOW - 2 * MINUTE, no_progress_since_ms: NOW - 90_000 }), NOW).map((one) => one.tick);
    expect(ticks).toEqual(['working', 'none', 'stuck', 'stuck']);
    expect(ticksOf(agent({ pulse: [1], progress_at_ms: null }), NOW)[0]?.tick).toBe('alive');
  });
  it('its own usual', () => {
    expect([usualWords(agent({ tokens_usual: [900, 1640] })), usualWords(agent())]).toEqual(['usually 900 to 1.6k', null]);
    const odd = (tokens: number, change = {}) => isUnusual(agent({ tokens: Array.from({ length: 60 }, () => tokens), tokens_usual: [900, 1600], ...change }));
    expect([odd(1500), odd(9400), odd(0), odd(0, { no_progress_since_ms: NOW }), isUnusual(agent())]).toEqual([false, true, false, true, false]);
  });
});
