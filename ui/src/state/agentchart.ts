//! An agent over the last hours: tokens a minute, its usual range, when it was heard, when it worked, when the tower was away. Pure.
import { HOUR, MINUTE } from '../time';
import type { AgentView, BandView, BeatView } from '../wire';
import { wholeFrom } from './agents';

export interface Stretch {
  from_ms: number;
  to_ms: number;
}

export interface AgentHours extends Stretch {
  /** Tokens a minute, with the middle of the minutes they are of; null where the tower was away, and before its first beat. */
  points: { at_ms: number; tokens: number | null }[];
  /** Of the scale. */
  top: number;
  usual: readonly [number, number] | null;
  away: (Stretch & { label: string })[];
  alive: Stretch[];
  working: Stretch[];
  /** Beats went on, progress did not. */
  stuck: Stretch | null;
}

const MOST_MS = 6 * HOUR;
const POINTS = 120;

/** `beats`: the newest, newest first. */
export function hoursOf(agent: Pick<AgentView, 'pulse' | 'tokens' | 'tokens_usual' | 'progress_at_ms' | 'no_progress_since_ms' | 'usual_gap_ms'>, beats: readonly Pick<BeatView, 'at_ms' | 'tokens'>[], bands: readonly BandView[], now_ms: number): AgentHours {
  const present = Math.floor(now_ms / MINUTE) * MINUTE;
  const hour = present - (agent.tokens.length - 1) * MINUTE;
  const oldest = beats[beats.length - 1]?.at_ms ?? now_ms;
  const from_ms = Math.max(present - MOST_MS, Math.min(hour, Math.floor(oldest / MINUTE) * MINUTE));
  const minutes = Math.max(1, Math.round((present - from_ms) / MINUTE));
  const tokens = Array.from({ length: minutes }, () => 0);
  const heard = Array.from({ length: minutes }, () => 0);
  for (const beat of beats) {
    const at = Math.floor((beat.at_ms - from_ms) / MINUTE);
    if (at < 0 || at >= minutes || beat.at_ms >= hour) continue;
    tokens[at] = (tokens[at] ?? 0) + (beat.tokens ?? 0);
    heard[at] = (heard[at] ?? 0) + 1;
  }
  // Of the last hour the tower's own sums are exact, however many beats there were.
  agent.tokens.forEach((sum, i) => {
    const at = Math.round((hour - from_ms) / MINUTE) + i;
    if (at >= 0 && at < minutes) [tokens[at], heard[at]] = [sum, agent.pulse[i] ?? 0];
  });
  const away = bands.flatMap((band) => {
    const [from, to] = [Math.max(from_ms, band.from_ms), Math.min(now_ms, band.to_ms)];
    return to > from ? [{ from_ms: from, to_ms: to, label: band.label }] : [];
  });
  // Of the time before the first beat that is known nobody said anything, and that is no zero; nor is the minute it began in a measure of one.
  const unheard_to = oldest < from_ms ? 0 : wholeFrom({ pulse: heard, usual_gap_ms: agent.usual_gap_ms });
  const isAway = (at_ms: number) => away.some((band) => at_ms >= band.from_ms && at_ms < band.to_ms);
  const each = Math.max(1, Math.ceil(minutes / POINTS));
  const points = Array.from({ length: Math.ceil(minutes / each) }, (_, i) => {
    const slice = tokens.slice(i * each, (i + 1) * each);
    const at_ms = from_ms + (i * each + slice.length / 2) * MINUTE;
    return { at_ms, tokens: isAway(at_ms) || (i + 1) * each <= unheard_to ? null : slice.reduce((sum, n) => sum + n, 0) / slice.length };
  });
  const alive = runsOf(heard.map((n) => n > 0), from_ms, Math.max(1, Math.ceil(((agent.usual_gap_ms ?? MINUTE) * 3) / MINUTE)), now_ms);
  const still_ms = agent.no_progress_since_ms;
  const working = agent.progress_at_ms === null ? [] : alive.flatMap((run) => {
    const to_ms = still_ms === null ? run.to_ms : Math.min(run.to_ms, still_ms);
    return to_ms > run.from_ms ? [{ from_ms: run.from_ms, to_ms }] : [];
  });
  const top = Math.max(1, ...points.map((point) => point.tokens ?? 0), agent.tokens_usual?.[1] ?? 0) * 1.1;
  return { from_ms, to_ms: now_ms, points, top, usual: agent.tokens_usual, away, alive, working, stuck: still_ms === null ? null : { from_ms: Math.max(from_ms, still_ms), to_ms: now_ms } };
}

/** Minutes in which it was heard, joined over gaps that are its way. The last one reaches now while it is no longer ago than that. */
function runsOf(heard: readonly boolean[], from_ms: number, gap: number, now_ms: number): Stretch[] {
  const runs: Stretch[] = [];
  let last = -Infinity;
  heard.forEach((is, i) => {
    if (!is) return;
    const current = runs[runs.length - 1];
    const to_ms = from_ms + (i + 1) * MINUTE;
    if (current && i - last <= gap) current.to_ms = to_ms;
    else runs.push({ from_ms: from_ms + i * MINUTE, to_ms });
    last = i;
  });
  const newest = runs[runs.length - 1];
  if (newest && heard.length - last <= gap) newest.to_ms = now_ms;
  return runs;
}

/** Full hours, or halves and quarters of them, that fit: 3 to 6 of them. */
export function hourTicks(from_ms: number, to_ms: number, offset_ms: number): number[] {
  const step = [10, 15, 30, 60, 120].map((minutes) => minutes * MINUTE).find((candidate) => (to_ms - from_ms) / candidate <= 5) ?? 2 * HOUR;
  const first = Math.ceil((from_ms + offset_ms) / step) * step - offset_ms;
  return Array.from({ length: Math.max(0, Math.floor((to_ms - first) / step) + 1) }, (_, i) => first + i * step);
}

/** A round figure for the scale: 1, 2 or 5 of its power of ten; at most half of the top. */
export function gridOf(top: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, top / 2)));
  return [5, 2, 1].map((n) => n * power).find((n) => n <= top / 2) ?? power;
}
