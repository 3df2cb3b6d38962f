//! A lane's marks as the canvas places them: due, delivered, ended, and the predicted fires after them. Pure.
import { isBefore, isLive, isSpan } from '../words';
import type { BandView, Mark } from '../wire';
import { explains } from './bands';
import { xOf, type View } from './view';

/** One place in a lane: a mark of the ledger, or a predicted fire (`mark` is null). */
export interface Spot {
  id: string;
  cueId: string;
  due_ms: number;
  mark: Mark | null;
  /** A miss that a grey band explains. */
  explained: boolean;
  /** A predicted fire that a blackout will skip. */
  blackout: boolean;
}

/** What is known around a lane. */
export interface Around {
  bands: readonly BandView[];
  /** Bands before this instant were not asked for. */
  bandsFrom_ms: number;
  blackouts: ReadonlySet<number>;
}

const NOTHING_AROUND: Around = { bands: [], bandsFrom_ms: -Infinity, blackouts: new Set() };

/** When a run's delivery is drawn: at acceptance, or at now while it is still trying. */
export function deliveredAt(mark: Mark, now_ms: number): number {
  if (mark.delivered_at_ms !== null) return mark.delivered_at_ms;
  if (isBefore(mark)) return Math.max(mark.due_ms, now_ms);
  return mark.ended_at_ms ?? mark.started_at_ms ?? mark.due_ms;
}

/** When a run's outcome is drawn: at its end, or at now while it still runs. */
export function endedAt(mark: Mark, now_ms: number): number {
  if (isLive(mark)) return Math.max(mark.due_ms, now_ms);
  return Math.max(mark.ended_at_ms ?? deliveredAt(mark, now_ms), mark.due_ms);
}

/** Marks and predictions of one lane, oldest first. A prediction that the ledger has already armed, or that has passed, is left out. */
export function spotsOf(cueId: string, marks: readonly Mark[], predicted: readonly number[], now_ms: number, around: Around = NOTHING_AROUND): Spot[] {
  const spots: Spot[] = marks.map((mark) => ({ id: mark.occurrence_id, cueId, due_ms: mark.due_ms, mark, explained: explains(around.bands, mark, around.bandsFrom_ms), blackout: false }));
  const armed = new Set<number>();
  for (let i = marks.length - 1; i >= 0 && (marks[i]?.due_ms ?? 0) > now_ms - 60_000; i--) armed.add(marks[i]?.due_ms ?? 0);
  const ledger = spots.length;
  for (const due_ms of predicted) {
    if (due_ms <= now_ms || armed.has(due_ms)) continue;
    spots.push({ id: `${cueId}@${due_ms}`, cueId, due_ms, mark: null, explained: false, blackout: around.blackouts.has(due_ms) });
  }
  // Armed marks lie after now too: keep the whole list in order.
  if (ledger > 0 && ledger < spots.length && (spots[ledger - 1]?.due_ms ?? 0) > (spots[ledger]?.due_ms ?? 0)) {
    spots.sort((a, b) => a.due_ms - b.due_ms);
  }
  return spots;
}

/** The usual distance between due times of a lane: the median of the last ones; Infinity when there is none. */
export function pitchOf(spots: readonly Spot[]): number {
  const gaps: number[] = [];
  for (let i = Math.max(1, spots.length - 40); i < spots.length; i++) {
    const gap = (spots[i]?.due_ms ?? 0) - (spots[i - 1]?.due_ms ?? 0);
    if (gap > 0) gaps.push(gap);
  }
  gaps.sort((a, b) => a - b);
  return gaps[gaps.length >> 1] ?? Infinity;
}

export type Detail = 'open' | 'column' | 'ticks' | 'share';

/** How much of a lane is drawn, by the pixels between its due times. */
export function detailOf(pitch_px: number): Detail {
  return pitch_px < 3 ? 'share' : pitch_px < 9 ? 'ticks' : pitch_px < 78 ? 'column' : 'open';
}

