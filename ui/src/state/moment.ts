//! Times as one types them to go there: "14:30", "yesterday 9:00", "fri 08:05", "20 nov", "2026-11-20 08:05", "-2h". Pure.
import { DAY, HOUR, instantOf, MINUTE, offsetAt, startOfDay } from '../time';

const WEEK = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const UNITS: Record<string, number> = { min: MINUTE, m: MINUTE, h: HOUR, d: DAY, w: 7 * DAY };
/** Noon stands for a day that is named without a time: the whole day is in sight then. */
const NOON = '12:00';

const wall = (at_ms: number, zone: string) => new Date(at_ms + offsetAt(zone, at_ms));
const two = (n: number) => String(n).padStart(2, '0');

/** The calendar day so many days from the one of `now_ms`, as "2026-11-20". */
function dateFrom(now_ms: number, zone: string, days: number): string {
  return wall(startOfDay(now_ms, zone) + 12 * HOUR + days * DAY, zone).toISOString().slice(0, 10);
}

/** The day that words name; the last one of that name, today included. Null: they name none. */
function dayOf(words: string, now_ms: number, zone: string): string | null {
  if (words === '' || words === 'today') return dateFrom(now_ms, zone, 0);
  if (words === 'yesterday') return dateFrom(now_ms, zone, -1);
  if (words === 'tomorrow') return dateFrom(now_ms, zone, 1);
  const weekday = WEEK.findIndex((name) => words.length >= 3 && name === words.slice(0, 3) && /^[a-z]+$/.test(words));
  const today = wall(now_ms, zone);
  if (weekday >= 0) return dateFrom(now_ms, zone, -((today.getUTCDay() - weekday + 7) % 7));
  if (/^\d{4}-\d{2}-\d{2}$/.test(words)) return words;
  const named = /^(?:(\d{1,2})\.? ([a-z]{3,})|([a-z]{3,}) (\d{1,2}))$/.exec(words);
  if (!named) return null;
  const month = MONTHS.indexOf((named[2] ?? named[3] ?? '').slice(0, 3));
  const day = Number(named[1] ?? named[4]);
  if (month < 0 || day < 1 || day > 31) return null;
  const year = today.getUTCFullYear();
  const of = (y: number) => `${y}-${two(month + 1)}-${two(day)}`;
  // Without a year the nearest one is meant.
  return [year, year - 1, year + 1].map(of).reduce((best, one) => (Math.abs(Date.parse(one) - now_ms) < Math.abs(Date.parse(best) - now_ms) ? one : best));
}

/** The instant that was typed; null when it names none. */
export function momentOf(typed: string, now_ms: number, zone: string): number | null {
  const text = typed.trim().toLowerCase().replace(/\s+/g, ' ');
  if (text === '') return null;
  if (text === 'now') return now_ms;
  const away = /^(?:([+-])\s?(\d+(?:\.\d+)?)\s?(min|m|h|d|w)|(\d+(?:\.\d+)?)\s?(min|m|h|d|w) ago|in (\d+(?:\.\d+)?)\s?(min|m|h|d|w))$/.exec(text);
  if (away) {
    const length = Number(away[2] ?? away[4] ?? away[6]) * (UNITS[away[3] ?? away[5] ?? away[7] ?? ''] ?? 0);
    return away[1] === '+' || away[6] !== undefined ? now_ms + length : now_ms - length;
  }
  const parts = /^(.*?)[ t]?(\d{1,2}:\d{2}(?::\d{2})?)?$/.exec(text);
  const day = dayOf((parts?.[1] ?? '').replace(/,$|\bat$/, '').trim(), now_ms, zone);
  return day === null ? null : instantOf(`${day} ${parts?.[2] ?? NOON}`, zone);
}
