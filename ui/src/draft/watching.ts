//! What is watched while a cue's run works, as it stands in the form: its beats, what it may use, and when it goes in circles. Pure.
import { brief, grouped } from '../state/agents';
import * as readbackText from '../text/readback';
import { lasting, money, SECOND } from '../time';
import type { Fuses } from '../wire';
import type { TransportWord } from './delivering';
import { objectAt, one, without, type Json } from './json';
import { secondsOf, spanOf, spanWords, tidy, type Span } from './span';

export const LOOPS = ['alert', 'stop', 'off'] as const;

export interface WatchingDraft {
  /** How often a sign of life is expected; empty: not at all. */
  beatEvery: Span;
  /** How late one may be; empty: half of it, at least 5 seconds. */
  beatGrace: Span;
  /** Until the first one; empty: 2 minutes at least. */
  startGrace: Span;
  /** How long its progress may stand still; empty: nobody looks. */
  progressWithin: Span;
  /** What the tower owns is started again when its beats stop. */
  beatRestart: boolean;
  /** How long one run may take before it is stopped; empty: no limit. */
  stopAfter: Span;
  /** Limits as they are typed; empty: those of the tower. */
  runCost: string;
  runTokens: string;
  runSteps: string;
  dayCost: string;
  dayTokens: string;
  loops: (typeof LOOPS)[number];
}

export type WatchingField = keyof WatchingDraft;

const WEEK_S = 7 * 86_400;
const YEAR_S = 366 * 86_400;
const USD_LEAST = 0.0001;
const USD_MOST = 1_000_000;
const COUNT_MOST = 1_000_000_000_000;

export function blankWatching(): WatchingDraft {
  return {
    beatEvery: spanOf(null, 'seconds'), beatGrace: spanOf(null, 'seconds'), startGrace: spanOf(null), progressWithin: spanOf(null), beatRestart: false, stopAfter: spanOf(null), runCost: '', runTokens: '', runSteps: '', dayCost: '',
    dayTokens: '', loops: 'alert'
  };
}

const figure = (value: unknown) => (typeof value === 'number' ? tidy(value) : '');

export function readWatching(d: Json): WatchingDraft {
  const beat = objectAt(d, 'heartbeat');
  const run = objectAt(objectAt(d, 'budget'), 'run');
  const day = objectAt(objectAt(d, 'budget'), 'day');
  return {
    beatEvery: spanOf(beat['interval_seconds'], 'seconds'), beatGrace: spanOf(beat['grace_seconds'], 'seconds'), startGrace: spanOf(beat['start_grace_seconds']), progressWithin: spanOf(beat['progress_within_seconds']),
    beatRestart: beat['restart'] === true, stopAfter: spanOf(run['duration_seconds']), runCost: figure(run['cost_usd']), runTokens: figure(run['tokens']), runSteps: figure(run['steps']), dayCost: figure(day['cost_usd']),
    dayTokens: figure(day['tokens']), loops: one(d['loops'], LOOPS, 'alert')
  };
}

/** True where the tower itself starts the agent again: only then can it do so when beats stop. */
export function mayRestart(draft: { transport: TransportWord; restart: string }): boolean {
  return draft.transport === 'command' && draft.restart !== 'never';
}

type Wrong = (place: WatchingField, sentence: string) => void;
type Whole = WatchingDraft & { transport: TransportWord; restart: string };

/** `heartbeat`, `budget` and `loops`; what is not asked for is left out. */
export function makeWatching(draft: Whole, base: Json, wrong: Wrong): Json {
  const made: Json = {};
  const beat = makeBeat(draft, wrong);
  if (beat !== null) made['heartbeat'] = { ...without(objectAt(base, 'heartbeat'), ['interval_seconds', 'grace_seconds', 'start_grace_seconds', 'progress_within_seconds', 'restart']), ...beat };
  const kept = objectAt(base, 'budget');
  const run = without(objectAt(kept, 'run'), ['duration_seconds', 'cost_usd', 'tokens', 'steps']);
  const day = without(objectAt(kept, 'day'), ['cost_usd', 'tokens']);
  const put = (into: Json, key: string, value: number | null) => {
    if (value !== null) into[key] = value;
  };
  put(run, 'cost_usd', dollars(draft.runCost, () => wrong('runCost', readbackText.anAmountInDollars)));
  put(run, 'tokens', count(draft.runTokens, () => wrong('runTokens', readbackText.aWholeNumberOfTokens)));
  put(run, 'steps', count(draft.runSteps, () => wrong('runSteps', readbackText.aWholeNumberOfSteps)));
  put(run, 'duration_seconds', length(draft.stopAfter, 1, YEAR_S, () => wrong('stopAfter', readbackText.aLengthFrom1SecondTo366)));
  put(day, 'cost_usd', dollars(draft.dayCost, () => wrong('dayCost', readbackText.anAmountInDollarsAt)));
  put(day, 'tokens', count(draft.dayTokens, () => wrong('dayTokens', readbackText.aWholeNumberOfTokensAt)));
  const budget = without(kept, ['run', 'day']);
  if (Object.keys(run).length > 0) budget['run'] = run;
  if (Object.keys(day).length > 0) budget['day'] = day;
  if (Object.keys(budget).length > 0) made['budget'] = budget;
  if (draft.loops !== 'alert' || base['loops'] !== undefined) made['loops'] = draft.loops;
  return made;
}

