//! A month of days to choose from, and days by name. Pure. A day is written "2026-12-24".
import { written } from '../locale';
import * as timeText from '../text/time';
import { DAY } from '../time';
import { DAYS_LONG } from './days';

const MONTHS = [timeText.january, timeText.february, timeText.march, timeText.april, timeText.may, timeText.june, timeText.july, timeText.august, timeText.september, timeText.october, timeText.november, timeText.december];

export function dateOf(at_ms: number): string {
  return new Date(at_ms).toISOString().slice(0, 10);
}

export function msOf(date: string): number {
  return Date.parse(`${date}T00:00:00Z`);
}

export function moved(date: string, days: number): string {
  return dateOf(msOf(date) + days * DAY);
}

/** The same day of another month, or its last one. */
export function movedMonths(date: string, months: number): string {
  const from = new Date(msOf(date));
  const first = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + months, 1));
  const last = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  return dateOf(first.getTime() + (Math.min(from.getUTCDate(), last) - 1) * DAY);
}

/** "December 2026" */
export function monthName(date: string): string {
  return `${MONTHS[Number(date.slice(5, 7)) - 1]} ${date.slice(0, 4)}`;
}

/** "Thursday 24 December 2026" */
export function dayName(date: string): string {
  return `${DAYS_LONG[(new Date(msOf(date)).getUTCDay() + 6) % 7]} ${Number(date.slice(8))} ${monthName(date)}`;
}

/** The weeks of the month that a day is in, as weeks begin here; days of other months fill them. */
export function weeksOf(date: string): string[][] {
  const first = `${date.slice(0, 8)}01`;
  let day = moved(first, -((new Date(msOf(first)).getUTCDay() + 7 - written().weekStart) % 7));
  const weeks: string[][] = [];
  do {
    weeks.push(Array.from({ length: 7 }, (_, i) => moved(day, i)));
    day = moved(day, 7);
  } while (day.slice(0, 7) === date.slice(0, 7));
  return weeks;
}
