//! Instants and lengths of time in words and figures. Pure: the zone and `now` are arguments. Times are Unix milliseconds.
import { dayAndMonth, dollars, number } from './locale';
import * as timeText from './text/time';

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const DAYS = [timeText.sun, timeText.mon, timeText.tue, timeText.wed, timeText.thu, timeText.fri, timeText.sat];
export const MONTHS = [timeText.jan, timeText.feb, timeText.mar, timeText.apr, timeText.may, timeText.jun, timeText.jul, timeText.aug, timeText.sep, timeText.oct, timeText.nov, timeText.dec];

const formats = new Map<string, Intl.DateTimeFormat | null>();
const offsets = new Map<string, number>();

function formatOf(zone: string): Intl.DateTimeFormat | null {
  let format = formats.get(zone);
  if (format === undefined) {
    try {
      format = new Intl.DateTimeFormat('en-GB', {
        timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric'
      });
    } catch {
      format = null;
    }
    formats.set(zone, format);
  }
  return format;
}

/** True when the engine knows this IANA zone. */
export function zoneIsKnown(zone: string): boolean {
  return zone !== '' && formatOf(zone) !== null;
}

/** True for the names under which systems know UTC itself. */
export function isUtc(zone: string): boolean {
  return /^(Etc\/)?(UTC|UCT|Universal|Zulu|GMT)$/.test(zone);
}

/** Milliseconds to add to a UTC instant to get the wall clock of `zone` then; 0 for a zone nobody knows. */
export function offsetAt(zone: string, at_ms: number): number {
  if (isUtc(zone) || !Number.isFinite(at_ms)) return 0;
  const quarter = Math.floor(at_ms / (15 * MINUTE));
  const key = `${zone} ${quarter}`;
  const known = offsets.get(key);
  if (known !== undefined) return known;
  const format = formatOf(zone);
  if (!format) return 0;
  const start = quarter * 15 * MINUTE;
  const part: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(start)) part[type] = Number(value);
  const wall = Date.UTC(part['year'] ?? 1970, (part['month'] ?? 1) - 1, part['day'] ?? 1, part['hour'] ?? 0, part['minute'] ?? 0, part['second'] ?? 0);
  if (offsets.size > 5000) offsets.clear();
  offsets.set(key, wall - start);
  return wall - start;
}

const two = (n: number) => (n < 10 ? '0' : '') + n;

/** Wall clock of a zone, as a Date whose UTC fields read as that clock. */
function wall(zone: string, at_ms: number): Date {
  return new Date(at_ms + offsetAt(zone, at_ms));
}

/** 08:05 */
export function hm(at_ms: number, zone: string): string {
  const d = wall(zone, at_ms);
  return `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`;
}

/** 08:05:12 */
export function hms(at_ms: number, zone: string): string {
  return `${hm(at_ms, zone)}:${two(wall(zone, at_ms).getUTCSeconds())}`;
}

/** 08:05:12.093 */
export function hmsMillis(at_ms: number, zone: string): string {
  return `${hms(at_ms, zone)}.${String(Math.floor(((at_ms % 1000) + 1000) % 1000)).padStart(3, '0')}`;
}

/** Fri 20 Nov */
export function day(at_ms: number, zone: string): string {
  const d = wall(zone, at_ms);
  return `${DAYS[d.getUTCDay()]} ${dayAndMonth(d.getUTCDate(), MONTHS[d.getUTCMonth()] ?? '')}`;
}

/** Fri 20, where the month is plain. */
export function weekday(at_ms: number, zone: string): string {
  const d = wall(zone, at_ms);
  return `${DAYS[d.getUTCDay()]} ${d.getUTCDate()}`;
}

/** 2026-11-20 08:05, as it is typed. */
export function typed(at_ms: number, zone: string): string {
  const d = wall(zone, at_ms);
  return `${d.getUTCFullYear()}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())} ${hm(at_ms, zone)}`;
}

/** True when both instants fall on the same day of the zone. */
export function sameDay(a_ms: number, b_ms: number, zone: string): boolean {
  return startOfDay(a_ms, zone) === startOfDay(b_ms, zone);
}

/** The last midnight of the zone before or at the instant, by the offset that holds at that midnight. */
export function startOfDay(at_ms: number, zone: string): number {
  const offset = offsetAt(zone, at_ms);
  const midnight = Math.floor((at_ms + offset) / DAY) * DAY;
  return midnight - offsetAt(zone, midnight - offset);
}

/** Today needs no day; any other day names it, and one that is nearly a year away its year: "08:05:12", "Thu 19 Nov 08:05", "Tue 29 Feb 2028 03:15". */
export function stamp(at_ms: number, now_ms: number, zone: string): string {
  if (sameDay(at_ms, now_ms, zone)) return hms(at_ms, zone);
  const far = Math.abs(at_ms - now_ms) > 300 * DAY ? ` ${wall(zone, at_ms).getUTCFullYear()}` : '';
  return `${day(at_ms, zone)}${far} ${hm(at_ms, zone)}`;
}

