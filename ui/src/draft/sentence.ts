//! A schedule as it is said: "every weekday at 9", "tomorrow at 14:30 in Madrid". Pure. Read into the form, and written back the same way.
import * as editorText from '../text/editor';
import { DAY, hm, MINUTE, typed } from '../time';
import { cronOf, simpleOf, STEPS, type Simple } from './cron';
import { DAYS_LONG, EVERY_DAY } from './days';
import type { ENDS, ScheduleDraft } from './schedule';
import { tidy, type Span, type Unit } from './span';

/** What a sentence changes in the form. */
export type Said = Partial<Pick<ScheduleDraft, 'kind' | 'cron' | 'every' | 'countFrom' | 'at' | 'after' | 'on' | 'zone'>>;
export type Heard = { said: Said } | { wrong: string };

export interface Where {
  now_ms: number;
  /** The form's, which a sentence may change. */
  zone: string;
  zones: readonly string[];
}

const SUCH_AS = editorText.writeSuchAsEveryWeekday;
const ENDED: Record<(typeof ENDS)[number], string> = { confirmed: editorText.endedWell, failed: editorText.fails, either: editorText.ended };
const NUMBERS: Record<string, number> = { a: 1, an: 1, one: 1, two: 2, three: 3, four: 4, five: 5, six: 6, ten: 10, twelve: 12, fifteen: 15, twenty: 20, thirty: 30 };
const ORDINALS: Record<string, string> = { first: '1', second: '2', third: '3', last: 'L' };
const UNITS: Record<string, Unit> = { s: 'seconds', sec: 'seconds', second: 'seconds', min: 'minutes', m: 'minutes', minute: 'minutes', h: 'hours', hr: 'hours', hour: 'hours', d: 'days', day: 'days' };
const LENGTHS: Record<Unit, number> = { seconds: 1, minutes: 60, hours: 3600, days: 86_400 };
/** Steps that fit a day, so that the gap is always the same. */
const HOURS = [1, 2, 3, 4, 6, 8, 12];
const WEEKDAYS = [0, 1, 2, 3, 4];
const NIGHTS: Record<string, string> = { morning: '09:00', noon: '12:00', midday: '12:00', afternoon: '15:00', evening: '18:00', night: '02:00', midnight: '00:00' };

const DAY_WORD = /^(mon|tue|tues|wed|thu|thur|thurs|fri|sat|sun)(day|sday|nesday|rsday|urday)?s?$/;

function dayOf(word: string): number | null {
  if (!DAY_WORD.test(word)) return null;
  const at = DAYS_LONG.findIndex((day) => day.toLowerCase().startsWith(word.slice(0, 3)));
  return at < 0 || !DAYS_LONG[at]?.toLowerCase().startsWith(word.replace(/s$/, '').slice(0, 4)) ? null : at;
}

/** Minutes since midnight of "9", "9:30", "9.30", "9h30", "9am", "9:30pm"; null when it is no time of the day. */
function timeOf(word: string): number | null {
  const named = NIGHTS[word];
  const [, h = '', m = '0', half = ''] = /^(\d{1,2})(?:[:.h](\d{2}))?h?(am|pm)?$/.exec(named ?? word) ?? [];
  if (h === '') return null;
  const hour = half === '' ? Number(h) : (Number(h) % 12) + (half === 'pm' ? 12 : 0);
  return hour > 23 || (half !== '' && (Number(h) > 12 || Number(h) === 0)) || Number(m) > 59 ? null : hour * 60 + Number(m);
}

const number = (word: string | undefined) => (word === undefined ? null : /^\d+(\.\d+)?$/.test(word) ? Number(word) : (NUMBERS[word] ?? null));
const unitOf = (word: string | undefined) => (word === undefined ? undefined : (UNITS[word] ?? UNITS[word.replace(/s$/, '')]));

