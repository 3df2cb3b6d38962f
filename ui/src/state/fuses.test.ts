import { expect, it } from 'vitest';
import { dayFuse } from '../costs/shape';
import { expectField, expectsOf, readExpects } from './expects';
import { fleetSpent, fuseDraft, fuseField, fusesOf, limitWords, runFuses } from './fuses';
import type { Fuses } from '../wire';

const FUSES: Fuses = {
  run: { cost_usd: 25, tokens: 20_000_000, steps: 250_000 }, cue_day: { cost_usd: 50, tokens: null }, agent_day: { cost_usd: 50, tokens: null }, fleet_day: { cost_usd: 100, tokens: null }, spent: { fleet_cost_usd: 6.66, fleet_tokens: 9 }, blown: []
};

it('as they are typed, and back', () => {
  const { run, cue_day, agent_day, fleet_day } = FUSES;
  expect(fusesOf(fuseDraft(FUSES))).toEqual({ set: { run, cue_day, agent_day, fleet_day }, errors: {} });
  expect(fusesOf({ ...fuseDraft(FUSES), 'run.cost_usd': '', 'run.tokens': '5M' }).set.run).toEqual({ cost_usd: null, tokens: 5_000_000, steps: 250_000 });
  expect(Object.keys(fusesOf({ ...fuseDraft(FUSES), 'run.cost_usd': '0', 'fleet_day.tokens': 'many' }).errors)).toEqual(['run.cost_usd', 'fleet_day.tokens']);
  expect([fuseField('fleet_day.cost_usd'), fuseField('odd'), fuseField(null)]).toEqual(['fleet_day.cost_usd', 'whole', 'whole']);
});

it('where room is short', () => expect([limitWords(FUSES, 'run.cost_usd'), limitWords(FUSES, 'run.tokens'), limitWords(FUSES, 'cue_day.tokens'), limitWords(null, 'run.steps')]).toEqual(['$25', '20M', 'no limit', 'no limit']));

it('the day of all together', () => {
  expect(fleetSpent(FUSES)).toEqual({ words: '$6.66 of $100.00', share: 0.0666, over: false });
  expect(fleetSpent({ ...FUSES, spent: { fleet_cost_usd: 101, fleet_tokens: 0 } })).toMatchObject({ share: 1, over: true });
  expect(fleetSpent({ ...FUSES, fleet_day: { cost_usd: null, tokens: null } })).toBeNull();
});

it('the day of a cue: its own fuse before the one of all', () => {
  const own = { budget: { day: { cost_usd: 2 } } };
  expect(dayFuse(1.12, own, 50, false)).toEqual({ share: 0.56, words: '56 % of $2', tone: 'mark' });
  expect(dayFuse(1.7, own, 50, false)?.tone).toBe('warn');
  expect(dayFuse(0.1, {}, 50, false)?.words).toBe('under 1 % of $50');
  expect([dayFuse(null, {}, null, false), dayFuse(9, own, null, true)]).toEqual([null, { share: 1, words: 'tripped', tone: 'bad' }]);
});

it('what a run has used of what it may', () => {
  const own = { budget: { run: { cost_usd: 2 } } };
  expect(runFuses({ cost_usd: 1.64, tokens: 900_000 }, own, FUSES)).toEqual([{ name: 'Cost', words: '$1.64 of $2', share: 0.82, tone: 'warn' }, { name: 'Tokens', words: '900k of 20M', share: 0.045, tone: 'mark' }]);
  expect(runFuses({ cost_usd: 26, tokens: null }, undefined, FUSES)).toMatchObject([{ share: 1, tone: 'bad' }]);
  expect(runFuses({ cost_usd: null, tokens: 5 }, own, null)).toEqual([]);
});

it('what is expected of an agent', () => {
  const watch = { interval_ms: 60_000, grace_ms: 2500, progress_within_ms: null, alert: true, restart: false };
  expect(expectsOf({ watch })).toEqual({ interval: '60', grace: '2.5', progress: '', alert: true, restart: false });
  expect(readExpects(expectsOf({ watch }))).toEqual({ set: { interval_seconds: 60, grace_seconds: 2.5, progress_within_seconds: null, alert: true, restart: false }, errors: {} });
  expect(expectsOf({ watch: null })).toMatchObject({ interval: '', grace: '', alert: true });
  expect(expectsOf({ watch: { ...watch, alert: false, restart: true } })).toMatchObject({ alert: false, restart: true });
  expect(Object.keys(readExpects({ interval: '0', grace: 'x', progress: '', alert: true, restart: false }).errors)).toEqual(['interval', 'grace']);
  expect([expectField('grace_seconds'), expectField('odd')]).toEqual(['grace', 'whole']);
});
