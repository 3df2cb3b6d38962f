import { describe, expect, it } from 'vitest';
import { foldedLines, foldedWords, saidDays } from './folded';

describe('fires that are skipped', () => {
  it('are one line where many are skipped alike', () => expect(foldedLines(Array.from({ length: 10 }, () => 'blackout'))).toEqual([{ at: 0, until: 9 }]));
  it('stand for themselves where they are few, or differ', () => {
    expect(foldedLines([null, 'blackout', 'blackout', null])).toEqual([0, 1, 2, 3].map((at) => ({ at, until: null })));
    expect(foldedLines(['a', 'a', 'a', 'b', 'b', 'b', 'b', null])).toEqual([{ at: 0, until: 2 }, { at: 3, until: 6 }, { at: 7, until: null }]);
  });
  it('that run are never folded', () => expect(foldedLines([null, null, null, null])).toHaveLength(4));
});

it('a day is said once before its times, and with each time where none shares one', () => {
  expect(saidDays(['Mon', 'Mon', 'Tue', 'Tue', 'Wed'])).toEqual(['Mon', null, 'Tue', null, 'Wed']);
  expect([saidDays(['Mon', 'Tue', 'Wed']), saidDays([])]).toEqual([null, null]);
});

it.each([['blackout until 27 Dec 2026', '10 fires fall in the blackout until 27 Dec 2026, skipped'], ['it fell into a blackout', '10 fires fall in a blackout, skipped'], ['the run before still runs', '10 fires skipped: the run before still runs'], ['', '10 fires skipped']])('skipped, as %j', (why, words) =>
  expect(foldedWords(10, why)).toBe(words)
);
