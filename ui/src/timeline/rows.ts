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