function makeBeat(draft: Whole, wrong: Wrong): Json | null {
  const others = (['beatGrace', 'startGrace', 'progressWithin'] as const).some((field) => draft[field].amount.trim() !== '');
  if (draft.beatEvery.amount.trim() === '') {
    if (others) wrong('beatEvery', readbackText.howOftenDoesItBeat);
    return null;
  }
  const beat: Json = {};
  const put = (key: string, field: 'beatEvery' | 'beatGrace' | 'startGrace' | 'progressWithin', from: number, to: number, sentence: string) => {
    const seconds = length(draft[field], from, to, () => wrong(field, sentence));
    if (seconds !== null) beat[key] = seconds;
  };
  put('interval_seconds', 'beatEvery', 0.5, WEEK_S, readbackText.aLengthFromHalf);
  put('grace_seconds', 'beatGrace', 0, WEEK_S, readbackText.aLengthUpTo7Days);
  put('start_grace_seconds', 'startGrace', 0, WEEK_S, readbackText.aLengthUpTo7DaysSuch);
  put('progress_within_seconds', 'progressWithin', 0.5, 4 * WEEK_S, readbackText.aLengthUpTo28);
  if (Number(beat['progress_within_seconds']) < Number(beat['interval_seconds'])) wrong('progressWithin', readbackText.atLeastAsLong);
  if (draft.beatRestart && mayRestart(draft)) beat['restart'] = true;
  return beat;
}

function length(span: Span, from: number, to: number, wrong: () => void): number | null {
  const seconds = secondsOf(span);
  if (seconds === null) return null;
  if (seconds >= from && seconds <= to) return seconds;
  wrong();
  return null;
}

/** "$0.60" as 0.6; null when nothing is typed, or it is wrong. */
export function dollars(typed: string, wrong: () => void): number | null {
  const text = typed.replace(/[$\s]/g, '').replace(/^(\d+),(\d{1,2})$/, '$1.$2').replaceAll(',', '');
  if (text === '') return null;
  const value = /^\d+(\.\d+)?$|^\.\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= USD_LEAST && value <= USD_MOST) return value;
  wrong();
  return null;
}

/** "500,000", "500k" or "2M" as a number; null when nothing is typed, or it is wrong. */
export function count(typed: string, wrong: () => void): number | null {
  const [, digits, unit] = /^([\d.]+)([kKmM]?)$/.exec(typed.replaceAll(/[\s,_]/g, '')) ?? [];
  if (typed.trim() === '') return null;
  const value = Number(digits) * (unit === undefined || unit === '' ? 1 : unit.toLowerCase() === 'k' ? 1000 : 1_000_000);
  if (Number.isInteger(value) && value >= 1 && value <= COUNT_MOST) return value;
  wrong();
  return null;
}

const NO = () => undefined;

/** How late a beat may be if nothing is said, in seconds. Null when no beats are expected. */
export function usualGrace(draft: Pick<WatchingDraft, 'beatEvery'>): number | null {
  const every = secondsOf(draft.beatEvery);
  return every === null || !(every > 0) ? null : Math.max(5, every / 2);
}

/** Until when the first beat comes if nothing is said, in seconds. Null when no beats are expected. */
export function usualStart(draft: WatchingDraft): number | null {
  const lost = lostAfterMs(draft);
  return lost === null ? null : Math.max(120, lost / SECOND);
}

/** After how much silence it counts as lost: interval and grace. Null when no beats are expected. */
export function lostAfterMs(draft: WatchingDraft): number | null {
  const usual = usualGrace(draft);
  if (usual === null) return null;
  const grace = secondsOf(draft.beatGrace);
  return ((secondsOf(draft.beatEvery) ?? 0) + (grace !== null && grace >= 0 ? grace : usual)) * SECOND;
}

