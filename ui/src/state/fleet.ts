//! The fleet as the board knows it: cues, their marks by due time, alerts. Pure: every change makes a new value; untouched lanes keep their arrays.
import { withBands } from '../timeline/bands';
import { isExceptional, isLive, reasonExplains } from '../words';
import type { AlertView, BandView, Board, CueView, DeskEvent, Mark } from '../wire';

export interface Fleet {
  seq: number;
  cues: ReadonlyMap<string, CueView>;
  /** Names of every cue ever seen here, so that marks of a deleted cue can still be told. */
  names: ReadonlyMap<string, string>;
  /** Marks of each cue, oldest due first. */
  lanes: ReadonlyMap<string, readonly Mark[]>;
  alerts: ReadonlyMap<string, AlertView>;
  /** Times in which nothing could be fired, oldest first. */
  bands: readonly BandView[];
}

export const EMPTY_FLEET: Fleet = { seq: 0, cues: new Map(), names: new Map(), lanes: new Map(), alerts: new Map(), bands: [] };

function order(a: Mark, b: Mark): number {
  return a.due_ms - b.due_ms || (a.occurrence_id < b.occurrence_id ? -1 : a.occurrence_id > b.occurrence_id ? 1 : 0);
}

/** One lane with one mark put in place of the one with its id, or inserted by due time. */
function withMark(lane: Mark[], mark: Mark): void {
  for (let i = lane.length - 1; i >= 0; i--) {
    if (lane[i]?.occurrence_id === mark.occurrence_id) {
      if (lane[i]?.due_ms === mark.due_ms) {
        lane[i] = mark;
        return;
      }
      lane.splice(i, 1);
      break;
    }
  }
  let at = lane.length;
  while (at > 0 && order(lane[at - 1] as Mark, mark) > 0) at--;
  lane.splice(at, 0, mark);
}

function withLanes(lanes: Fleet['lanes'], marks: readonly Mark[]): Fleet['lanes'] {
  if (marks.length === 0) return lanes;
  const next = new Map(lanes);
  const touched = new Map<string, Mark[]>();
  if (marks.length > 200) return merged(lanes, marks);
  for (const mark of marks) {
    let lane = touched.get(mark.cue_id);
    if (!lane) {
      lane = [...(lanes.get(mark.cue_id) ?? [])];
      touched.set(mark.cue_id, lane);
      next.set(mark.cue_id, lane);
    }
    withMark(lane, mark);
  }
  return next;
}

/** Many marks at once: by id, then sorted. */
function merged(lanes: Fleet['lanes'], marks: readonly Mark[]): Fleet['lanes'] {
  const byCue = new Map<string, Mark[]>();
  for (const mark of marks) {
    const list = byCue.get(mark.cue_id);
    if (list) list.push(mark);
    else byCue.set(mark.cue_id, [mark]);
  }
  const next = new Map(lanes);
  for (const [cue, fresh] of byCue) {
    const byId = new Map<string, Mark>();
    for (const mark of lanes.get(cue) ?? []) byId.set(mark.occurrence_id, mark);
    for (const mark of fresh) byId.set(mark.occurrence_id, mark);
    next.set(cue, [...byId.values()].sort(order));
  }
  return next;
}

function withNames(names: Fleet['names'], cues: readonly CueView[]): Fleet['names'] {
  if (cues.every((cue) => names.get(cue.id) === cue.name)) return names;
  const next = new Map(names);
  for (const cue of cues) next.set(cue.id, cue.name);
  return next;
}

/** A board answer replaces everything but the names. */
export function fleetFrom(board: Board, names: Fleet['names'] = new Map()): Fleet {
  return {
    seq: board.seq,
    cues: new Map(board.cues.map((cue) => [cue.id, cue])),
    names: withNames(names, board.cues),
    lanes: merged(new Map(), board.marks),
    alerts: new Map(board.alerts.map((alert) => [alert.id, alert])),
    bands: withBands([], board.bands)
  };
}

/** One live change. One that is already contained changes nothing. */
export function withEvent(fleet: Fleet, event: DeskEvent): Fleet {
  if (event.seq <= fleet.seq) return fleet;
  let { cues, alerts } = fleet;
  if (event.cues.length > 0 || event.cues_removed.length > 0) {
    const next = new Map(cues);
    for (const cue of event.cues) next.set(cue.id, cue);
    for (const id of event.cues_removed) next.delete(id);
    cues = next;
  }
  if (event.alerts.length > 0) {
    const next = new Map(alerts);
    for (const alert of event.alerts) next.set(alert.id, alert);
    alerts = next;
  }
  return { seq: event.seq, cues, names: withNames(fleet.names, event.cues), lanes: withLanes(fleet.lanes, event.marks), alerts, bands: withBands(fleet.bands, event.bands) };
}

/** Older marks that were asked for: they never take the place of ones already here, which are newer news. */
export function withHistory(fleet: Fleet, marks: readonly Mark[], bands: readonly BandView[] = []): Fleet {
  if (bands.length > 0) fleet = { ...fleet, bands: withBands(bands, fleet.bands) };
  const known = new Set<string>();
  for (const cue of new Set(marks.map((mark) => mark.cue_id))) for (const mark of fleet.lanes.get(cue) ?? []) known.add(mark.occurrence_id);
  const fresh = marks.filter((mark) => !known.has(mark.occurrence_id));
  return fresh.length === 0 ? fleet : { ...fleet, lanes: merged(fleet.lanes, fresh) };
}

