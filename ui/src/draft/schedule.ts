//! When a cue fires, as it stands in the form: kind, windows, blackout days, jitter, watched paths, limits. Pure. Read from a definition's `schedule` and made into one.
import * as scheduleText from '../text/schedule';
import { hms, instantOf, MINUTE, SECOND, typed, zoneIsKnown } from '../time';
import { daysOf, daysText, minutesOf, padded } from './days';
import { objectAt, one, text, without, type Json } from './json';
import { secondsOf, spanOf, UNITS, type Span } from './span';

export const KINDS = ['recurring', 'interval', 'once', 'after', 'manual'] as const;
export const ENDS = ['confirmed', 'failed', 'either'] as const;

/** What holds in a window of the week. */
export interface PartDraft {
  /** Its own among the parts; stays when they are put in another order. */
  key: number;
  days: number[];
  allDay: boolean;
  from: string;
  to: string;
  /** Empty: the cue's. */
  zone: string;
  rate: 'every' | 'cron' | 'otherwise';
  every: Span;
  cron: string;
  /** Empty: the cue's overlap alone decides. */
  atOnce: string;
  /** Fields that the form does not know. */
  rest: Json;
}

export interface BlackoutDraft {
  key: number;
  from: string;
  to: string;
  rest: Json;
}

export interface ScheduleDraft {
  kind: (typeof KINDS)[number];
  cron: string;
  /** Of `interval`. */
  every: Span;
  /** Of `interval`: the instant it counts from, on the clock of the zone; empty: 1970-01-01 00:00 UTC. */
  countFrom: string;
  /** Of `once`, on the clock of the zone. */
  at: string;
  /** Of `after`: the other cue, by name. */
  after: string;
  on: (typeof ENDS)[number];
  zone: string;
  parts: PartDraft[];
  /** Outside its windows nothing runs. */
  windowsOnly: boolean;
  blackout: BlackoutDraft[];
  jitter: Span;
  paths: string[];
  nextMin: Span;
  nextMax: Span;
  /** What was said in words and not understood; empty when the form says what was meant. */
  words: string;
}

/** A field of one part, of one blackout, or one of the paths. */
export type PartField = Exclude<keyof PartDraft, 'key' | 'rest' | 'rate' | 'allDay'>;
export type InnerPlace = `parts.${number}.${PartField}` | `blackout.${number}.${'from' | 'to'}` | `paths.${number}`;
export type SchedulePlace = keyof ScheduleDraft | InnerPlace;
export type ScheduleErrors = Partial<Record<SchedulePlace, string>>;

export const NEXT_MIN_S = 60;
export const NEXT_MAX_S = 30 * UNITS.days;
const JITTER_MAX_S = 3600;
const EVERY_MAX_S = 366 * UNITS.days;
const DECIDED = ['type', 'timezone', 'cron', 'every_seconds', 'at', 'cue', 'on', 'parts', 'blackout', 'jitter_seconds', 'paths', 'next_run'];

export function blankSchedule(zone: string): ScheduleDraft {
  return {
    kind: 'recurring', cron: '', every: { amount: '5', unit: 'minutes' }, countFrom: '', at: '', after: '', on: 'confirmed', zone, parts: [], windowsOnly: false, blackout: [],
    jitter: { amount: '', unit: 'seconds' }, paths: [], nextMin: spanOf(NEXT_MIN_S), nextMax: spanOf(NEXT_MAX_S), words: ''
  };
}

/** A key that no other of them has. */
export function freshKey(list: readonly { key: number }[]): number {
  return list.reduce((most, { key }) => Math.max(most, key), 0) + 1;
}

/** Weekdays in office hours, every minute: something to change. */
export function blankPart(parts: readonly PartDraft[]): PartDraft {
  return { key: freshKey(parts), days: [0, 1, 2, 3, 4], allDay: false, from: '09:00', to: '17:00', zone: '', rate: 'every', every: { amount: '1', unit: 'minutes' }, cron: '', atOnce: '', rest: {} };
}

/** Parts and jitter go with schedules that come again. */
export function comesAgain(kind: ScheduleDraft['kind']): boolean {
  return kind === 'recurring' || kind === 'interval';
}

function listAt(from: Json, key: string): Json[] {
  const value = from[key];
  return Array.isArray(value) ? value.filter((item): item is Json => typeof item === 'object' && item !== null) : [];
}

/** An instant as it is typed, with seconds only if it has some. */
function atText(at_ms: number, zone: string): string {
  return `${typed(at_ms, zone)}${at_ms % MINUTE >= SECOND ? hms(at_ms, zone).slice(5) : ''}`;
}

function partOf(part: Json, key: number): PartDraft {
  const blank = blankPart([]);
  const allDay = typeof part['from'] !== 'string' && typeof part['to'] !== 'string';
  const every = typeof part['every_seconds'] === 'number';
  return {
    key, days: daysOf(text(part['days'])), allDay, from: text(part['from'], allDay ? blank.from : '00:00'), to: text(part['to'], allDay ? blank.to : '24:00'), zone: text(part['timezone']),
    rate: every ? 'every' : typeof part['cron'] === 'string' ? 'cron' : 'otherwise', every: every ? spanOf(part['every_seconds']) : blank.every, cron: text(part['cron']),
    atOnce: text(part['at_once']), rest: without(part, ['days', 'from', 'to', 'timezone', 'every_seconds', 'cron', 'at_once'])
  };
}

