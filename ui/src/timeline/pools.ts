//! How full a pool was, and when more wanted in: made from the runs of the cues that use it and from who holds and waits now. Pure.
import type { CueView, Mark, PoolView } from '../wire';
import { isLive } from '../words';

/** A stretch of time with the same use. */
export interface PoolStep {
  from_ms: number;
  /** Infinity: still so. */
  to_ms: number;
  /** In units of weight; never more than the pool's limit. */
  used: number;
  /** More wanted in than it let in. */
  over: boolean;
}

/** What one go of the cue takes of the pool; 0: nothing. */
export function weightIn(cue: CueView, pool: string): number {
  const uses = (cue.definition as { uses?: unknown } | null)?.uses;
  if (!Array.isArray(uses)) return 0;
  const need = uses.find((use: unknown) => typeof use === 'object' && use !== null && (use as { pool?: unknown }).pool === pool) as { weight?: unknown } | undefined;
  if (!need) return 0;
  return typeof need.weight === 'number' ? need.weight : 1;
}

interface Turn {
  at: number;
  used: number;
  waits: number;
}

/** Its use over time, oldest first, without the stretches in which nobody used it. */
export function poolSteps(pool: PoolView, cues: Iterable<CueView>, lanes: ReadonlyMap<string, readonly Mark[]>): PoolStep[] {
  const turns: Turn[] = [];
  const span = (from: number, to: number, used: number, waits: number) => {
    if (to <= from) return;
    turns.push({ at: from, used, waits });
    if (to < Infinity) turns.push({ at: to, used: -used, waits: -waits });
  };
  const waiting = new Set(pool.waiting.map((one) => one.run_id));
  for (const cue of cues) {
    const weight = weightIn(cue, pool.name);
    if (weight === 0) continue;
    for (const mark of lanes.get(cue.id) ?? []) {
      if (mark.run_id === null || mark.started_at_ms === null || waiting.has(mark.run_id)) continue;
      const to = mark.ended_at_ms ?? (isLive(mark) ? Infinity : null);
      if (to !== null) span(mark.started_at_ms, to, weight, 0);
    }
  }
  for (const one of pool.holders) if (one.run_id === null) span(one.since_ms, Infinity, 1, 0);
  for (const one of pool.waiting) span(one.since_ms, Infinity, 0, 1);
  turns.sort((a, b) => a.at - b.at);
  const most = pool.concurrency ?? Infinity;
  const steps: PoolStep[] = [];
  let used = 0;
  let waits = 0;
  for (const [i, turn] of turns.entries()) {
    used += turn.used;
    waits += turn.waits;
    const to = turns[i + 1]?.at ?? Infinity;
    if (to === turn.at || (used === 0 && waits === 0)) continue;
    const step = { from_ms: turn.at, to_ms: to, used: Math.min(used, most), over: waits > 0 || used > most };
    const last = steps[steps.length - 1];
    if (last && last.to_ms === step.from_ms && last.used === step.used && last.over === step.over) last.to_ms = to;
    else steps.push(step);
  }
  return steps;
}

/** What its full height stands for. */
export function topOf(pool: PoolView, steps: readonly PoolStep[]): number {
  return pool.concurrency ?? Math.max(1, ...steps.map((step) => step.used));
}
