//! What is known of a lane's past: where its marks are here, and what the host counted for it. Pure.
import type { LaneCells, Mark, PastRun } from '../wire';
import type { Binned } from './cells';

export interface Stretch {
  from_ms: number;
  to_ms: number;
}

export interface LaneKnown {
  /** Usual distance between its due times as the host told; Infinity: unknown. */
  pitch_ms: number;
  /** Where all its marks are here, oldest first, apart. */
  whole: readonly Stretch[];
  /** The newest counts of each grid. */
  binned: readonly Binned[];
  /** Its last runs before the marks that everybody has, newest last; null: not asked yet. */
  past: readonly PastRun[] | null;
}

export const NOTHING_KNOWN: LaneKnown = { pitch_ms: Infinity, whole: [], binned: [], past: null };
/** Grids of one lane that are kept. */
const GRIDS_KEPT = 6;

/** Stretches with one more among them; those that touch become one. */
export function withStretch(list: readonly Stretch[], more: Stretch): readonly Stretch[] {
  let { from_ms, to_ms } = more;
  const apart: Stretch[] = [];
  for (const stretch of list) {
    if (stretch.to_ms < from_ms || stretch.from_ms > to_ms) apart.push(stretch);
    else {
      from_ms = Math.min(from_ms, stretch.from_ms);
      to_ms = Math.max(to_ms, stretch.to_ms);
    }
  }
  return [...apart, { from_ms, to_ms }].sort((a, b) => a.from_ms - b.from_ms);
}

/** True when all marks of `[from_ms, to_ms)` are here; an empty stretch is. */
export function isWhole(known: LaneKnown | undefined, from_ms: number, to_ms: number): boolean {
  return from_ms >= to_ms || (known?.whole.some((stretch) => stretch.from_ms <= from_ms && to_ms <= stretch.to_ms) ?? false);
}

/** True when there are good counts of this grid for `[from_ms, to_ms)`. */
export function isCounted(known: LaneKnown | undefined, cell_ms: number, from_ms: number, to_ms: number): boolean {
  return known?.binned.some((binned) => binned.cell_ms === cell_ms && !binned.stale && binned.from_ms <= from_ms && to_ms <= binned.to_ms) ?? false;
}

/** The counts that show most of `[from_ms, to_ms)`, on the grid nearest to the wanted one; null: none show any of it. */
export function bestCounts(known: LaneKnown | undefined, cell_ms: number, from_ms: number, to_ms: number): Binned | null {
  let best: Binned | null = null;
  let top = 0;
  for (const binned of known?.binned ?? []) {
    const shown = Math.min(to_ms, binned.to_ms) - Math.max(from_ms, binned.from_ms);
    if (shown <= 0) continue;
    // Half the grid's sharpness is worth half of what is shown.
    const worth = (shown / (to_ms - from_ms)) * 2 ** -Math.abs(Math.log2(binned.cell_ms / cell_ms));
    if (worth > top) {
      top = worth;
      best = binned;
    }
  }
  return best;
}

/** With counts of one more stretch; those of the same grid before them go. */
export function withCounts(list: readonly Binned[], more: Binned): readonly Binned[] {
  return [more, ...list.filter((binned) => binned.cell_ms !== more.cell_ms)].slice(0, GRIDS_KEPT);
}

/** After something changed that was due then: counts that contain it are not good any more. The same object where nothing is. */
export function withChange(known: LaneKnown, due_ms: number): LaneKnown {
  if (!known.binned.some((binned) => !binned.stale && binned.from_ms <= due_ms && due_ms < binned.to_ms)) return known;
  return { ...known, binned: known.binned.map((binned) => (binned.from_ms <= due_ms && due_ms < binned.to_ms ? { ...binned, stale: true } : binned)) };
}

/** What was asked of the host. */
export interface Asked extends Stretch {
  cell_ms: number;
  /** Whether the heads of the lanes are told of, too. */
  head: boolean;
}

function told(known: LaneKnown, lane: LaneCells, asked: Asked): LaneKnown {
  const { from_ms, to_ms, cell_ms } = asked;
  return {
    pitch_ms: lane.pitch_ms ?? Infinity,
    whole: lane.dense ? known.whole : withStretch(known.whole, { from_ms, to_ms }),
    binned: lane.dense ? withCounts(known.binned, { cell_ms, from_ms, to_ms, cells: lane.cells, stale: false }) : known.binned,
    past: asked.head ? lane.past : known.past
  };
}

/** With what the host just told. */
export function withTold(all: ReadonlyMap<string, LaneKnown>, lanes: readonly LaneCells[], asked: Asked): ReadonlyMap<string, LaneKnown> {
  const next = new Map(all);
  for (const lane of lanes) next.set(lane.cue_id, told(next.get(lane.cue_id) ?? NOTHING_KNOWN, lane, asked));
  return next;
}

/** After these marks changed; the same where none of the counts contain one. */
export function withChanges(all: ReadonlyMap<string, LaneKnown>, marks: readonly Mark[]): ReadonlyMap<string, LaneKnown> {
  let next: Map<string, LaneKnown> | null = null;
  for (const mark of marks) {
    const known = (next ?? all).get(mark.cue_id);
    const after = known && withChange(known, mark.due_ms);
    if (after && after !== known) (next ??= new Map(all)).set(mark.cue_id, after);
  }
  return next ?? all;
}
