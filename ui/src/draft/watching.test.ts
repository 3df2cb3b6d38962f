import { describe, expect, it } from 'vitest';
import { blankDraft, definitionOf, draftOf, fieldFor, type Draft } from './draft';
import { placeName } from './places';
import { readBack } from './readback';
import { count, dollars, fuseSentences, lostAfterMs, usualGrace, usualStart, type UsualFuses } from './watching';

const ZONE = 'Europe/Madrid';
const CUE = {
  name: 'price-watch', transport: 'command', command: { argv: ['python3', 'watch.py'], restart: 'always' }, schedule: { type: 'manual', timezone: 'UTC' }, retry: { max_attempts: 3, backoff_minutes: [1, 5, 15], on_failed_outcome: false },
  delivery: { timeout_seconds: 30, unanswered: 'wait' }, confirm: 'outcome', overlap: 'allow', heartbeat: { interval_seconds: 60, grace_seconds: 30, start_grace_seconds: 120, progress_within_seconds: 600, restart: true },
  budget: { run: { cost_usd: 0.6, tokens: 500_000, steps: 500, duration_seconds: 3600 }, day: { cost_usd: 2, tokens: 2_000_000 } }, loops: 'stop'
};
const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
const span = (amount: string, unit: 'seconds' | 'minutes' | 'hours' = 'seconds') => ({ amount, unit });
const draft = (change: Partial<Draft> = {}): Draft => ({ ...blankDraft(ZONE), name: 'x', address: 'http://127.0.0.1/', cron: '5 * * * *', ...change });
const said = (change: Partial<Draft>) => readBack(draft(change), 'hourly at :05').map((phrase) => phrase.text).join('');

it('a cue that is watched in every way reads into the form and out again the same', () => {
  const { definition, errors } = definitionOf(draftOf(plain(CUE), ZONE));
  expect(errors).toEqual({});
  expect(plain(definition)).toEqual(CUE);
});

it('what nobody asks for is left out; what the form does not show is kept', () => {
  const { definition } = definitionOf(draft());
  for (const field of ['heartbeat', 'budget', 'loops']) expect(definition[field], field).toBeUndefined();
  const base = { budget: { run: { tokens: 5, odd: 1 }, year: { cost_usd: 9 } }, heartbeat: { interval_seconds: 60, odd: true } };
  const kept = definitionOf({ ...draft({ runTokens: '6', beatEvery: span('30') }), base }).definition;
  expect(kept['budget']).toEqual({ run: { odd: 1, tokens: 6 }, year: { cost_usd: 9 } });
  expect(kept['heartbeat']).toEqual({ odd: true, interval_seconds: 30 });
});

it('a restart goes away with the command that could be started again', () => {
  const command = definitionOf({ ...draftOf(plain(CUE), ZONE), restart: 'never' }).definition;
  expect(command['heartbeat']).not.toHaveProperty('restart');
});

it.each<[string, Partial<Draft>, string]>([
  ['no interval', { beatEvery: span('often') }, 'beatEvery'], ['grace without beats', { beatGrace: span('30') }, 'beatEvery'], ['too long', { beatEvery: span('2', 'hours'), progressWithin: span('999', 'hours') }, 'progressWithin'], ['sooner than a beat comes', { beatEvery: span('2', 'hours'), progressWithin: span('1', 'hours') }, 'progressWithin'],
  ['a budget of nothing', { runCost: '0' }, 'runCost'], ['half a token', { runTokens: '0.5' }, 'runTokens'], ['no steps', { runSteps: 'many' }, 'runSteps'], ['no day', { dayCost: '-2' }, 'dayCost'], ['no tokens', { dayTokens: '0' }, 'dayTokens'],
  ['no time', { stopAfter: span('x', 'hours') }, 'stopAfter']
])('%s is told at its field', (_, change, field) => expect(Object.keys(definitionOf(draft(change)).errors)).toEqual([field]));

it.each([
  ['heartbeat', 'beatEvery'], ['heartbeat.interval_seconds', 'beatEvery'], ['heartbeat.grace_seconds', 'beatGrace'], ['heartbeat.start_grace_seconds', 'startGrace'], ['heartbeat.progress_within_seconds', 'progressWithin'],
  ['heartbeat.restart', 'beatRestart'], ['budget.run.cost_usd', 'runCost'], ['budget.run.tokens', 'runTokens'], ['budget.run.steps', 'runSteps'], ['budget.run.duration_seconds', 'stopAfter'], ['budget.day.cost_usd', 'dayCost'],
  ['budget.day.tokens', 'dayTokens'], ['loops', 'loops']
])('the host’s %s stands at %s, which has a name', (path, field) => {
  expect(fieldFor(path, draft())).toBe(field);
  expect(placeName(field)).not.toBe(field);
});

