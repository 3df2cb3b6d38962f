//! What is done about a due time that passed, and about one that meets a run: each answer with a sentence of what it does to this very cue. Pure.
import * as readbackText from '../text/readback';
import { HOUR, lasting, MINUTE, SECOND } from '../time';
import type { Draft } from './draft';
import { comesAgain } from './schedule';
import { secondsOf, spanOf } from './span';

/** What the coming fires say about a cue. */
export interface Facts {
  /** Between two due times; null when it has no two, or when they lie unevenly. */
  gap_ms: number | null;
  /** Shortest gap; null when it has no two due times. */
  shortest_ms: number | null;
}

export interface Answer<T extends string> {
  value: T;
  label: string;
  say: string;
}

const UNEVEN = 1.5;
const AWAY_MS = 8 * HOUR;
/** Runs that may wait behind a live one. */
const WAITING_MOST = 100;
const USEFUL_MOST_MS = 12 * HOUR;

export function factsOf(draft: Draft, fires_ms: readonly number[]): Facts {
  const jitter = comesAgain(draft.kind) && (secondsOf(draft.jitter) ?? 0) > 0;
  const parts = comesAgain(draft.kind) ? draft.parts : [];
  // Jitter moves each fire a little; the gap that one wrote is the round one.
  const round = (gap: number) => (jitter && gap >= 10 * MINUTE ? Math.round(gap / MINUTE) * MINUTE : gap);
  const gaps = fires_ms.slice(1).map((at, i) => round(at - (fires_ms[i] ?? at))).filter((gap) => gap > 0);
  // Windows may lie beyond the fires that are known.
  const inParts = parts.flatMap((part) => (part.rate === 'every' && (secondsOf(part.every) ?? 0) > 0 ? [(secondsOf(part.every) ?? 0) * SECOND] : []));
  const shortest = Math.min(...gaps, ...inParts);
  const even = gaps.length > 0 && parts.length === 0 && Math.max(...gaps) <= shortest * UNEVEN;
  return { gap_ms: even ? shortest : null, shortest_ms: Number.isFinite(shortest) ? shortest : null };
}

/** How late a missed run may still be of use, and what says so: the form, half the gap, the 12 h that half a gap is at most, or nothing at all. `ms` is null where it is not known or there is no limit. */
export interface Useful {
  ms: number | null;
  by: 'form' | 'gap' | 'most' | 'nothing';
}

export function usefulFor(draft: Draft, facts: Facts): Useful {
  const given = secondsOf(draft.within);
  if (given !== null && given > 0) return { ms: given * SECOND, by: 'form' };
  if (draft.kind === 'once') return { ms: null, by: 'nothing' };
  if (facts.gap_ms === null) return { ms: null, by: 'gap' };
  return facts.gap_ms / 2 <= USEFUL_MOST_MS ? { ms: facts.gap_ms / 2, by: 'gap' } : { ms: USEFUL_MOST_MS, by: 'most' };
}

/** That limit in seconds as it is where the form says none; null where it is not known, or there is none. */
export function usualWithin(draft: Draft, facts: Facts): number | null {
  const { ms } = usefulFor({ ...draft, within: spanOf(null) }, facts);
  return ms === null ? null : ms / SECOND;
}

/** As "under 30 min late"; null: for ever. */
function usefulWords(draft: Draft, facts: Facts): string | null {
  const useful = usefulFor(draft, facts);
  if (useful.by === 'nothing') return null;
  return useful.ms === null ? readbackText.lateByLessThanHalf : readbackText.underLate(lasting(useful.ms));
}

/** How many it would miss in one night; null when that is not worth an example. */
function overnight(facts: Facts): number | null {
  const missed = facts.gap_ms === null ? 0 : Math.floor(AWAY_MS / facts.gap_ms);
  return missed >= 2 ? missed : null;
}

export function catchUpAnswers(draft: Draft, facts: Facts): Answer<Draft['catchUp']>[] {
  const missed = overnight(facts);
  const night = (what: (missed: number) => string) => (missed === null ? '' : readbackText.away(lasting(AWAY_MS), what(missed)));
  const useful = usefulWords(draft, facts);
  const once = draft.kind === 'once';
  return [
    {
      value: 'latest', label: readbackText.runOnceWhenBack,
      say: once
        ? readbackText.runsWhenTheTower(useful === null ? readbackText.howeverLateThatIs : readbackText.ifThatIsElse(useful))
        : readbackText.runsOnceForTheNewest(useful ?? '', night((n) => readbackText.oneRunCoalesced(n - 1)))
    },
    ...(once ? [] : [{ value: 'all' as const, label: readbackText.runEveryMissedOne, say: readbackText.runsEachOneOldestFirst(WAITING_MOST, night((n) => readbackText.runs(Math.min(n, WAITING_MOST)))) }]),
    { value: 'ask', label: readbackText.askMe, say: once ? readbackText.holdsItUntilYouSay : readbackText.holdsTheNewestItMissed(night((n) => readbackText.oneQuestionCoalesced(n - 1))) },
    { value: 'none', label: readbackText.leaveItMissed, say: readbackText.runsNothingTheLedger(night((n) => readbackText.missed(n))) }
  ];
}

export function overlapAnswers(facts: Facts): Answer<Draft['overlap']>[] {
  const longer = facts.shortest_ms === null ? null : lasting(facts.shortest_ms);
  return [
    { value: 'skip', label: readbackText.skipThisOne, say: longer === null ? readbackText.theNewOneIsSkipped : readbackText.aRunLonger(longer, facts.gap_ms === null ? readbackText.canMake : readbackText.makes) },
    { value: 'queue', label: readbackText.waitThenRun, say: readbackText.theNewOneWaits(WAITING_MOST) },
    { value: 'allow', label: readbackText.runBoth, say: readbackText.theyGoSideBySide },
    { value: 'replace', label: readbackText.stopTheOldRunFirst, say: readbackText.theOldOneIsStopped }
  ];
}

/** Without any bound on how many go side by side, a window's bound says nothing; the host refuses the two together. Null when they agree. */
export function boundAgainst(draft: Draft): string | null {
  if (draft.overlap !== 'allow' || !comesAgain(draft.kind)) return null;
  const bound = draft.parts.flatMap((part, i) => (part.atOnce.trim() !== '' ? [i + 1] : []));
  if (bound.length === 0) return null;
  const windows = bound.length === 1 ? readbackText.windowLimits(bound[0] ?? '') : readbackText.windowsAndLimit(bound.slice(0, -1).join(', '), bound[bound.length - 1] ?? '');
  return readbackText.howManyGoAtOnce(windows);
}

/** Windows in which several go at once: what the overlap then means. Null when there are none. */
export function atOnceWords(draft: Draft): string | null {
  if (!comesAgain(draft.kind) || draft.overlap === 'allow') return null;
  const said = draft.parts.flatMap((part, i) => (Number(part.atOnce) > 1 ? [readbackText.windowLetsGoAtOnce(i + 1, Number(part.atOnce))] : []));
  if (said.length === 0) return null;
  const sentence = said.join(', ');
  return readbackText.thisHoldsForAnyMore(sentence.charAt(0).toUpperCase(), sentence.slice(1));
}
