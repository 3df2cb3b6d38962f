//! Days of the week and times of the day, as a definition writes them and as they are said. Pure. Monday is 0.
import * as timeText from '../text/time';

export const DAYS = [timeText.mon, timeText.tue, timeText.wed, timeText.thu, timeText.fri, timeText.sat, timeText.sun] as const;
export const DAYS_LONG = [timeText.monday, timeText.tuesday, timeText.wednesday, timeText.thursday, timeText.friday, timeText.saturday, timeText.sunday] as const;
export const EVERY_DAY: readonly number[] = [0, 1, 2, 3, 4, 5, 6];
export const MINUTES_DAY = 24 * 60;

function dayOf(name: string): number {
  return DAYS.findIndex((day) => day.toLowerCase() === name.trim().toLowerCase().slice(0, 3));
}

/** "mon-fri", "mon,wed", "sat-mon": the days in it, in order; all of them when it names none. */
export function daysOf(text: string): number[] {
  const found = new Set<number>();
  for (const piece of text.split(',')) {
    const [first = -1, last = first] = piece.split('-').map(dayOf);
    if (first < 0 || last < 0) continue;
    for (let day = first; ; day = (day + 1) % 7) {
      found.add(day);
      if (day === last) break;
    }
  }
  return found.size === 0 ? [...EVERY_DAY] : [...found].sort((a, b) => a - b);
}

/** Days that follow one another, as pairs of first and last. */
function runsOf(days: readonly number[]): [number, number][] {
  const runs: [number, number][] = [];
  for (const day of [...days].sort((a, b) => a - b)) {
    const last = runs[runs.length - 1];
    if (last && last[1] + 1 === day) last[1] = day;
    else runs.push([day, day]);
  }
  return runs;
}

/** As a definition writes them: "mon-fri", "mon,wed"; empty for every day. */
export function daysText(days: readonly number[]): string {
  if (days.length === 7) return '';
  const name = (day: number) => (DAYS[day] ?? '').toLowerCase();
  return runsOf(days).map(([first, last]) => (first === last ? name(first) : last === first + 1 ? `${name(first)},${name(last)}` : `${name(first)}-${name(last)}`)).join(',');
}

/** As they are said: "Mon–Fri", "Mon, Wed", "every day". */
export function daysWords(days: readonly number[]): string {
  if (days.length === 0) return timeText.noDay;
  if (days.length === 7) return timeText.everyDay;
  return runsOf(days).map(([first, last]) => (first === last ? DAYS[first] : last === first + 1 ? `${DAYS[first]}, ${DAYS[last]}` : `${DAYS[first]}–${DAYS[last]}`)).join(', ');
}

/** Minutes since midnight of "09:30", "9:30", "9" or "09:30:15"; 24:00 is the day's end. Null when it is no time of the day. */
export function minutesOf(text: string): number | null {
  const match = /^(\d{1,2})(?::(\d{2})(?::(\d{2}))?)?$/.exec(text.trim());
  if (!match) return null;
  const [hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((part) => Number(part ?? 0));
  const at = hours * 60 + minutes + seconds / 60;
  return minutes > 59 || seconds > 59 || at > MINUTES_DAY ? null : at;
}

/** "9:30" and "9" as they are saved: "09:30", "09:00"; what is no time stays as it is. */
export function padded(text: string): string {
  const time = text.trim();
  if (minutesOf(time) === null) return time;
  return `${time.includes(':') ? time : `${time}:00`}`.replace(/^(\d):/, '0$1:');
}
