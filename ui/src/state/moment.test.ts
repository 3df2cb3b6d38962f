//! Times as they are typed.
import { describe, expect, it } from 'vitest';
import { stamp } from '../time';
import { momentOf } from './moment';

const ZONE = 'Europe/Madrid';
const NOW = Date.parse('2026-11-20T08:02:41Z'); // Friday, 09:02:41 in Madrid
const read = (typed: string) => {
  const at = momentOf(typed, NOW, ZONE);
  return at === null ? null : new Date(at).toISOString().slice(0, 16);
};

describe('a typed time', () => {
  it.each([
    ['14:30', '2026-11-20T13:30'], ['yesterday 9:00', '2026-11-19T08:00'], ['tomorrow', '2026-11-21T11:00'], ['fri 08:05', '2026-11-20T07:05'], ['thursday', '2026-11-19T11:00'], ['sat 10:00', '2026-11-14T09:00'],
    ['20 nov', '2026-11-20T11:00'], ['nov 3 23:59', '2026-11-03T22:59'], ['24 dec', '2026-12-24T11:00'], ['2026-10-25 02:30', '2026-10-25T01:30'], ['2026-11-20T08:05', '2026-11-20T07:05'], ['-2h', '2026-11-20T06:02'], ['3 d ago', '2026-11-17T08:02'], ['in 30 min', '2026-11-20T08:32'], ['now', '2026-11-20T08:02']
  ])('%s', (typed, at) => expect(read(typed)).toBe(at));

  it.each(['', 'soon', '25:00', '32 nov', '2026-02-30', '12:61', 'not a day 9:00'])('is not read from “%s”', (typed) => expect(read(typed)).toBeNull());

  it('is the one in the year that is nearest', () => {
    const january = Date.parse('2027-01-05T12:00:00Z');
    expect(stamp(momentOf('30 dec', january, 'UTC') ?? 0, january, 'UTC')).toBe('Wed 30 Dec 12:00');
  });
});