/** Reads the `schedule` of a definition; `zone` is for one that names none. */
export function readSchedule(schedule: Json, zone: string): ScheduleDraft {
  const blank = blankSchedule(text(schedule['timezone'], zone));
  const at = Date.parse(text(schedule['at']));
  const written = Number.isFinite(at) ? atText(at, blank.zone) : '';
  const kind = one(schedule['type'], KINDS, 'recurring');
  const next = objectAt(schedule, 'next_run');
  return {
    ...blank, kind, cron: text(schedule['cron']), every: typeof schedule['every_seconds'] === 'number' ? spanOf(schedule['every_seconds']) : blank.every,
    at: kind === 'once' ? written : '', countFrom: kind === 'interval' && at !== 0 ? written : '', after: text(schedule['cue']), on: one(schedule['on'], ENDS, 'confirmed'),
    parts: listAt(schedule, 'parts').map((part, i) => partOf(part, i + 1)),
    windowsOnly: kind === 'recurring' && text(schedule['cron']) === '' && listAt(schedule, 'parts').length > 0,
    blackout: listAt(schedule, 'blackout').map((range, i) => ({ key: i + 1, from: text(range['from']).replace('T', ' '), to: text(range['to']).replace('T', ' '), rest: without(range, ['from', 'to']) })),
    jitter: typeof schedule['jitter_seconds'] === 'number' && schedule['jitter_seconds'] > 0 ? spanOf(schedule['jitter_seconds']) : blank.jitter,
    paths: Array.isArray(schedule['paths']) ? schedule['paths'].map((path) => text(path)) : [],
    nextMin: typeof next['min_seconds'] === 'number' ? spanOf(next['min_seconds']) : blank.nextMin, nextMax: typeof next['max_seconds'] === 'number' ? spanOf(next['max_seconds']) : blank.nextMax
  };
}

/** An instant of the form as it is saved. What was not touched stays as it is, to the millisecond: one that has passed may only stand, not be set. */
function instantFrom(written: string, zone: string, standing: Json): unknown {
  if (standing['timezone'] === zone && atText(Date.parse(text(standing['at'])), zone) === written) return standing['at'];
  return zoneIsKnown(zone) && instantOf(written, zone) !== null ? written.trim().replace(' ', 'T') : null;
}

const SOME_LENGTH = scheduleText.aLengthFrom1Second;

function isWithin(seconds: number | null, from: number, to: number): seconds is number {
  return seconds !== null && seconds >= from && seconds <= to;
}

function makePart(part: PartDraft, i: number, draft: ScheduleDraft, errors: ScheduleErrors): Json {
  const made: Json = { ...part.rest };
  const wrong = (field: PartField, sentence: string) => (errors[`parts.${i}.${field}`] = sentence);
  if (part.days.length === 0) {
    wrong('days', scheduleText.chooseAtLeastOneDay);
    // Left out it would be every day.
    made['days'] = [];
  }
  if (part.days.length > 0 && part.days.length < 7) made['days'] = daysText(part.days);
  if (!part.allDay) {
    const [from, to] = [minutesOf(part.from), minutesOf(part.to)];
    if (from === null || from >= 24 * 60) wrong('from', scheduleText.aTimeSuchAs09);
    if (to === null) wrong('to', scheduleText.aTimeSuchAs16);
    else if (to === from) wrong('to', scheduleText.itEndsAsItBegins);
    made['from'] = padded(part.from);
    made['to'] = padded(part.to);
  }
  const zone = part.zone.trim();
  if (zone !== '') made['timezone'] = zone;
  if (zone !== '' && !zoneIsKnown(zone)) wrong('zone', scheduleText.noSuchZoneIsKnown);
  if (part.rate === 'every') {
    const seconds = secondsOf(part.every);
    if (!isWithin(seconds, 1, EVERY_MAX_S)) wrong('every', SOME_LENGTH);
    made['every_seconds'] = seconds;
  } else if (part.rate === 'cron') {
    if (part.cron.trim() === '') wrong('cron', scheduleText.sayWhenSuchAs10);
    made['cron'] = part.cron.trim();
  } else if (draft.windowsOnly) wrong('every', scheduleText.nothingRunsOutside);
  if (part.atOnce.trim() !== '') {
    const runs = Number(part.atOnce);
    if (!Number.isInteger(runs) || runs < 1 || runs > 1000) wrong('atOnce', scheduleText.aWholeNumberFrom1);
    made['at_once'] = runs;
  }
  return made;
}