/** An instant on the clock of `zone`, and on the clock at home where that is another: "Tue 1 Dec 09:00 Berlin time (08:00 UTC)". */
export function bothClocks(at_ms: number, now_ms: number, zone: string, home: string): string {
  if (zone === home || offsetAt(zone, at_ms) === offsetAt(home, at_ms)) return stamp(at_ms, now_ms, home);
  const apart = day(at_ms, zone) !== day(at_ms, home);
  const there = apart ? `${day(at_ms, zone)} ${hm(at_ms, zone)}` : stamp(at_ms, now_ms, zone);
  const here = apart ? `${day(at_ms, home)} ${hm(at_ms, home)}` : hm(at_ms, home);
  return `${there} ${clockOf(zone)} (${here} ${clockOf(home)})`;
}

/** A length of time: "281 ms", "4 min 14 s", "2 h 32 min", "3 d". */
export function lasting(length_ms: number): string {
  const ms = Math.max(0, length_ms);
  if (ms < SECOND) return timeText.ms(Math.round(ms));
  const s = Math.round(ms / SECOND);
  if (s < 10 && ms % SECOND >= 50) return timeText.s(number(ms / SECOND, 1));
  if (s < 60) return timeText.sOfS(s);
  const m = Math.floor(s / 60);
  if (m < 60) return s % 60 !== 0 && m < 10 ? timeText.minS(m, s % 60) : timeText.min(m);
  const h = Math.floor(m / 60);
  if (h < 48) return m % 60 !== 0 ? timeText.hMin(h, m % 60) : timeText.h(h);
  return timeText.d(Math.floor(h / 24));
}

/** "12 s ago", "53 min ago". */
export function ago(at_ms: number, now_ms: number): string {
  const passed = Math.max(0, now_ms - at_ms);
  if (passed < SECOND) return timeText.justNow;
  if (passed < MINUTE) return timeText.sAgo(Math.floor(passed / SECOND));
  if (passed < HOUR) return timeText.minAgo(Math.floor(passed / MINUTE));
  if (passed < 2 * DAY) return timeText.hAgo(Math.floor(passed / HOUR));
  return timeText.dAgo(Math.floor(passed / DAY));
}

/** Time left as a clock counts it: "00:41", "02:19", "3 h 5 min". */
export function countdown(at_ms: number, now_ms: number): string {
  const s = Math.max(0, Math.ceil((at_ms - now_ms) / SECOND));
  if (s >= 3600) return lasting(Math.floor(s / 60) * MINUTE);
  return `${two(Math.floor(s / 60))}:${two(s % 60)}`;
}

/** A length in whole seconds, minutes or hours, whichever is the largest that is in it: for "in 13 min". */
export function wholeUnits(length_ms: number): number {
  const unit = length_ms < MINUTE ? SECOND : length_ms < HOUR ? MINUTE : HOUR;
  return Math.max(SECOND, Math.floor(length_ms / unit) * unit);
}

/** The least that four places can say. */
const LEAST_USD = 0.0001;

/** $0.02; four places below one cent, and of less than they can say that it is less: "$0.00" is said of nothing alone. */
export function money(usd: number): string {
  if (usd > 0 && usd < LEAST_USD) return timeText.lessThan(dollars(LEAST_USD, 4));
  return dollars(usd, usd !== 0 && Math.abs(usd) < 0.01 ? 4 : 2);
}

/** The same where there is little room: "<$0.01". */
export function shortMoney(usd: number): string {
  return usd > 0 && usd < 0.01 ? timeText.lessThan(dollars(0.01, 2)) : money(usd);
}

/** $25 where there are no cents, $2.50 where there are some. */
export function roundMoney(usd: number): string {
  return Number.isInteger(usd) ? dollars(usd, 0) : money(usd);
}

/** "Europe/Madrid" as people say it: "Madrid". */
export function placeOf(zone: string): string {
  return (zone.split('/').pop() ?? zone).replaceAll('_', ' ');
}

/** Whose clock it is: "Madrid time", "UTC". */
export function clockOf(zone: string): string {
  return isUtc(zone) ? timeText.utc : timeText.time(placeOf(zone));
}

/** Reads "2026-11-21 08:00" (or with T and seconds) as wall clock of `zone`; null when it is no time, or one that the clock change skips is moved on. */
export function instantOf(text: string, zone: string): number | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})[ T](\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(text.trim());
  if (!match) return null;
  const [, y, mo, d, h, mi, s] = match.map((part) => Number(part ?? 0));
  const clock = Date.UTC(y ?? 0, (mo ?? 1) - 1, d ?? 1, h ?? 0, mi ?? 0, s ?? 0);
  const check = new Date(clock);
  if (check.getUTCMonth() !== (mo ?? 1) - 1 || check.getUTCDate() !== d || (h ?? 0) > 23 || (mi ?? 0) > 59) return null;
  const first = clock - offsetAt(zone, clock);
  return clock - offsetAt(zone, first);
}