/** "If it says nothing for 90 s, you hear of it." */
export function beatSentences(draft: WatchingDraft & { transport: TransportWord; restart: string; kind: string }): string[] {
  const lost = lostAfterMs(draft);
  if (lost === null) return [];
  const out: string[] = [];
  const always = draft.transport === 'watch' && draft.kind === 'manual';
  const first = spanWords(draft.startGrace);
  out.push(readbackText.itSaysNothingForYou(always ? readbackText.itsBeatsAreExpected : readbackText.ifIt, lasting(lost), first === '' ? '' : readbackText.orForAtItsStart(first), draft.beatRestart && mayRestart(draft) ? readbackText.andItIsStartedAgain : ''));
  const within = spanWords(draft.progressWithin);
  if (within !== '') out.push(readbackText.ifItBeatsAndGets(within));
  return out;
}

const listed = (words: readonly string[]) => (words.length < 2 ? (words[0] ?? '') : readbackText.orOfWords(words.slice(0, -1).join(', '), words[words.length - 1] ?? ''));

/** What holds for every cue that says nothing of its own; null: not known yet. */
export type UsualFuses = Pick<Fuses, 'run' | 'cue_day'> | null;

/** "By default it also stops at 20M tokens, and its day ends at $50.00."; nothing where the cue says all of it itself, or there is no limit. `also`: it says some of it. */
function usualSentences(draft: WatchingDraft & { transport: TransportWord; restart: string }, usual: UsualFuses, also: boolean): string[] {
  if (usual === null) return [];
  const { run, cue_day: day } = usual;
  const words = (typed: string, limit: number | null, say: (n: number) => string) => (typed.trim() !== '' || limit === null ? '' : say(limit));
  const some = (parts: readonly string[]) => listed(parts.filter((part) => part !== ''));
  const runs = some([words(draft.runCost, run.cost_usd, money), words(draft.runTokens, run.tokens, (n) => readbackText.tokens(brief(n))), words(draft.runSteps, run.steps, (n) => readbackText.steps(brief(n)))]);
  const days = some([words(draft.dayCost, day.cost_usd, money), words(draft.dayTokens, day.tokens, (n) => readbackText.tokensOfDayTokens(brief(n)))]);
  if (runs !== '' && !also) return [readbackText.stopsByDefault(whichStops(draft), runs, days === '' ? '' : readbackText.andItsDayEndsAt(days))];
  const parts = [runs === '' ? '' : readbackText.itAlsoStopsAt(runs), days === '' ? '' : readbackText.itsDayEndsAt(days)].filter((part) => part !== '');
  return parts.length === 0 ? [] : [readbackText.byDefault(parts.join(readbackText.andThen))];
}

const whichStops = (draft: { transport: TransportWord; restart: string }) => (mayRestart(draft) ? readbackText.eachStart : '');

/** What ends a run before it is done, found by its first word: "Stops at $0.60 or after 1 h. Its day ends at $2.00." */
export function fuseSentences(draft: WatchingDraft & { transport: TransportWord; restart: string }, usual: UsualFuses = null): string[] {
  const out: string[] = [];
  const [cost, tokens, steps, day, dayTokens] = [dollars(draft.runCost, NO), count(draft.runTokens, NO), count(draft.runSteps, NO), dollars(draft.dayCost, NO), count(draft.dayTokens, NO)];
  const most = spanWords(draft.stopAfter);
  const run = [cost === null ? '' : money(cost), tokens === null ? '' : readbackText.tokens(grouped(tokens)), steps === null ? '' : readbackText.steps(grouped(steps))].filter((words) => words !== '');
  const at = run.length > 0 ? readbackText.atOfListed(listed(run)) : '';
  if (at !== '' || most !== '') out.push(readbackText.stops(whichStops(draft), [at, most === '' ? '' : readbackText.after(most)].filter((words) => words !== '').join(readbackText.or2)));
  const days = [day === null ? '' : money(day), dayTokens === null ? '' : readbackText.tokensOfDayTokens(grouped(dayTokens))].filter((words) => words !== '');
  if (days.length > 0) out.push(readbackText.itsDayEndsAtWhat(listed(days)));
  out.push(...usualSentences(draft, usual, at !== '' || most !== ''));
  if (usual !== null && out.length === 0 && draft.loops !== 'stop') out.push(readbackText.stopsAtNoLimit);
  if (draft.loops === 'stop') out.push(readbackText.ifItGoesInCirclesIt);
  if (draft.loops === 'off') out.push(readbackText.ifItGoesInCirclesNobody);
  return out;
}
