//! What is done about a due time that passed, and about one that meets a run: each answer with a sentence of what it does to this very cue. Pure.
import { HOUR, lasting, MINUTE, SECOND } from '../time';
import type { Draft } from './draft';
import { comesAgain } from './schedule';
import { secondsOf } from './span';

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

/** As "under 30 min late"; null: for ever. */
function usefulWords(draft: Draft, facts: Facts): string | null {
  const useful = usefulFor(draft, facts);
  if (useful.by === 'nothing') return null;
  return useful.ms === null ? 'late by less than half the gap to the next, and than 12 h' : `under ${lasting(useful.ms)} late`;
}

/** How many it would miss in one night; null when that is not worth an example. */
function overnight(facts: Facts): number | null {
  const missed = facts.gap_ms === null ? 0 : Math.floor(AWAY_MS / facts.gap_ms);
  return missed >= 2 ? missed : null;
}

export function catchUpAnswers(draft: Draft, facts: Facts): Answer<Draft['catchUp']>[] {
  const missed = overnight(facts);
  const night = (what: (missed: number) => string) => (missed === null ? '' : ` ${lasting(AWAY_MS)} away: ${what(missed)}.`);
  const useful = usefulWords(draft, facts);
  const once = draft.kind === 'once';
  return [
    {
      value: 'latest', label: 'Run once when back',
      say: once
        ? `Runs when the tower is back, ${useful === null ? 'however late that is' : `if that is ${useful}; else it is missed, and said so`}.`
        : `Runs once for the newest it missed, if that is ${useful}; the rest are coalesced into it.${night((n) => `1 run, ${n - 1} coalesced`)}`
    },
    ...(once ? [] : [{ value: 'all' as const, label: 'Run every missed one', say: `Runs each one, oldest first, one behind the other; beyond ${WAITING_MOST} they are missed.${night((n) => `${Math.min(n, WAITING_MOST)} runs`)}` }]),
    { value: 'ask', label: 'Ask me', say: once ? 'Holds it until you say run or skip.' : `Holds the newest it missed until you say run or skip.${night((n) => `1 question, ${n - 1} coalesced`)}` },
    { value: 'none', label: 'Leave it missed', say: `Runs nothing; the ledger says missed, and why.${night((n) => `${n} missed`)}` }
  ];
}

export function overlapAnswers(facts: Facts): Answer<Draft['overlap']>[] {
  const longer = facts.shortest_ms === null ? null : lasting(facts.shortest_ms);
  return [
    { value: 'skip', label: 'Skip this one', say: longer === null ? 'The new one is skipped; the ledger says why.' : `A run longer than ${longer} ${facts.gap_ms === null ? 'can make' : 'makes'} the next one skipped; the ledger says why.` },
    { value: 'queue', label: 'Wait, then run', say: `The new one waits, and runs when the old one has ended; at most ${WAITING_MOST} wait.` },
    { value: 'allow', label: 'Run both', say: 'They go side by side.' },
    { value: 'replace', label: 'Stop the old run first', say: 'The old one is stopped, and counts as stopped; the new one starts.' }
  ];
}

/** Without any bound on how many go side by side, a window's bound says nothing; the host refuses the two together. Null when they agree. */
export function boundAgainst(draft: Draft): string | null {
  if (draft.overlap !== 'allow' || !comesAgain(draft.kind)) return null;
  const bound = draft.parts.flatMap((part, i) => (part.atOnce.trim() !== '' ? [i + 1] : []));
  if (bound.length === 0) return null;
  const windows = bound.length === 1 ? `Window ${bound[0]} limits` : `Windows ${bound.slice(0, -1).join(', ')} and ${bound[bound.length - 1]} limit`;
  return `${windows} how many go at once, and “Run both” knows no limit: choose “Wait, then run” or “Skip this one”, or empty that limit.`;
}

/** Windows in which several go at once: what the overlap then means. Null when there are none. */
export function atOnceWords(draft: Draft): string | null {
  if (!comesAgain(draft.kind) || draft.overlap === 'allow') return null;
  const said = draft.parts.flatMap((part, i) => (Number(part.atOnce) > 1 ? [`window ${i + 1} lets ${Number(part.atOnce)} go at once`] : []));
  if (said.length === 0) return null;
  const sentence = said.join(', ');
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}; this holds for any more.`;
}
