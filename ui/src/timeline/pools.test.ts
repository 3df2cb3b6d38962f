import { expect, it } from 'vitest';
import { cue, mark, NOW, pool } from '../testing';
import { poolSteps, topOf, weightIn } from './pools';

const MIN = 60_000;
const uses = (weight?: number) => ({ uses: [{ pool: 'openai', ...(weight === undefined ? {} : { weight }) }] });

/** A run from so many minutes after NOW to so many. */
function run(id: string, from: number, to: number | null) {
  return mark({ occurrence_id: id, run_id: id, started_at_ms: NOW + from * MIN, ended_at_ms: to === null ? null : NOW + to * MIN, confirmed: to === null ? 'working' : 'confirmed' });
}

it('a cue takes what it says of a pool, and nothing of others', () => {
  expect(weightIn(cue({ definition: uses() }), 'openai')).toBe(1);
  expect(weightIn(cue({ definition: uses(3) }), 'openai')).toBe(3);
  expect(weightIn(cue({ definition: uses() }), 'crm')).toBe(0);
  expect(weightIn(cue(), 'openai')).toBe(0);
});

it('runs fill it up to its limit; where more wanted in, it says so', () => {
  const lanes = new Map([['c1', [run('a', 0, 10), run('b', 5, 15)]]]);
  expect(poolSteps(pool({ concurrency: 1 }), [cue({ definition: uses() })], lanes)).toEqual([
    { from_ms: NOW, to_ms: NOW + 5 * MIN, used: 1, over: false },
    { from_ms: NOW + 5 * MIN, to_ms: NOW + 10 * MIN, used: 1, over: true },
    { from_ms: NOW + 10 * MIN, to_ms: NOW + 15 * MIN, used: 1, over: false }
  ]);
});

it('who holds and waits now counts too, agents and runs, and nobody twice', () => {
  const lanes = new Map([['c1', [run('held', -5, null), run('waits', -2, null)]]]);
  const openai = pool({ concurrency: 2, holders: [{ words: 'leads', run_id: 'held', since_ms: NOW - 5 * MIN }, { words: 'agent crm', run_id: null, since_ms: NOW - 3 * MIN }], waiting: [{ words: 'leads', run_id: 'waits', since_ms: NOW - 2 * MIN, position: 1 }] });
  expect(poolSteps(openai, [cue({ definition: uses() })], lanes)).toEqual([
    { from_ms: NOW - 5 * MIN, to_ms: NOW - 3 * MIN, used: 1, over: false },
    { from_ms: NOW - 3 * MIN, to_ms: NOW - 2 * MIN, used: 2, over: false },
    { from_ms: NOW - 2 * MIN, to_ms: Infinity, used: 2, over: true }
  ]);
});

it('a pool nobody used has no steps, and one without a limit is as high as it ever was', () => {
  expect(poolSteps(pool(), [cue()], new Map())).toEqual([]);
  const free = pool({ concurrency: null, calls_per_min: 10 });
  const steps = poolSteps(free, [cue({ definition: uses(2) })], new Map([['c1', [run('a', 0, 10), run('b', 5, 15)]]]));
  expect(topOf(free, steps)).toBe(4);
  expect(topOf(pool({ concurrency: 3 }), steps)).toBe(3);
});