/** Since when a board holds every mark: the beginning of its range, or what follows on the oldest of those it was cut to. */
export function completeSince(board: Board, most: number, from_ms: number): number {
  if (!board.truncated) return from_ms;
  // What waits or is under way is here beside the newest ones, however old it is.
  const due = board.marks.map((mark) => mark.due_ms).sort((a, b) => b - a);
  return (due[most - 1] ?? from_ms) + 1;
}

/** Without marks due before `from_ms`, but for lanes that are kept and for what is still under way. */
export function withoutPast(fleet: Fleet, from_ms: number, keep: ReadonlySet<string>): Fleet {
  const lanes = new Map(fleet.lanes);
  for (const [cue, marks] of fleet.lanes) if (!keep.has(cue)) lanes.set(cue, marks.filter((mark) => mark.due_ms >= from_ms || mark.asks || isLive(mark)));
  return { ...fleet, lanes };
}

/** Alerts that were asked for, put in place by id. */
export function withAlerts(fleet: Fleet, list: readonly AlertView[]): Fleet {
  const alerts = new Map(fleet.alerts);
  for (const alert of list) alerts.set(alert.id, alert);
  return { ...fleet, alerts };
}

/** A cue the host just answered with. */
export function withCue(fleet: Fleet, cue: CueView): Fleet {
  const known = fleet.cues.get(cue.id);
  if (known && known.revision > cue.revision) return fleet;
  return { ...fleet, cues: new Map(fleet.cues).set(cue.id, cue), names: withNames(fleet.names, [cue]) };
}

/** The mark of a run, if it is here. */
export function markOfRun(fleet: Fleet, runId: string): Mark | undefined {
  for (const lane of fleet.lanes.values()) {
    for (let i = lane.length - 1; i >= 0; i--) if (lane[i]?.run_id === runId) return lane[i];
  }
  return undefined;
}

/** What the newest run cost that has ended and told of it; null: none of these. */
export function lastCost(lane: readonly Mark[]): number | null {
  return lane.findLast((mark) => mark.ended_at_ms !== null && mark.cost_usd !== null)?.cost_usd ?? null;
}

/** Every mark, newest due first. */
export function newestFirst(fleet: Fleet, keep: (mark: Mark) => boolean, limit: number): Mark[] {
  const all: Mark[] = [];
  for (const lane of fleet.lanes.values()) {
    let taken = 0;
    for (let i = lane.length - 1; i >= 0 && taken < limit; i--) {
      const mark = lane[i] as Mark;
      if (keep(mark)) {
        all.push(mark);
        taken++;
      }
    }
  }
  return all.sort((a, b) => order(b, a)).slice(0, limit);
}

/** Cues with anything out of the ordinary here: under way, held, gone wrong, or with an open alert. */
export function busyCues(fleet: Fleet): Set<string> {
  const busy = new Set<string>();
  for (const [cue, marks] of fleet.lanes) if (marks.some((mark) => isLive(mark) || isExceptional(mark, reasonExplains(mark)))) busy.add(cue);
  for (const alert of fleet.alerts.values()) if (alert.cue_id !== null && alert.state === 'open') busy.add(alert.cue_id);
  return busy;
}

/** How many of an agent's cues run, and how many ask. */
export interface Busy {
  runs: number;
  asks: number;
}

/** What these cues do now. `asking`: cues with a question that waits; it may be older than many due times that were skipped for it. */
export function busyOf(fleet: Fleet, cueIds: Iterable<string>, asking: ReadonlySet<string | null>): Busy {
  const busy = { runs: 0, asks: 0 };
  for (const id of cueIds) {
    const newest = (fleet.lanes.get(id) ?? []).slice(-NEWEST);
    if (newest.some(isLive)) busy.runs++;
    if (asking.has(id) || newest.some((mark) => mark.confirmed === 'gate')) busy.asks++;
  }
  return busy;
}

/** Marks in which a run that lives is looked for. */
const NEWEST = 20;

/** The next fire of all active cues. */
export function nextFire(fleet: Fleet, now_ms: number): CueView | null {
  let next: CueView | null = null;
  for (const cue of fleet.cues.values()) {
    if (cue.status !== 'active' || cue.next_run_ms === null || cue.next_run_ms < now_ms - 2000) continue;
    if (next === null || cue.next_run_ms < (next.next_run_ms ?? Infinity)) next = cue;
  }
  return next;
}

/** Due times that have passed with no record of what became of them: always 0, or the ledger has a hole. */
export function unexplained(fleet: Fleet, now_ms: number): number {
  let count = 0;
  for (const lane of fleet.lanes.values()) {
    for (const mark of lane) {
      if (mark.scheduled === 'due' && mark.due_ms < now_ms - 5000) count++;
      if (mark.scheduled === 'missed' && !mark.scheduled_reason) count++;
    }
  }
  return count;
}