describe('figures as they are typed', () => {
  const wrong = () => undefined;
  it.each([['0.60', 0.6], ['$2', 2], ['1,5', 1.5], ['1,250.50', 1250.5], ['', null], ['0', null], ['0.00001', null], ['2e3', null], ['1.2.3', null]])('%s dollars', (typed, usd) => expect(dollars(typed, wrong)).toBe(usd));
  it.each([['500,000', 500_000], ['500k', 500_000], ['2M', 2_000_000], ['1.5M', 1_500_000], ['', null], ['0', null], ['-1', null], ['k', null], ['1.5', null]])('%s tokens', (typed, n) => expect(count(typed, wrong)).toBe(n));
});

describe('read back', () => {
  it('silence, from interval and grace', () => {
    expect(said({ beatEvery: span('60'), beatGrace: span('30') })).toContain('If it says nothing for 1 min 30 s, you hear of it.');
    expect(lostAfterMs(draft({ beatEvery: span('4') }))).toBe(9000);
    expect(lostAfterMs(draft({ beatEvery: span('10', 'minutes') }))).toBe(900_000);
    expect(said({})).not.toContain('says nothing');
  });
  it('what holds where nothing is said', () => {
    expect([usualGrace(draft({})), usualGrace(draft({ beatEvery: span('4') })), usualGrace(draft({ beatEvery: span('1', 'minutes') }))]).toEqual([null, 5, 30]);
    expect([usualStart(draft({})), usualStart(draft({ beatEvery: span('4') })), usualStart(draft({ beatEvery: span('10', 'minutes') }))]).toEqual([null, 120, 900]);
  });
  it('its start, its progress, and that it is started again', () => {
    const text = said({ transport: 'command', command: 'true', restart: 'always', beatEvery: span('60'), startGrace: span('2', 'minutes'), progressWithin: span('10', 'minutes'), beatRestart: true });
    expect(text).toContain('If it says nothing for 1 min 30 s, or for 2 min at its start, you hear of it, and it is started again.');
    expect(text).toContain('If it beats and gets nowhere for 10 min, you hear of that too.');
    expect(said({ transport: 'watch', kind: 'manual', beatEvery: span('60') })).toContain('Its beats are expected always: if it says nothing for 1 min 30 s, you hear of it.');
  });
  it('fuses and circles', () => {
    expect(said({ runCost: '0.6' })).toContain('Stops at $0.60.');
    expect(said({ runCost: '0.6', runTokens: '500k', stopAfter: span('1', 'hours'), dayCost: '2' })).toContain('Stops at $0.60 or 500,000 tokens, or after 1 h. Its day ends at $2.00: what runs is stopped, what is due later is skipped.');
    expect(said({ stopAfter: span('1', 'hours') })).toContain('Stops after 1 h.');
    expect(said({ loops: 'stop' })).toContain('If it goes in circles, it is stopped.');
    expect(said({})).not.toContain('circles');
  });
  it('the fuses of all cues, where the cue says none of its own', () => {
    const usual: UsualFuses = { run: { cost_usd: 25, tokens: 20_000_000, steps: 250_000 }, cue_day: { cost_usd: 50, tokens: null } };
    const fuses = (change: Partial<Draft>, of: UsualFuses = usual) => fuseSentences(draft(change), of).join(' ');
    expect(fuses({})).toBe('Stops by default at $25.00, 20M tokens or 250k steps; its day ends at $50.00.');
    expect(fuses({ runCost: '0.6', dayCost: '2' })).toBe('Stops at $0.60. Its day ends at $2.00: what runs is stopped, what is due later is skipped. By default it also stops at 20M tokens or 250k steps.');
    expect(fuses({}, { run: { cost_usd: null, tokens: null, steps: null }, cue_day: { cost_usd: 50, tokens: null } })).toBe('By default its day ends at $50.00.');
    expect(fuses({ transport: 'command', command: 'true', restart: 'always' })).toContain('Stops each start by default at');
    expect(fuses({ runCost: 'much' }), 'what is no amount stops nothing').toBe('Stops by default at 20M tokens or 250k steps; its day ends at $50.00.');
    expect(fuses({}, null)).toBe('');
    expect(fuses({}, { run: { cost_usd: null, tokens: null, steps: null }, cue_day: { cost_usd: null, tokens: null } })).toBe('Stops at no limit: none is set.');
  });
});
