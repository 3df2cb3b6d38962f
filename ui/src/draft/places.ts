//! Where in the form something is said: the place of a path inside `schedule`, which mistakes are worth saying while one types, and the place's name. Pure.
import * as readbackText from '../text/readback';
import { comesAgain, type PartField, type ScheduleDraft, type SchedulePlace } from './schedule';

/** Of the mistakes, those in fields that hold something: an empty one is only not filled in yet. */
export function writtenPlaces(draft: object, errors: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const told = Object.entries(errors).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(
    told.filter(([place]) => {
      const [list, at, field] = place.split('.');
      const values = draft as Readonly<Record<string, unknown>>;
      if (field === undefined) return !CHOSEN.has(place) && isWritten(values[place]);
      const listed = values[list ?? ''];
      const item = Array.isArray(listed) ? (listed[Number(at)] as Readonly<Record<string, unknown>> | undefined) : undefined;
      const value = item?.[field];
      return Array.isArray(value) || isWritten(value);
    })
  );
}

/** Answers that always stand: what is wrong with one lies elsewhere, and is said when it is asked for. */
const CHOSEN: ReadonlySet<string> = new Set(['confirm', 'transport', 'overlap', 'catchUp', 'kind', 'method', 'restart', 'on', 'onNoAnswer', 'loops', 'unanswered', 'words']);

function isWritten(value: unknown): boolean {
  const text = typeof value === 'object' && value !== null && 'amount' in value ? value.amount : value;
  return typeof text === 'string' && text.trim() !== '';
}

const PART_FIELDS: Record<string, PartField> = { days: 'days', from: 'from', to: 'to', timezone: 'zone', every_seconds: 'every', cron: 'cron', at_once: 'atOnce' };
const FIELDS: Record<string, keyof ScheduleDraft> = {
  timezone: 'zone', cron: 'cron', every_seconds: 'every', cue: 'after', on: 'on', parts: 'parts', blackout: 'blackout', jitter_seconds: 'jitter', paths: 'paths', next_run: 'nextMin', type: 'kind'
};
const SHOWN_BY_KIND: Record<ScheduleDraft['kind'], keyof ScheduleDraft> = { recurring: 'cron', interval: 'every', once: 'at', after: 'after', manual: 'kind' };

