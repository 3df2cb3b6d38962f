//! What is still to come: due times of the next days, each at what a run of its cue has cost. Pure. What nobody said costs nothing here, and is counted.
import * as costsText from '../text/costs';
import { DAY, HOUR, offsetAt, startOfDay } from '../time';
import type { Costs, CueCost, Simulation } from '../wire';

/** What a run of a cue costs: all that its runs told, by those that told something; null: none did. */
export function perRun(cue: Pick<CueCost, 'runs' | 'runs_untold' | 'total'>): number | null {
  const told = cue.runs - cue.runs_untold;
  return told > 0 && cue.total.cost_usd !== null ? cue.total.cost_usd / told : null;
}

export interface DearHour {
  /** "Fridays 08:00" */
  words: string;
  usd: number;
  /** The dearest first. */
  cues: string[];
}

export interface Ahead {
  /** Still to come today; null: the due times of today are more than are told one by one. */
  rest_usd: number | null;
  week_usd: number;
  dearest: DearHour | null;
  /** Cues that run and of which no cost is known. */
  unknown: number;
}

const DAYS = [costsText.sundays, costsText.mondays, costsText.tuesdays, costsText.wednesdays, costsText.thursdays, costsText.fridays, costsText.saturdays];
const NAMED_MOST = 2;

/** `simulation`: seven days from now. */
export function aheadOf(costs: Pick<Costs, 'by_cue'>, simulation: Simulation, now_ms: number, zone: string): Ahead {
  const price = new Map(costs.by_cue.map((cue) => [cue.cue_id, perRun(cue)]));
  const names = new Map(simulation.lanes.map((lane) => [lane.cue_id, lane.cue_name]));
  const each = (cueId: string) => price.get(cueId) ?? 0;
  const runs = simulation.fires.filter((fire) => fire.end !== 'skipped' && fire.due_ms > now_ms);
  const midnight_ms = startOfDay(startOfDay(now_ms, zone) + 36 * HOUR, zone);
  const told_to = simulation.truncated ? (simulation.fires[simulation.fires.length - 1]?.due_ms ?? 0) : Infinity;
  const hours = new Map<string, { usd: number; by: Map<string, number> }>();
  for (const fire of runs) {
    const usd = each(fire.cue_id);
    if (usd === 0) continue;
    const wall = new Date(fire.due_ms + offsetAt(zone, fire.due_ms));
    const words = `${DAYS[wall.getUTCDay()] ?? ''} ${String(wall.getUTCHours()).padStart(2, '0')}:00`;
    const hour = hours.get(words) ?? { usd: 0, by: new Map<string, number>() };
    hour.usd += usd;
    hour.by.set(fire.cue_id, (hour.by.get(fire.cue_id) ?? 0) + usd);
    hours.set(words, hour);
  }
  const [dearest] = [...hours].sort(([, a], [, b]) => b.usd - a.usd);
  return {
    rest_usd: told_to < midnight_ms ? null : runs.filter((fire) => fire.due_ms < midnight_ms).reduce((sum, fire) => sum + each(fire.cue_id), 0),
    week_usd: simulation.lanes.reduce((sum, lane) => sum + lane.ran * each(lane.cue_id), 0),
    dearest: dearest === undefined || told_to < now_ms + 6 * DAY ? null : { words: dearest[0], usd: dearest[1].usd, cues: [...dearest[1].by].sort(([, a], [, b]) => b - a).slice(0, NAMED_MOST).map(([id]) => names.get(id) ?? '') },
    unknown: simulation.lanes.filter((lane) => lane.ran > 0 && (price.get(lane.cue_id) ?? null) === null).length
  };
}

/** Whether the day stays below its fuse; null: there is none. */
export function courseOf(spent_usd: number, ahead: Pick<Ahead, 'rest_usd'>, most_usd: number | null): { usd: number; left_usd: number | null; over: boolean } | null {
  if (ahead.rest_usd === null) return null;
  const usd = spent_usd + ahead.rest_usd;
  return { usd, left_usd: most_usd === null ? null : Math.abs(most_usd - usd), over: most_usd !== null && usd > most_usd };
}

/** The upper end of what an agent's days usually cost, today left out: the 95th percentile, once ten days are known. */
export function usualDay(days: readonly (number | null)[]): number | null {
  const known = days.slice(0, -1).filter((usd): usd is number => usd !== null).sort((a, b) => a - b);
  if (known.length < 10) return null;
  const at = (known.length - 1) * 0.95;
  const [low, high] = [known[Math.floor(at)] ?? 0, known[Math.ceil(at)] ?? 0];
  return low + (high - low) * (at - Math.floor(at));
}