/** What is read off the sentence, word by word. */
class Words {
  readonly list: string[];
  constructor(text: string) {
    // "9 am" is one word, "20min" are two.
    this.list = text.toLowerCase().replace(/[’']/g, '').replace(/(\d)\s+(am|pm)\b/g, '$1$2').replace(/\b(\d+)(s|sec|min|mins|m|hrs?|d)\b/g, '$1 $2').replace(/\s*(?:–|—)\s*/g, '-').split(/[\s,;]+/).filter((word) => word !== '' && word !== 'the' && word !== 'please');
  }
  get next(): string | undefined {
    return this.list[0];
  }
  take(...words: readonly string[]): boolean {
    if (this.next === undefined || !words.includes(this.next)) return false;
    this.list.shift();
    return true;
  }
}

/** Days as they are named: "monday and friday", "mon-fri", "weekdays"; null when the sentence names none here. */
function daysIn(words: Words): number[] | null {
  if (words.take('weekday', 'weekdays', 'workday', 'workdays', 'working')) {
    words.take('day', 'days');
    return [...WEEKDAYS];
  }
  if (words.take('weekend', 'weekends')) return [5, 6];
  const found = new Set<number>();
  for (;;) {
    const word = words.next ?? '';
    const ends = word.split('-').map(dayOf);
    const [first, last = first] = ends;
    if (first === null || first === undefined || last === null || last === undefined || ends.length > 2) break;
    words.list.shift();
    let end = last;
    if (ends.length === 1 && (words.next === 'to' || words.next === 'through') && dayOf(words.list[1] ?? '') !== null) {
      end = dayOf(words.list[1] ?? '') ?? last;
      words.list.splice(0, 2);
    }
    for (let day = first; ; day = (day + 1) % 7) {
      found.add(day);
      if (day === end) break;
    }
    if ((words.next === 'and' || words.next === '&') && dayOf((words.list[1] ?? '').split('-')[0] ?? '') !== null) words.list.shift();
  }
  return found.size === 0 ? null : [...found].sort((a, b) => a - b);
}

/** "at 9 and 17"; null when no time is named, undefined when what is named is none. */
function timesIn(words: Words): number[] | null | undefined {
  const named = words.take('at', '@');
  const times: number[] = [];
  for (;;) {
    const at = timeOf(words.next ?? '');
    if (at === null) break;
    words.list.shift();
    words.take('oclock', 'hours', 'uhr');
    times.push(at);
    if ((words.next === 'and' || words.next === '&') && timeOf(words.list[1] ?? '') !== null) words.list.shift();
  }
  if (times.length === 0) return named ? undefined : null;
  return [...new Set(times)].sort((a, b) => a - b);
}

/** The zone at the end: "in Berlin", "Madrid time", "UTC". */
function zoneIn(text: string, where: Where): { rest: string; zone: string | null; wrong: string | null } {
  const match = /^(.*?)(?:\s+|^)(?:in\s+([A-Za-z][\w/+ -]*?)(?:\s+time)?|([A-Za-z][\w/+-]*)\s+time|(utc|gmt|[A-Za-z]+\/[\w/+-]+))$/i.exec(text.trim());
  const name = match?.[2] ?? match?.[3] ?? match?.[4];
  if (match === null || name === undefined) return { rest: text, zone: null, wrong: null };
  if (/^(utc|gmt)$/i.test(name)) return { rest: match[1] ?? '', zone: 'UTC', wrong: null };
  if (/^(my|local|here)$/i.test(name)) return { rest: match[1] ?? '', zone: where.zone, wrong: null };
  const asked = name.toLowerCase().replaceAll(' ', '_');
  const found = where.zones.find((zone) => zone.toLowerCase() === asked) ?? where.zones.find((zone) => zone.toLowerCase().endsWith(`/${asked}`));
  if (found) return { rest: match[1] ?? '', zone: found, wrong: null };
  // "in an hour", "in the morning"
  if (match[2] !== undefined && (/^(an?|the|one|two|three|ten|morning|evening|afternoon|night)\b/i.test(name))) return { rest: text, zone: null, wrong: null };
  return { rest: text, zone: null, wrong: editorText.noZoneIsKnown(name) };
}

const BLANK: Simple = { how: 'daily', step: 5, minute: 0, hour: 9, days: WEEKDAYS, date: '1' };

/** One cron for several times of a day; null when it takes more than one. */
function cronAt(simple: Omit<Simple, 'minute' | 'hour'>, times: readonly number[]): string | null {
  const minutes = new Set(times.map((at) => at % 60));
  if (minutes.size > 1) return null;
  const first = times[0] ?? 9 * 60;
  const one = cronOf({ ...simple, minute: first % 60, hour: Math.floor(first / 60) });
  return times.length < 2 ? one : one.replace(/^(\S+) \S+/, `$1 ${times.map((at) => Math.floor(at / 60)).join(',')}`);
}

/** Reads a sentence. Null: there is none. */
export function heard(text: string, where: Where): Heard | null {
  const plain = text.trim().replace(/[.!]+$/, '').replace(/\s+/g, ' ');
  if (plain === '') return null;
  const after = /^(?:runs? )?after (?:cue )?(\S+?)(?: (?:has )?(ended well|ends well|is confirmed|succeeds|failed|fails|did not end well|ended|ends|either way))?$/i.exec(plain);
  if (after?.[1] !== undefined && !/^(an?|\d+|one|two)$/i.test(after[1])) {
    const end = (after[2] ?? '').toLowerCase();
    return { said: { kind: 'after', after: after[1], on: /fail|not/.test(end) ? 'failed' : /^(ended|ends|either way)$/.test(end) ? 'either' : 'confirmed' } };
  }
  if (/^(by hand|manual(ly)?|never|only when i (fire|say) (it|so)|when i (fire it|say so|press it))$/i.test(plain)) return { said: { kind: 'manual' } };
  const { rest, zone, wrong } = zoneIn(plain, where);
  const read = readTimes(new Words(rest), { ...where, zone: zone ?? where.zone }, rest);
  if (read === null) return { wrong: wrong ?? editorText.isNotUnderstood(plain, SUCH_AS) };
  if ('wrong' in read) return read;
  return { said: zone === null ? read.said : { ...read.said, zone } };
}

function readTimes(words: Words, where: Where, text: string): Heard | null {
  words.take('run', 'runs', 'fire', 'fires');
  return readOnce(words, where, text) ?? readAgain(words);
}

/** "tomorrow at 9", "in 20 minutes", "2026-12-01 09:00", "next friday at 8" */
function readOnce(words: Words, where: Where, text: string): Heard | null {
  const today = typed(where.now_ms, where.zone).slice(0, 10);
  const once = (date: string, at: number): Heard => ({ said: { kind: 'once', at: `${date} ${String(Math.floor(at / 60)).padStart(2, '0')}:${String(at % 60).padStart(2, '0')}` } });
  const dayAfter = (days: number) => new Date(Date.parse(`${today}T00:00:00Z`) + days * DAY).toISOString().slice(0, 10);
  const span = /^(?:once )?in (\S+) ?(\S+)$/i.exec(text.toLowerCase());
  const amount = span === null ? null : number(span[1]);
  const unit = unitOf(span?.[2]);
  if (amount !== null && unit !== undefined) {
    // On the full minute, and never earlier than said.
    const at = Math.ceil((where.now_ms + amount * LENGTHS[unit] * 1000) / MINUTE) * MINUTE;
    return { said: { kind: 'once', at: typed(at, where.zone) } };
  }
  const written = /^(?:once )?(?:on |at )?(\d{4}-\d{2}-\d{2})(?:[ t]+(?:at )?(\S+))?$/i.exec(text);
  if (written?.[1] !== undefined) {
    const at = written[2] === undefined ? 9 * 60 : timeOf(written[2].toLowerCase());
    return at === null || Number.isNaN(Date.parse(written[1])) ? null : once(written[1], at);
  }
  const list = [...words.list];
  const ahead = new Words(list.join(' '));
  const named = ahead.take('once');
  let days: number | null = null;
  if (ahead.take('today')) days = 0;
  else if (ahead.take('tonight')) {
    const at = timesIn(ahead);
    return at === undefined || ahead.next !== undefined ? null : once(today, at?.[0] ?? 20 * 60);
  } else if (ahead.take('tomorrow')) days = 1;
  else if (ahead.take('next', 'this', 'coming')) {
    const weekday = dayOf(ahead.next ?? '');
    if (weekday === null) return null;
    ahead.list.shift();
    const now = (new Date(`${today}T00:00:00Z`).getUTCDay() + 6) % 7;
    days = (weekday - now + 7) % 7 || 7;
  } else if (!named) return null;
  if (ahead.next === 'morning' || ahead.next === 'evening' || ahead.next === 'afternoon' || ahead.next === 'night') {
    if (ahead.list.length > 1) ahead.list.shift();
  }
  const times = timesIn(ahead);
  if (times === undefined || times === null && named && days === null) return null;
  if (ahead.next !== undefined || (times !== null && times.length > 1)) return null;
  const at = times?.[0] ?? 9 * 60;
  // "once at 9" is the next 09:00.
  const passed = days === null && hm(where.now_ms, where.zone) >= `${String(Math.floor(at / 60)).padStart(2, '0')}:${String(at % 60).padStart(2, '0')}`;
  return once(dayAfter(days ?? (passed ? 1 : 0)), at);
}

const recurring = (cron: string): Heard => ({ said: { kind: 'recurring', cron } });
const TWICE: Heard = { wrong: editorText.theseTimesTakeMore };

/** "every weekday at 9", "every 20 minutes", "hourly at :05", "on the 1st at 6" */
function readAgain(words: Words): Heard | null {
  const each = words.take('every', 'each', 'all');
  const of = words.next ?? '';
  if (words.take('minutely')) return words.next === undefined ? recurring('* * * * *') : null;
  if (words.take('hourly')) return readHourly(words, 1);
  if (each) {
    const amount = of === 'other' ? 2 : number(of);
    const unit = unitOf(amount === null ? of : words.list[1]);
    if (unit !== undefined && !(amount === null && unit === 'days')) {
      words.list.splice(0, amount === null ? 1 : 2);
      return readEvery(words, amount ?? 1, unit);
    }
  }
  if (words.take('daily', 'nightly') || (each && words.take('day', 'days'))) return readDaily(words, null);
  if (each && NIGHTS[of] !== undefined) {
    words.list.shift();
    return readDaily(words, null, timeOf(of) ?? 0);
  }
  if (words.take('monthly') || (each && words.take('month', 'months'))) return readMonthly(words);
  if (words.take('weekly') || (each && words.take('week', 'weeks'))) {
    words.take('on');
    return readDaily(words, daysIn(words) ?? [0]);
  }
  words.take('on');
  const days = daysIn(words);
  if (days !== null) return readDaily(words, days);
  if (!each && dateOf(words.next ?? '') !== null) return readMonthly(words);
  // "at 9", "9:00 every day"
  const times = timesIn(words);
  if (times === null || times === undefined) return null;
  words.take('on');
  if (words.take('every', 'each') && words.take('day')) return words.next === undefined ? atTimes(null, times) : null;
  words.take('daily');
  const late = daysIn(words);
  return words.next === undefined ? atTimes(late, times) : null;
}

function atTimes(days: number[] | null, times: readonly number[]): Heard {
  const cron = cronAt(days === null || days.length === 7 ? { ...BLANK, how: 'daily' } : { ...BLANK, how: 'weekly', days }, times);
  return cron === null ? TWICE : recurring(cron);
}

function readDaily(words: Words, days: number[] | null, otherwise = 9 * 60): Heard | null {
  const times = timesIn(words);
  if (times === undefined) return null;
  words.take('on');
  const late = days ?? daysIn(words);
  return words.next === undefined ? atTimes(late, times ?? [otherwise]) : null;
}

/** "1st", "15.", "day 3", "last" */
function dateOf(word: string): string | null {
  const [, digits] = /^(\d{1,2})(?:st|nd|rd|th|\.)$/.exec(word) ?? [];
  const date = ORDINALS[word] ?? digits ?? null;
  return date === 'L' || (date !== null && Number(date) >= 1 && Number(date) <= 31) ? date : null;
}

function readMonthly(words: Words): Heard | null {
  words.take('on');
  let date = '1';
  if (words.take('day')) {
    const day = number(words.list.shift());
    if (day === null || !Number.isInteger(day) || day < 1 || day > 31) return null;
    date = String(day);
  } else {
    const named = dateOf(words.next ?? '');
    if (named !== null) {
      date = named;
      words.list.shift();
      words.take('day');
    }
  }
  if (words.take('of')) words.take('every', 'each');
  words.take('month', 'each', 'every');
  words.take('month');
  const times = timesIn(words);
  if (times === undefined || words.next !== undefined) return null;
  const cron = cronAt({ ...BLANK, how: 'monthly', date }, times ?? [9 * 60]);
  return cron === null ? TWICE : recurring(cron);
}

/** The minute of the hour: "at :15", "at minute 15", "at 15 past". */
function readHourly(words: Words, step: number): Heard | null {
  let minute = 0;
  if (words.take('at') || (words.list[1] === 'minute' && words.take('on'))) {
    words.take('minute');
    const [, digits] = /^:?(\d{1,2})$/.exec(words.next ?? '') ?? [];
    if (digits === undefined || Number(digits) > 59) return null;
    minute = Number(digits);
    words.list.shift();
    words.take('past');
    words.take('minutes', 'hour');
  }
  return between(words, (hours) => `${minute} ${hours ?? (step === 1 ? '*' : `*/${step}`)} * * *`, step);
}

/** "from 9 to 17", "between 9 and 17", "on weekdays": where in the day and the week it holds. */
function between(words: Words, cron: (hours: string | null) => string, step: number): Heard | null {
  let hours: string | null = null;
  let days: number[] | null = null;
  for (let round = 0; round < 2; round++) {
    if (hours === null && words.take('from', 'between')) {
      const from = timeOf(words.list.shift() ?? '');
      const joined = words.take('to', 'and', 'until', 'till');
      const to = timeOf(words.list.shift() ?? '');
      if (from === null || to === null || !joined || from % 60 !== 0 || to % 60 !== 0 || to <= from) return null;
      const last = to / 60 - 1;
      hours = `${from / 60 === last ? last : `${from / 60}-${last}`}${step > 1 ? `/${step}` : ''}`;
    }
    if (days === null) {
      words.take('on');
      days = daysIn(words);
    }
  }
  if (words.next !== undefined) return null;
  const all = cron(hours);
  return recurring(days === null || days.length === 7 ? all : all.replace(/\*$/, cronOf({ ...BLANK, how: 'weekly', days }).split(' ')[4] ?? '*'));
}

function readEvery(words: Words, amount: number, unit: Unit): Heard | null {
  if (!(amount > 0)) return null;
  const seconds = amount * LENGTHS[unit];
  const minutes = seconds / 60;
  if (unit === 'days' && amount === 1) return readDaily(words, null);
  if (STEPS.some((step) => step === minutes)) return between(words, (hours) => `${minutes === 1 ? '*' : `*/${minutes}`} ${hours ?? '*'} * * *`, 1);
  if (unit === 'hours' && HOURS.includes(amount)) return readHourly(words, amount);
  if (words.next !== undefined) return null;
  return { said: { kind: 'interval', every: { amount: tidy(amount), unit } } };
}

const two = (n: number) => String(n).padStart(2, '0');

/** The schedule as it would be said to `heard`; what no sentence can say, in the host's own words. */
export function sentenceOf(draft: ScheduleDraft, hostWords: string, nameOf: (cue: string) => string): string {
  switch (draft.kind) {
    case 'recurring': {
      const simple = simpleOf(draft.cron);
      return simple === null ? hostWords : simpleSentence(simple);
    }
    case 'interval':
      return everySentence(draft.every);
    case 'once':
      return draft.at.trim() === '' ? '' : editorText.on(draft.at.trim().replace(/[ T]+/, editorText.at));
    case 'after':
      return draft.after.trim() === '' ? '' : editorText.after(nameOf(draft.after.trim()), ENDED[draft.on]);
    case 'manual':
      return editorText.whenIFireIt;
  }
}

function everySentence(every: Span): string {
  const amount = every.amount.trim();
  return amount === '' ? '' : amount === '1' ? editorText.every(every.unit.slice(0, -1)) : editorText.everyOfAmount(amount, every.unit);
}

function simpleSentence(simple: Simple): string {
  const at = editorText.atOfTwo(two(simple.hour), two(simple.minute));
  switch (simple.how) {
    case 'minutes':
      return simple.step === 1 ? editorText.everyMinute : editorText.everyMinutes(simple.step);
    case 'hourly':
      return editorText.everyHourAt(two(simple.minute));
    case 'daily':
      return editorText.everyDay(at);
    case 'weekly':
      return simple.days.length === EVERY_DAY.length ? editorText.everyDay(at) : editorText.everyOfDaysSentence(daysSentence(simple.days), at);
    case 'monthly':
      return editorText.everyMonthOn(simple.date === 'L' ? editorText.theLastDay : editorText.day(simple.date), at);
  }
}

function daysSentence(days: readonly number[]): string {
  if (days.join() === WEEKDAYS.join()) return 'weekday';
  if (days.join() === '5,6') return 'weekend';
  const names = days.map((day) => DAYS_LONG[day] ?? '');
  return names.length < 2 ? names.join('') : editorText.and(names.slice(0, -1).join(', '), names[names.length - 1] ?? '');
}
