//! Tomorrow as a page shows it: how many fires, what becomes of them, day by day. Pure: a simulation in, words and rows out.
import { number } from '../locale';
import * as boardText from '../text/board';
import { day, hm, hms, lasting, MINUTE, offsetAt, startOfDay } from '../time';
import type { SimulatedFire, SimulatedLane, Simulation } from '../wire';

/** Due times of one day that are written out one by one; more are told as a stretch. */
const TIMES_MOST = 8;

/** Due times of one cue on one day that end the same way, for the same reason. */
export interface Ending {
  end: 'ran' | 'held' | 'skipped';
  reason: string | null;
  count: number;
  /** Each time, when they are few; else the first and the last. */
  times: readonly string[];
  /** `times` are only the first and the last of many. */
  stretch: boolean;
}

export interface DayLine {
  cueId: string;
  name: string;
  /** After another cue's run, not by its own schedule. */
  chained: boolean;
  endings: readonly Ending[];
}

export interface Day {
  /** "Sat 21 Nov" */
  title: string;
  fires: number;
  lines: readonly DayLine[];
}

export interface Totals {
  due: number;
  ran: number;
  overlap: number;
  blackout: number;
  waited: number;
}

/** 1240 as "1,240". */
export function counted(n: number): string {
  return number(n);
}

/** "1 run", "1,240 runs". */
export function many(n: number, one: string, more = `${one}s`): string {
  return `${counted(n)} ${n === 1 ? one : more}`;
}

export function totalsOf(lanes: readonly SimulatedLane[]): Totals {
  const sum = (of: (lane: SimulatedLane) => number) => lanes.reduce((total, lane) => total + of(lane), 0);
  const ran = sum((lane) => lane.ran);
  const overlap = sum((lane) => lane.skipped_overlap);
  const blackout = sum((lane) => lane.skipped_blackout);
  return { due: ran + overlap + blackout, ran, overlap, blackout, waited: sum((lane) => lane.waited) };
}

/** How long a simulation reaches: "30 days". */
export function reach(simulation: Simulation): string {
  return many(Math.max(1, Math.round((simulation.to_ms - simulation.from_ms) / (24 * 60 * MINUTE))), 'day');
}

/** The page in one sentence. */
export function sentenceOf(simulation: Simulation): string {
  const t = totalsOf(simulation.lanes);
  if (t.due === 0) return boardText.nothingIsDue(reach(simulation));
  const parts: string[] = [];
  if (t.overlap > 0) parts.push(boardText.areSkippedBecauseTheRun(counted(t.overlap), t.overlap));
  if (t.blackout > 0) parts.push(boardText.fallIntoABlackout(counted(t.blackout), t.blackout));
  if (t.waited > 0) parts.push(boardText.waitTheirTurnFirst(counted(t.waited), t.waited));
  const what = boardText.inTheNext(many(t.due, boardText.dueTime), reach(simulation));
  return parts.length === 0 ? boardText.eachOfThemRuns(what) : boardText.runOfWhat(what, counted(t.ran), listed(parts));
}

function listed(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join('') : boardText.and(parts.slice(0, -1).join(', '), parts[parts.length - 1] ?? '');
}

/** What a lane's runs were taken to last, in words. */
export function lengthOf(lane: SimulatedLane): string {
  return lane.run_ms > 0 ? lasting(lane.run_ms) : boardText.anInstant;
}

/** Wall clock of a fire, as an instant whose UTC fields read as that clock: of the cue's own zone, or of `zone`. */
function wallOf(fire: SimulatedFire, zone: string | null): number {
  return fire.due_ms + (zone === null ? fire.offset_minutes * MINUTE : offsetAt(zone, fire.due_ms));
}

/** Fires by day, then by cue in order of the first due time; `zone` null: on each cue's own clock. */
export function daysOf(simulation: Simulation, zone: string | null): Day[] {
  const names = new Map(simulation.lanes.map((lane) => [lane.cue_id, lane.cue_name]));
  const days = new Map<number, Map<string, SimulatedFire[]>>();
  for (const fire of simulation.fires) {
    const key = startOfDay(wallOf(fire, zone), 'UTC');
    const cues = days.get(key) ?? new Map<string, SimulatedFire[]>();
    days.set(key, cues);
    const list = cues.get(fire.cue_id);
    if (list) list.push(fire);
    else cues.set(fire.cue_id, [fire]);
  }
  return [...days].sort(([a], [b]) => a - b).map(([at, cues]) => ({
    title: day(at, 'UTC'),
    fires: [...cues.values()].reduce((sum, list) => sum + list.length, 0),
    lines: [...cues].map(([cueId, list]) => ({ cueId, name: names.get(cueId) ?? '', chained: list.every((fire) => fire.triggered_by === 'chain'), endings: endingsOf(list, zone) }))
  }));
}

function endingsOf(fires: readonly SimulatedFire[], zone: string | null): Ending[] {
  const seconds = fires.some((fire) => fire.due_ms % MINUTE !== 0);
  const groups = new Map<string, { end: Ending['end']; reason: string | null; at: number[] }>();
  for (const fire of fires) {
    const end = fire.end === 'held' || fire.end === 'skipped' ? fire.end : 'ran';
    const key = `${end} ${fire.reason ?? ''}`;
    const group = groups.get(key) ?? { end, reason: fire.reason, at: [] };
    groups.set(key, group);
    group.at.push(wallOf(fire, zone));
  }
  const order = { ran: 0, held: 1, skipped: 2 };
  return [...groups.values()].sort((a, b) => order[a.end] - order[b.end]).map(({ end, reason, at }) => {
    const stretch = at.length > TIMES_MOST;
    const shown = stretch ? [at[0] ?? 0, at[at.length - 1] ?? 0] : at;
    return { end, reason, count: at.length, times: shown.map((t) => (seconds ? hms(t, 'UTC') : hm(t, 'UTC'))), stretch };
  });
}
