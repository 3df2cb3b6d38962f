import { describe, expect, it } from 'vitest';
import { ago, bothClocks, countdown, day, hm, hms, hmsMillis, instantOf, lasting, money, offsetAt, placeOf, sameDay, shortMoney, stamp, startOfDay, typed, wholeUnits, zoneIsKnown } from './time';

const AT = Date.UTC(2026, 10, 20, 7, 5, 12, 93); // 08:05:12.093 in Madrid
const HOUR = 3_600_000;

it.each([
  ['hm', hm(AT, 'Europe/Madrid'), '08:05'], ['hms', hms(AT, 'Europe/Madrid'), '08:05:12'], ['with millis', hmsMillis(AT, 'Europe/Madrid'), '08:05:12.093'], ['UTC', hm(AT, 'UTC'), '07:05'],
  ['half-hour zones', hm(AT, 'Asia/Kolkata'), '12:35'], ['the day before, further west', day(AT, 'Pacific/Honolulu'), 'Thu 19 Nov'], ['day', day(AT, 'Europe/Madrid'), 'Fri 20 Nov'], ['typed', typed(AT, 'Europe/Madrid'), '2026-11-20 08:05'],
  ['an unknown zone reads as UTC', hm(AT, 'Mars/Base'), '07:05']
])('%s', (_, found, wanted) => expect(found).toBe(wanted));

it.each<[number, string]>([
  [0, '0 ms'], [281, '281 ms'], [1000, '1 s'], [2100, '2.1 s'], [9400, '9.4 s'], [12_400, '12 s'], [59_600, '1 min'], [254_000, '4 min 14 s'], [600_000, '10 min'], [660_000, '11 min'], [HOUR, '1 h'], [2.5 * HOUR, '2 h 30 min'],
  [47 * HOUR, '47 h'], [49 * HOUR, '2 d'], [-5, '0 ms']
])('lasting %d ms', (length, words) => expect(lasting(length)).toBe(words));

it.each<[number, string]>([[300, 'just now'], [12_000, '12 s ago'], [53 * 60_000, '53 min ago'], [3 * HOUR, '3 h ago'], [50 * HOUR, '2 d ago'], [-9, 'just now']])('%d ms ago', (passed, words) => expect(ago(AT - passed, AT)).toBe(words));

it.each<[number, string]>([[41_000, '00:41'], [139_000, '02:19'], [400, '00:01'], [-1, '00:00'], [3 * HOUR + 5 * 60_000 + 9000, '3 h 5 min']])('countdown %d ms', (left, words) => expect(countdown(AT + left, AT)).toBe(words));

it.each<[number, string]>([[0, '$0.00'], [0.000_003, '<$0.0001'], [0.0003, '$0.0003'], [0.0071, '$0.0071'], [0.234, '$0.23'], [12, '$12.00']])('money %d', (usd, words) => expect(money(usd)).toBe(words));

it.each<[number, string]>([[0, '$0.00'], [0.000_003, '<$0.01'], [0.0071, '<$0.01'], [0.01, '$0.01'], [0.234, '$0.23']])('money in little room %d', (usd, words) => expect(shortMoney(usd)).toBe(words));

it('names a place as people do', () => expect([placeOf('Europe/Madrid'), placeOf('America/New_York'), placeOf('UTC')]).toEqual(['Madrid', 'New York', 'UTC']));

it('an instant of another clock is said on both', () => {
  expect(bothClocks(AT, AT - 30 * HOUR, 'Europe/Madrid', 'UTC')).toBe('Fri 20 Nov 08:05 Madrid time (07:05 UTC)');
  expect(bothClocks(AT, AT, 'Pacific/Honolulu', 'Europe/Madrid')).toBe('Thu 19 Nov 21:05 Honolulu time (Fri 20 Nov 08:05 Madrid time)');
  expect([bothClocks(AT, AT, 'Europe/Berlin', 'Europe/Madrid'), bothClocks(AT, AT, 'UTC', 'UTC')]).toEqual(['08:05:12', '07:05:12']);
});

it('knows zones', () => expect([zoneIsKnown('Europe/Madrid'), zoneIsKnown('Mars/Base'), zoneIsKnown('')]).toEqual([true, false, false]));

describe('clock changes', () => {
  // Madrid goes from +1 to +2 on 28 Mar 2027 at 01:00 UTC, and back on 31 Oct 2027 at 01:00 UTC.
  it('the offset changes in the very second', () => {
    const change = Date.UTC(2027, 2, 28, 1);
    expect([offsetAt('Europe/Madrid', change - 1000), offsetAt('Europe/Madrid', change)]).toEqual([HOUR, 2 * HOUR]);
  });
  it('a typed time is read on the clock of its own day', () => {
    expect(instantOf('2027-03-27 09:00', 'Europe/Madrid')).toBe(Date.UTC(2027, 2, 27, 8));
    expect(instantOf('2027-03-28 09:00', 'Europe/Madrid')).toBe(Date.UTC(2027, 2, 28, 7));
    expect(instantOf('2027-10-31 09:00', 'Europe/Madrid')).toBe(Date.UTC(2027, 9, 31, 8));
  });
  it('days stay days', () => {
    expect(sameDay(Date.UTC(2027, 2, 27, 23, 30), Date.UTC(2027, 2, 28, 21, 30), 'Europe/Madrid')).toBe(true);
    expect(startOfDay(Date.UTC(2026, 10, 20, 12), 'Europe/Madrid')).toBe(Date.UTC(2026, 10, 19, 23));
  });
});

it.each(['', 'tomorrow', '2026-13-01 09:00', '2026-02-30 09:00', '2026-12-01 24:00', '2026-12-01', '2026-12-01 09:61'])('%j is no time', (text) => expect(instantOf(text, 'UTC')).toBeNull());
it('reads a T and seconds too', () => expect(instantOf('2026-12-01T09:00:30', 'UTC')).toBe(Date.UTC(2026, 11, 1, 9, 0, 30)));

it('what is written is read back', () => expect(instantOf(typed(AT, 'Asia/Kolkata'), 'Asia/Kolkata')).toBe(Math.floor(AT / 60_000) * 60_000));

it('today needs no day', () => {
  expect(stamp(AT, AT + HOUR, 'Europe/Madrid')).toBe('08:05:12');
  expect(stamp(AT - 24 * HOUR, AT, 'Europe/Madrid')).toBe('Thu 19 Nov 08:05');
  expect(stamp(AT + 400 * 24 * HOUR, AT, 'Europe/Madrid')).toContain(' 2027 08:05');
});

it.each([[400, '1 s'], [17_900, '17 s'], [13 * 60_000 + 59_000, '13 min'], [3_600_000 * 2.9, '2 h'], [86_400_000 * 5.5, '5 d']])('%d ms is at least %s', (length_ms, words) => expect(lasting(wholeUnits(length_ms))).toBe(words));
