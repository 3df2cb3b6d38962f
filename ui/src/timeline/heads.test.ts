import { expect, it } from 'vitest';
import { mark, NOW } from '../testing';
import { HOUR, MINUTE } from '../time';
import type { PastRun } from '../wire';
import { headOf } from './heads';

const TODAY = NOW - 9 * HOUR;
const runs = (n: number, cost_usd: number | null) => Array.from({ length: n }, (_, i) => mark({ occurrence_id: `o${i}`, due_ms: NOW - (n - i) * HOUR, cost_usd }));
const past = (n: number, cost_usd: number | null): PastRun[] => Array.from({ length: n }, () => ({ cost_usd, took_ms: MINUTE }));

it('today is what is here since midnight', () => {
  expect(headOf(runs(12, 0.25), -Infinity, null, TODAY).today_usd, 'yesterday is not today').toBe(2.25);
  expect(headOf(runs(3, null), -Infinity, [], TODAY).today_usd, 'nobody told what it cost').toBeNull();
});

it('the line goes on from the past into the present, fourteen runs of it', () => {
  const head = headOf(runs(2, 0.5), -Infinity, past(30, 0.1), TODAY);
  expect(head.values).toEqual([...Array<number>(12).fill(0.1), 0.5, 0.5]);
  expect(head.title).toContain('Cost of the last 14 runs');
});

it('without costs it tells how long they took', () => {
  const head = headOf([], -Infinity, past(3, null), TODAY);
  expect([head.values, head.title]).toEqual([[MINUTE, MINUTE, MINUTE], 'Time of the last 3 runs, at most 1 min']);
});
