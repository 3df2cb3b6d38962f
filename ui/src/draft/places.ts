//! Where in the form something is said: the place of a path inside `schedule`, which mistakes are worth saying while one types, and the place's name. Pure.
import * as readbackText from '../text/readback';
import { comesAgain, type PartField, type ScheduleDraft, type ScheduleErrors, type SchedulePlace } from './schedule';

/** Of the schedule's mistakes, those in fields that hold something: an empty one is only not filled in yet. */
export function writtenPlaces(draft: ScheduleDraft, errors: ScheduleErrors): ScheduleErrors {
  return Object.fromEntries(
    Object.entries(errors).filter(([place]) => {
      const [list, at, field] = place.split('.');
      if (field === undefined) return AT_REST.some((one) => one === place) && isWritten(draft[place as (typeof AT_REST)[number]]);
      const item = list === 'parts' ? draft.parts[Number(at)] : list === 'blackout' ? draft.blackout[Number(at)] : undefined;
      const value = item?.[field as keyof typeof item] as unknown;
      return Array.isArray(value) || isWritten(value);
    })
  );
}

/** Fields that say when, outside windows and blackout days. */
const AT_REST = ['at', 'countFrom', 'every', 'jitter'] as const;

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

const NAMED_MOST = 3;

/** What stands in the way of a save, in one line: "2 things to mend: Zone, the days of window 1". Null when nothing does. */
export function mendWords(places: readonly string[]): string | null {
  if (places.length === 0) return null;
  const order = Object.keys(NAMES);
  const rank = (place: string) => order.indexOf(place.split('.')[0] ?? '');
  const names = [...new Set([...places].sort((a, b) => rank(a) - rank(b)).map(placeName))];
  const more = names.length - NAMED_MOST;
  return readbackText.thingsToMend(places.length, names.slice(0, NAMED_MOST).join(', '), more > 0 ? readbackText.andMore(more) : '');
}