/** The form's place for a path inside `schedule` (`parts[0].from`); where it has none, the field that says when. */
export function placeFor(path: string, draft: ScheduleDraft): SchedulePlace {
  const [, list, at, field] = /^(parts|blackout|paths)\[(\d+)\](?:\.(\w+))?/.exec(path) ?? [];
  const i = Number(at ?? -1);
  if (list === 'parts' && i < draft.parts.length) {
    const place = PART_FIELDS[field ?? ''];
    const rated = draft.parts[i]?.rate === 'cron' ? 'cron' : 'every';
    return `parts.${i}.${place === 'cron' || place === 'every' ? rated : (place ?? 'days')}`;
  }
  if (list === 'blackout' && i < draft.blackout.length) return `blackout.${i}.${field === 'to' ? 'to' : 'from'}`;
  if (list === 'paths' && i < draft.paths.length) return `paths.${i}`;
  if (path.startsWith('next_run.max')) return 'nextMax';
  const head = path.split(/[.[]/)[0] ?? '';
  if (head === 'at') return draft.kind === 'interval' ? 'countFrom' : 'at';
  const found = FIELDS[head] ?? SHOWN_BY_KIND[draft.kind];
  if (found !== 'cron' && found !== 'every' && found !== 'after' && found !== 'kind') return found;
  return draft.windowsOnly && comesAgain(draft.kind) && draft.parts.length > 0 ? 'parts' : SHOWN_BY_KIND[draft.kind];
}


/** In the order of the form. */
const NAMES: Record<string, string> = {
  name: readbackText.itsName, agent: readbackText.agent, transport: readbackText.deliverBy, address: readbackText.address, method: readbackText.method, headers: readbackText.headers, command: readbackText.command, folder: readbackText.inFolder, env: readbackText.environment, payload: readbackText.payload,
  kind: readbackText.schedule, words: readbackText.inWords, cron: readbackText.cron, every: readbackText.runsEvery, countFrom: readbackText.countedFrom, at: readbackText.at, zone: readbackText.zone, after: readbackText.otherCue, on: readbackText.howItEnded, parts: readbackText.windows, blackout: readbackText.blackoutDays,
  jitter: readbackText.jitter, paths: readbackText.watchedFiles, nextMin: readbackText.itsAgentAsks, nextMax: readbackText.itsAgentAsks, catchUp: readbackText.towerOffOrAsleep, within: readbackText.latenessAtMost, overlap: readbackText.previousRunStillGoing,
  allowPrivate: readbackText.privateNetwork, lease: readbackText.lease, restart: readbackText.whenItEnds, uses: readbackText.pools, priority: readbackText.priority, preflight: readbackText.checks, connectTimeout: readbackText.connecting, firstByte: readbackText.firstAnswer,
  failWebhook: readbackText.tellAnAddress, fallback: readbackText.anotherCueInItsPlace, onSuccess: readbackText.theCueAfterIt,
  confirm: readbackText.confirmedBy, deadline: readbackText.outcomeDueWithin, minProcessed: readbackText.processedAtLeast, maxErrors: readbackText.errorsAtMost, maxDuration: readbackText.doneWithin, asserts: readbackText.whatMustBeTrue, evidence: readbackText.evidence, checks: readbackText.whatIsLookedAt,
  beatEvery: readbackText.beatsEvery, beatGrace: readbackText.lateByAtMost, startGrace: readbackText.firstBeatWithin, progressWithin: readbackText.progressWithin, beatRestart: readbackText.startItAgain,
  runCost: readbackText.costOfARun, runTokens: readbackText.tokensOfARun, runSteps: readbackText.stepsOfARun, stopAfter: readbackText.stopARunAfter, dayCost: readbackText.costOfADay, dayTokens: readbackText.tokensOfADay, loops: readbackText.ifItGoesInCircles,
  askDelivery: readbackText.askMeBeforeItGoes, askSteps: readbackText.askMeBeforeTheseSteps, askConfirm: readbackText.askMeBeforeItCounts, askDeadline: readbackText.answerWithin, onNoAnswer: readbackText.withNoAnswer, secrets: readbackText.secrets,
  attempts: readbackText.attemptsInAll, backoff: readbackText.minutesBetweenThem, retryFailed: readbackText.attemptsInAll, timeout: readbackText.deliveryMayTake, unanswered: readbackText.deliveryMayTake, pauseOnFailure: readbackText.ifItFails
};
const PART_NAMES: Record<string, string> = { days: readbackText.theDays, from: readbackText.theBeginning, to: readbackText.theEnd, zone: readbackText.theZone, every: readbackText.howOften, cron: readbackText.theExpression, atOnce: readbackText.howManyAtOnce };

/** A place as the form names it: "Zone", "the days of window 1". */
export function placeName(place: string): string {
  const [list, at, field = ''] = place.split('.');
  const number = Number(at) + 1;
  if (list === 'parts' && at !== undefined) return readbackText.ofWindow(PART_NAMES[field] ?? 'something', number);
  if (list === 'blackout' && at !== undefined) return readbackText.theDayOfBlackout(field === 'to' ? 'last' : 'first', number);
  if (list === 'uses' && at !== undefined) return readbackText.pool(number);
  if (list === 'preflight' && at !== undefined) return readbackText.check(number);
  if (list === 'checks' && at !== undefined) return readbackText.proof(number);
  if (list === 'paths' && at !== undefined) return readbackText.path(number);
  return NAMES[place] ?? place;
}

export interface Mend {
  place: string;
  name: string;
}

/** What is wrong, place by place in the order of the form, under the names it has there. What is about the whole form has no place. */
export function mendPlaces(places: readonly string[]): Mend[] {
  const order = Object.keys(NAMES);
  const rank = (place: string) => order.indexOf(place.split('.')[0] ?? '');
  return places.filter((place) => place !== 'whole').sort((a, b) => rank(a) - rank(b)).map((place) => ({ place, name: placeName(place) }));
}

/** So many are named in the line. */
export const NAMED_MOST = 3;
