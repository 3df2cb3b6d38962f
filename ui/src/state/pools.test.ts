import { expect, it } from 'vitest';
import { NOW, pool } from '../testing';
import { backOffWords, briefUse, limitWords, poolDraft, poolField, poolOf, spokenPool, usesOf } from './pools';

it('a pool in words', () => {
  const openai = pool({ concurrency: 2, calls_per_min: 1, tokens_per_min: 90_000, in_use: 1, tokens_last_min: 45_000, waiting: [{ words: 'leads', run_id: 'r', since_ms: NOW, position: 1 }] });
  expect(limitWords(openai)).toBe('2 at once, 1 call a minute, 90,000 tokens a minute');
  expect(usesOf(openai).map((use) => [use.words, use.share])).toEqual([['1 of 2 in use', 0.5], ['0 of 1 calls in the last minute', 0], ['45,000 of 90,000 tokens in the last minute', 0.5]]);
  expect(spokenPool(openai)).toMatch(/^openai pool, 2 at once, .*: 1 of 2 in use, .*, 1 waits$/);
});

it.each([
  [{ concurrency: 2, in_use: 1 }, '1 of 2'],
  [{ concurrency: null, calls_per_min: 10, calls_last_min: 3 }, '3 of 10 a min'],
  [{ concurrency: null, tokens_per_min: 1000, tokens_last_min: 250 }, '25 % of tokens']
])('in brief %o', (change, words) => expect(briefUse(pool(change))).toBe(words));

it('a back-off is said while it lasts', () => {
  expect(backOffWords(pool({ backs_off_until_ms: NOW + 11_200 }), NOW, 'UTC')).toBe('backs off until 08:00:11, 12 s more');
  expect(backOffWords(pool({ backs_off_until_ms: NOW }), NOW, 'UTC')).toBeNull();
  expect(backOffWords(pool(), NOW, 'UTC')).toBeNull();
});

it('the form says the same as the pool it was made from', () => {
  const openai = pool({ concurrency: 2, tokens_per_min: 90_000 });
  expect(poolOf(poolDraft(openai))).toEqual({ set: { name: 'openai', concurrency: 2, calls_per_min: null, tokens_per_min: 90_000 }, errors: {} });
  expect(poolOf({ name: 'openai', concurrency: '', calls: '', tokens: '90,000' }).set.tokens_per_min).toBe(90_000);
});

it.each([
  [{ name: '', concurrency: '1', calls: '', tokens: '' }, 'name'],
  [{ name: 'Open AI', concurrency: '1', calls: '', tokens: '' }, 'name'],
  [{ name: 'openai', concurrency: '', calls: '', tokens: '' }, 'concurrency'],
  [{ name: 'openai', concurrency: '1', calls: 'ten', tokens: '' }, 'calls'],
  [{ name: 'openai', concurrency: '1', calls: '', tokens: '0' }, 'tokens']
] as const)('%o is wrong in its %s', (draft, field) => expect(Object.keys(poolOf(draft).errors)).toEqual([field]));

it('a refusal stands at its field', () => {
  expect(['name', 'calls_per_min', 'x', null].map(poolField)).toEqual(['name', 'calls', 'whole', 'whole']);
});
