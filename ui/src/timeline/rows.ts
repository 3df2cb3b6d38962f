//! Which rows the board has and where they stand: groups by agent, one lane per cue. Pure.
import type { CueView } from '../wire';

export const LANE_H = 32;
export const GROUP_H = 24;

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

export type Row = GroupRow | LaneRow;

export interface Rows {
  rows: Row[];
  height: number;
}

/** True when every word of the filter is in the cue's name or agent. */
export function matches(cue: CueView, filter: string): boolean {
  const text = `${cue.name} ${cue.agent}`.toLowerCase();
  return filter.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/** Groups by agent in order of name, cues without one last; lanes by name. */
export function rowsOf(cues: Iterable<CueView>, filter: string, collapsed: ReadonlySet<string>): Rows {
  const groups = new Map<string, CueView[]>();
  for (const cue of cues) {
    if (!matches(cue, filter)) continue;
    const group = groups.get(cue.agent);
    if (group) group.push(cue);
    else groups.set(cue.agent, [cue]);
  }
  const agents = [...groups.keys()].sort((a, b) => (a === '' ? 1 : b === '' ? -1 : a.localeCompare(b)));
  const rows: Row[] = [];
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
