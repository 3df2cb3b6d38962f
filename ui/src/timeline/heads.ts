//! What a lane's head says of its runs: its last ones as one line, and what they cost today. Pure.
import { lastIsOutside } from '../run/envelope';
import * as boardText from '../text/board';
import { lasting } from '../time';
import type { Mark, PastRun } from '../wire';

/** A line of so many runs, judged by so many. */
const [RUNS_SHOWN, RUNS_KNOWN] = [14, 51];

export interface Head {
  /** By the marks that are here, until the tower says what was spent; null: nobody told what anything cost. */
  today_usd: number | null;
  values: readonly number[];
  odd: boolean;
  title: string;
}

/** `marks`: the lane's, of which all since `since_ms` are here; `past` tells of what was before. */
export function headOf(marks: readonly Mark[], since_ms: number, past: readonly PastRun[] | null, today_ms: number): Head {
  let today_usd: number | null = null;
  const newest: PastRun[] = [];
  for (let i = marks.length - 1; i >= 0; i--) {
    const mark = marks[i] as Mark;
    if (past !== null && mark.due_ms < since_ms) break;
    if (mark.due_ms >= today_ms && mark.cost_usd !== null) today_usd = (today_usd ?? 0) + mark.cost_usd;
    const ended = mark.ended_at_ms !== null && mark.confirmed !== 'silent' && mark.confirmed !== 'none';
    if (ended && newest.length < RUNS_KNOWN) newest.push({ cost_usd: mark.cost_usd, took_ms: Math.max(0, (mark.ended_at_ms ?? 0) - (mark.started_at_ms ?? mark.due_ms)) });
    else if (newest.length >= RUNS_KNOWN && mark.due_ms < today_ms) break;
  }
  newest.reverse();
  const all = [...(past ?? []), ...newest].slice(-RUNS_KNOWN);
  const shown = all.slice(-RUNS_SHOWN);
  const costs = shown.flatMap((run) => (run.cost_usd === null ? [] : [run.cost_usd]));
  if (costs.length > 1) {
    const odd = shown[shown.length - 1]?.cost_usd !== null && lastIsOutside(all.flatMap((run) => (run.cost_usd === null ? [] : [run.cost_usd])));
    return { today_usd, values: costs, odd, title: boardText.costOfTheLastRuns(costs.length, odd ? boardText.theLastOneIsOutside : '') };
  }
  const times = shown.map((run) => run.took_ms);
  return { today_usd, values: times, odd: false, title: times.length > 0 ? boardText.timeOfTheLastRuns(times.length, lasting(Math.max(...times))) : '' };
}
