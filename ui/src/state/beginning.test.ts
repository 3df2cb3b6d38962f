import { expect, it } from 'vitest';
import { DAY, HOUR } from '../time';
import { findBeginning } from './beginning';

const NOW = 1_000 * DAY;

function ledgerOf(dues: readonly number[]) {
  const asked: number[] = [];
  return { asked, newest: (before_ms: number) => (asked.push(before_ms), Promise.resolve(dues.filter((due) => due < before_ms).at(-1) ?? null)) };
}

it('nobody is asked where what is here reaches back far enough', async () => {
  const { asked, newest } = ledgerOf([]);
  expect(await findBeginning(newest, NOW - HOUR, NOW - DAY, NOW - 2 * HOUR)).toBe(NOW - 2 * HOUR);
  expect(asked).toEqual([]);
});

it('it begins with the oldest that is here, once the tower knows of none before', async () => {
  const { asked, newest } = ledgerOf([NOW - 60_000]);
  expect(await findBeginning(newest, NOW - HOUR, NOW - DAY, NOW - 60_000)).toBe(NOW - 60_000);
  expect(asked).toEqual([NOW - HOUR]);
});

it('any record before the picture is enough', async () => {
  const { newest } = ledgerOf([NOW - 40 * DAY, NOW - 3 * DAY]);
  expect(await findBeginning(newest, NOW - 2 * DAY, NOW - DAY, NOW - HOUR)).toBe(NOW - 3 * DAY);
});

it('between the edge of the picture and what is here it is searched for, in a few questions', async () => {
  const dues = Array.from({ length: 3000 }, (_, i) => NOW - 20 * DAY + i * 600_000);
  const { asked, newest } = ledgerOf(dues);
  expect(await findBeginning(newest, NOW - 30 * DAY, NOW - DAY, NOW - DAY)).toBe(NOW - 20 * DAY);
  expect(asked.length).toBeLessThan(30);
  const none = ledgerOf([]);
  expect(await findBeginning(none.newest, NOW - 30 * DAY, NOW - DAY, NOW - HOUR)).toBe(NOW - HOUR);
});
