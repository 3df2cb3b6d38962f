//! Which rows the board has and where they stand: groups by agent, one lane per cue, one row per pool below them. Pure.
import type { CueView, PoolView } from '../wire';

export const LANE_H = 32;
export const GROUP_H = 24;
export const POOL_H = 26;

export interface GroupRow {
  kind: 'group';
  agent: string;
  cues: number;
  collapsed: boolean;
  y: number;
  h: number;
}

export interface LaneRow {
  kind: 'lane';
  cue: CueView;
  y: number;
  h: number;
}

export interface PoolRow {
  kind: 'pool';
  pool: PoolView;
  y: number;
  h: number;
}

export type Row = GroupRow | LaneRow | PoolRow;

export interface Rows<R extends Row = Row> {
  rows: R[];
  height: number;
}

/** True when every word of the filter is in the cue's name or agent. */
export function matches(cue: CueView, filter: string): boolean {
  const text = `${cue.name} ${cue.agent}`.toLowerCase();
  return filter.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/** Groups by agent in order of name, cues without one last; lanes by name. */
export function rowsOf(cues: Iterable<CueView>, filter: string, collapsed: ReadonlySet<string>): Rows<GroupRow | LaneRow> {
  const groups = new Map<string, CueView[]>();
  for (const cue of cues) {
    if (!matches(cue, filter)) continue;
    const group = groups.get(cue.agent);
    if (group) group.push(cue);
    else groups.set(cue.agent, [cue]);
  }
  const agents = [...groups.keys()].sort((a, b) => (a === '' ? 1 : b === '' ? -1 : a.localeCompare(b)));
  const rows: (GroupRow | LaneRow)[] = [];
  let y = 0;
  for (const agent of agents) {
    const list = (groups.get(agent) ?? []).sort((a, b) => a.name.localeCompare(b.name) || a.id.localeCompare(b.id));
    const folded = collapsed.has(agent) && filter === '';
    rows.push({ kind: 'group', agent, cues: list.length, collapsed: folded, y, h: GROUP_H });
    y += GROUP_H;
    if (folded) continue;
    for (const cue of list) {
      rows.push({ kind: 'lane', cue, y, h: LANE_H });
      y += LANE_H;
    }
  }
  return { rows, height: y };
}

/** The same with the pools below: all of them, or those whose name the filter fits. */
export function withPools(rows: Rows, pools: readonly PoolView[], filter: string): Rows {
  const wanted = filter.toLowerCase().split(/\s+/);
  const shown = pools.filter((pool) => wanted.every((word) => pool.name.toLowerCase().includes(word)));
  return { rows: [...rows.rows, ...shown.map((pool, i): PoolRow => ({ kind: 'pool', pool, y: rows.height + i * POOL_H, h: POOL_H }))], height: rows.height + shown.length * POOL_H };
}

/** First row that reaches below `y`. */
function rowFrom(rows: readonly Row[], y: number): number {
  let lo = 0;
  let hi = rows.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    const row = rows[mid] as Row;
    if (row.y + row.h <= y) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

/** Rows that touch a stretch of the height. */
export function rowsIn(rows: readonly Row[], top: number, bottom: number): readonly Row[] {
  const from = rowFrom(rows, top);
  let to = from;
  while (to < rows.length && (rows[to] as Row).y < bottom) to++;
  return rows.slice(from, to);
}

/** The row at a height. */
export function rowAt(rows: readonly Row[], y: number): Row | null {
  const row = rows[rowFrom(rows, y)];
  return row && row.y <= y ? row : null;
}

/** Above so many lanes, groups with nothing but ordinary marks start folded. */
export const LANES_OPEN = 60;

/** Agents whose cues have nothing out of the ordinary: none of `busy`. Empty where all of the fleet is one group. */
export function ordinaryAgents(cues: Iterable<CueView>, busy: ReadonlySet<string>): string[] {
  const all = new Map<string, boolean>();
  let count = 0;
  for (const cue of cues) {
    count++;
    all.set(cue.agent, (all.get(cue.agent) ?? true) && !busy.has(cue.id));
  }
  if (count <= LANES_OPEN || all.size < 2) return [];
  return [...all].flatMap(([agent, ordinary]) => (ordinary ? [agent] : []));
}

/** The nearest cue name to a filter that matches nothing, by shared letters in order. */
export function nearestName(filter: string, names: readonly string[]): string | null {
  const score = (name: string) => {
    let at = 0;
    let hits = 0;
    for (const letter of filter.toLowerCase()) {
      const found = name.toLowerCase().indexOf(letter, at);
      if (found < 0) continue;
      hits++;
      at = found + 1;
    }
    return hits / Math.max(filter.length, 1);
  };
  let best: string | null = null;
  let top = 0.6;
  for (const name of names) {
    const s = score(name);
    if (s > top) {
      top = s;
      best = name;
    }
  }
  return best;
}
