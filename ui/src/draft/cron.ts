//! The crons that can be said in a sentence with something to click: hourly, daily, on days of the week, monthly. Pure. Any other one is only written.
import { EVERY_DAY } from './days';

export interface Simple {
  how: 'minutes' | 'hourly' | 'daily' | 'weekly' | 'monthly';
  /** Of `minutes`: how many lie between two. */
  step: number;
  minute: number;
  hour: number;
  /** Of `weekly`; Monday is 0. */
  days: number[];
  /** Of `monthly`: 1 to 31, or L for the last. */
  date: string;
}

/** Steps that fit an hour, so that the gap is always the same. */
export const STEPS = [1, 2, 3, 5, 10, 15, 20, 30] as const;

const NAMES = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const MACROS: Record<string, string> = { '@hourly': '0 * * * *', '@daily': '0 0 * * *', '@midnight': '0 0 * * *', '@weekly': '0 0 * * 0', '@monthly': '0 0 1 * *' };

function within(text: string, most: number): number | null {
  return /^\d{1,2}$/.test(text) && Number(text) <= most ? Number(text) : null;
}

/** Days of the week as cron counts them (0 and 7 are Sunday); null for steps and anything else that is no plain list. */
function weekdays(text: string): number[] | null {
  const found = new Set<number>();
  for (const piece of text.toLowerCase().split(',')) {
    const ends = piece.split('-').map((name) => (NAMES.includes(name) ? NAMES.indexOf(name) : (within(name, 7) ?? -1)));
    const [first = -1, last = first] = ends;
    if (ends.length > 2 || first < 0 || last < first) return null;
    for (let day = first; day <= last; day++) found.add((day + 6) % 7);
  }
  return [...found].sort((a, b) => a - b);
}

/** What a cron says, if it is one of the simple ones. */
export function simpleOf(cron: string): Simple | null {
  const fields = (MACROS[cron.trim().toLowerCase()] ?? cron.trim()).split(/\s+/);
  const [m = '', h = '', date = '', month = '', dow = ''] = fields;
  if (fields.length !== 5 || month !== '*') return null;
  const some: Simple = { how: 'daily', step: 5, minute: 0, hour: 9, days: [...EVERY_DAY.slice(0, 5)], date: '1' };
  const step = m === '*' ? 1 : m.startsWith('*/') ? within(m.slice(2), 30) : null;
  if (step !== null && STEPS.includes(step as (typeof STEPS)[number])) return h === '*' && date === '*' && dow === '*' ? { ...some, how: 'minutes', step } : null;
  const minute = within(m, 59);
  if (minute === null) return null;
  if (h === '*') return date === '*' && dow === '*' ? { ...some, how: 'hourly', minute } : null;
  const hour = within(h, 23);
  if (hour === null) return null;
  const at = { ...some, minute, hour };
  if (date === '*' && dow === '*') return { ...at, how: 'daily' };
  if (date === '*') {
    const days = weekdays(dow);
    return days && { ...at, how: 'weekly', days };
  }
  const valid = /^l$/i.test(date) || (Number(date) > 0 && within(date, 31) !== null);
  return dow === '*' && valid ? { ...at, how: 'monthly', date: date.toUpperCase() } : null;
}

/** Writes it as a cron that `simpleOf` reads back. */
export function cronOf(simple: Simple): string {
  const at = `${simple.minute} ${simple.hour}`;
  switch (simple.how) {
    case 'minutes':
      return simple.step === 1 ? '* * * * *' : `*/${simple.step} * * * *`;
    case 'hourly':
      return `${simple.minute} * * * *`;
    case 'daily':
      return `${at} * * *`;
    case 'weekly':
      return `${at} * * ${cronDays(simple.days)}`;
    case 'monthly':
      return `${at} ${simple.date} * *`;
  }
}

/** 1 is Monday, 7 Sunday, so that days that follow one another are a range. */
function cronDays(days: readonly number[]): string {
  const out: string[] = [];
  const sorted = [...days].sort((a, b) => a - b).map((day) => day + 1);
  for (let i = 0; i < sorted.length; ) {
    let last = i;
    while (sorted[last + 1] === (sorted[last] ?? 0) + 1) last++;
    out.push(last > i + 1 ? `${sorted[i]}-${sorted[last]}` : sorted.slice(i, last + 1).join(','));
    i = last + 1;
  }
  return out.join(',');
}