/** First index whose due time is at or after `at_ms`. */
export function lowerBound(spots: readonly Spot[], at_ms: number): number {
  let lo = 0;
  let hi = spots.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if ((spots[mid]?.due_ms ?? 0) < at_ms) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

interface Far {
  spot: Spot;
  end_ms: number;
}

/** Runs of over four hours are looked for one by one. */
const FAR_MS = 4 * 3_600_000;
/** What reaches far from its due time is little: it is found once for each list. */
const farOf = new WeakMap<readonly Spot[], readonly Far[]>();

/** Where a mark ends; without end while its run goes on. */
function endOf(mark: Mark): number {
  if (isSpan(mark)) return mark.until_ms ?? mark.due_ms;
  return isLive(mark) ? Infinity : endedAt(mark, mark.due_ms);
}

function farIn(spots: readonly Spot[]): readonly Far[] {
  const known = farOf.get(spots);
  if (known) return known;
  const far: Far[] = [];
  for (const spot of spots) {
    const end_ms = spot.mark === null ? spot.due_ms : endOf(spot.mark);
    if (end_ms - spot.due_ms > FAR_MS || (spot.mark !== null && isSpan(spot.mark))) far.push({ spot, end_ms });
  }
  farOf.set(spots, far);
  return far;
}

/** Spots that may touch the view: what was due up to `reach_ms` before it, and what began earlier, reaches far and ends in it or goes on; what is due `ahead_ms` after it may reach into it with its left half. */
export function visible(spots: readonly Spot[], view: View, reach_ms: number, ahead_ms = 0): readonly Spot[] {
  const start_ms = view.t1_ms - view.span_ms;
  const from = lowerBound(spots, start_ms - reach_ms);
  const to = lowerBound(spots, view.t1_ms + ahead_ms);
  const earlier = farIn(spots).filter(({ spot, end_ms }) => spot.due_ms < start_ms - reach_ms && end_ms > start_ms);
  return [...earlier.map(({ spot }) => spot), ...spots.slice(from, to)];
}

/** Due times that merged into one run: from the first of them to that run; without end when the run is not here. */
export interface Comb {
  into: string;
  from_ms: number;
  to_ms: number;
  /** Due times that merged. */
  due: number;
}

const combsKnown = new WeakMap<readonly Spot[], ReadonlyMap<string, Comb>>();

/** The combs of a whole lane, by the run they end in; found once for each list. */
export function combsOf(spots: readonly Spot[]): ReadonlyMap<string, Comb> {
  const known = combsKnown.get(spots);
  if (known) return known;
  const combs = new Map<string, Comb>();
  combsKnown.set(spots, combs);
  for (const { mark, due_ms } of spots) {
    if (mark?.scheduled !== 'coalesced' || mark.coalesced_into === null) continue;
    const comb = combs.get(mark.coalesced_into);
    if (!comb) combs.set(mark.coalesced_into, { into: mark.coalesced_into, from_ms: due_ms, to_ms: Infinity, due: mark.count });
    else {
      comb.from_ms = Math.min(comb.from_ms, due_ms);
      comb.due += mark.count;
    }
  }
  for (const spot of combs.size === 0 ? [] : spots) {
    const comb = combs.get(spot.id);
    if (comb) comb.to_ms = spot.due_ms;
  }
  return combs;
}

/** Predicted fires of one lane that the host tells at most; after so many the lane goes on, and how is not told. */
export const FORECAST_MOST = 500;

/** After which instant a lane goes on untold; null: all of its predicted fires are told. Those before `from_ms` do not hold. */
export function goesOnFrom(dues: readonly number[], from_ms = -Infinity): number | null {
  const last = dues.length >= FORECAST_MOST ? Math.max(from_ms, dues[dues.length - 1] ?? -Infinity) : Infinity;
  return Number.isFinite(last) ? last : null;
}

/** The spot nearest to x, at most `within` pixels away; a running bar counts over its whole length. */
export function nearest(spots: readonly Spot[], view: View, width: number, x: number, now_ms: number, within = 14): Spot | null {
  let best: Spot | null = null;
  let distance = within;
  for (const spot of spots) {
    const from = xOf(view, spot.due_ms, width);
    const end_ms = spot.mark === null ? spot.due_ms : isSpan(spot.mark) ? (spot.mark.until_ms ?? 0) : spot.mark.delivered !== 'none' ? endedAt(spot.mark, now_ms) : spot.due_ms;
    const to = Math.max(from, xOf(view, end_ms, width));
    // A span is long: what lies on it is meant before the span is.
    const inside = spot.mark !== null && isSpan(spot.mark) ? 6 : 0;
    const away = x < from ? from - x : x > to ? x - to : inside;
    if (away < distance || (away === distance && best !== null)) {
      distance = away;
      best = spot;
    }
  }
  return best;
}