/** A day, a local time, or an instant with its offset, only to be compared; null when it is none of them. */
function edgeOf(written: string): number | null {
  if (/[ T].*(Z|[+-]\d{2}:\d{2})$/i.test(written)) {
    const at = Date.parse(written.replace(' ', 'T'));
    return Number.isFinite(at) ? at : null;
  }
  return instantOf(/[ T]/.test(written) ? written : `${written} 00:00`, 'UTC');
}

function makeBlackout(range: BlackoutDraft, i: number, errors: ScheduleErrors): Json {
  const made: Json = { ...range.rest };
  const instants = (['from', 'to'] as const).map((end) => {
    const written = range[end].trim();
    made[end] = written.replace(' ', 'T');
    const at = edgeOf(written);
    if (at === null) errors[`blackout.${i}.${end}`] = scheduleText.aDateSuchAs2026;
    return at;
  });
  const [from, to] = instants;
  // With offsets the order is the host's to judge.
  const comparable = !/[+-]\d{2}:\d{2}$/.test(range.from.trim() + range.to.trim());
  if (comparable && typeof from === 'number' && typeof to === 'number' && to < from) errors[`blackout.${i}.to`] = scheduleText.itEndsBeforeItBegins;
  return made;
}

/** What came out of the form: the `schedule` object, and what is wrong with it at its fields. */
export interface MadeSchedule {
  schedule: Json;
  errors: ScheduleErrors;
}

/** `standing` is the `schedule` of the definition that is edited: what the form does not know is kept from it. */
export function makeSchedule(draft: ScheduleDraft, standing: Json): MadeSchedule {
  const errors: ScheduleErrors = {};
  const zone = draft.zone.trim();
  const again = comesAgain(draft.kind);
  const only = again && draft.windowsOnly && draft.parts.length > 0;
  const schedule: Json = { ...without(standing, DECIDED), type: only ? 'recurring' : draft.kind };

  if (draft.kind === 'recurring' && !only) {
    if (draft.cron.trim() === '') errors.cron = scheduleText.sayWhenSuchAs0;
    schedule['cron'] = draft.cron.trim();
  } else if (draft.kind === 'interval' && !only) {
    const seconds = secondsOf(draft.every);
    if (!isWithin(seconds, 1, EVERY_MAX_S)) errors.every = SOME_LENGTH;
    schedule['every_seconds'] = seconds;
    if (draft.countFrom.trim() !== '') {
      schedule['at'] = instantFrom(draft.countFrom, zone, standing);
      if (schedule['at'] === null) errors.countFrom = scheduleText.writeADate;
    }
  } else if (draft.kind === 'once') {
    schedule['at'] = instantFrom(draft.at, zone, standing);
    if (schedule['at'] === null) errors.at = draft.at.trim() === '' ? scheduleText.sayWhenSuchAs2026 : scheduleText.writeADate;
  } else if (draft.kind === 'after') {
    if (draft.after.trim() === '') errors.after = scheduleText.chooseTheCue;
    schedule['cue'] = draft.after.trim();
    schedule['on'] = draft.on;
  }
  schedule['timezone'] = zone;
  if (draft.kind !== 'manual' && zone === '') errors.zone = scheduleText.nameATimeZoneSuch;

  if (again && draft.parts.length > 0) schedule['parts'] = draft.parts.map((part, i) => makePart(part, i, draft, errors));
  if (draft.blackout.length > 0) schedule['blackout'] = draft.blackout.map((range, i) => makeBlackout(range, i, errors));
  const jitter = secondsOf(draft.jitter);
  if (again && jitter !== null) {
    if (!isWithin(jitter, 0, JITTER_MAX_S) || !Number.isInteger(jitter)) errors.jitter = scheduleText.wholeSecondsUpTo1;
    if (jitter !== 0 || 'jitter_seconds' in standing) schedule['jitter_seconds'] = jitter;
  }
  const paths = draft.paths.map((path) => path.trim());
  if (paths.length > 0) schedule['paths'] = paths;
  paths.forEach((path, i) => {
    if (path === '') errors[`paths.${i}`] = scheduleText.whichFileSuchAsInbox;
  });
  const [min, max] = [secondsOf(draft.nextMin), secondsOf(draft.nextMax)];
  if (!isWithin(min, 1, EVERY_MAX_S)) errors.nextMin = SOME_LENGTH;
  else if (!isWithin(max, 1, EVERY_MAX_S)) errors.nextMax = SOME_LENGTH;
  else if (max < min) errors.nextMax = scheduleText.theLatestComesBefore;
  const limits = objectAt(standing, 'next_run');
  if (min !== NEXT_MIN_S || max !== NEXT_MAX_S || Object.keys(limits).length > 0) schedule['next_run'] = { ...without(limits, ['min_seconds', 'max_seconds']), min_seconds: min, max_seconds: max };
  return { schedule, errors };
}

/** True when the schedule can be asked about: what makes it one is there, even if something else is still wrong. */
export function isAskable(draft: ScheduleDraft, errors: ScheduleErrors): boolean {
  const wrong = Object.keys(errors);
  return wrong.length === 0 && (draft.kind === 'manual' || zoneIsKnown(draft.zone.trim()));
}
