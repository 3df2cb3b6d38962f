//! The stretch of time the board shows, and how instants become pixels. Pure.
import * as boardText from '../text/board';
import { DAY, HOUR, MINUTE } from '../time';

/** `t1_ms` is the instant at the right edge. */
export interface View {
  span_ms: number;
  t1_ms: number;
}

export const SPANS = [
  { key: '15m', label: boardText.fifteenMin, span_ms: 15 * MINUTE },
  { key: '1h', label: boardText.oneH, span_ms: HOUR },
  { key: '6h', label: boardText.sixH, span_ms: 6 * HOUR },
  { key: '24h', label: boardText.dayH, span_ms: 24 * HOUR },
  { key: '7d', label: boardText.sevenD, span_ms: 7 * DAY },
  { key: '30d', label: boardText.thirtyD, span_ms: 30 * DAY }
] as const;

export const SPAN_MIN_MS = 4 * MINUTE;
export const SPAN_MAX_MS = 45 * DAY;
const FUTURE_SHARE = 0.27;

/** How far what belongs to one instant may reach to its sides: marks, rings, labels. */
const REACH_PX = 24;

/** That reach as a length of time. */
export function reachIn(view: View, width: number): number {
  return (REACH_PX / width) * view.span_ms;
}

export function clampSpan(span_ms: number): number {
  return Math.max(SPAN_MIN_MS, Math.min(SPAN_MAX_MS, span_ms));
}

export function startOf(view: View): number {
  return view.t1_ms - view.span_ms;
}

/** How far now is outside of what is shown, and on which side; null while it is in it. */
export function nowAway(view: View, now_ms: number): { later: boolean; by_ms: number } | null {
  if (now_ms > view.t1_ms) return { later: true, by_ms: now_ms - view.t1_ms };
  return now_ms < startOf(view) ? { later: false, by_ms: startOf(view) - now_ms } : null;
}

export function xOf(view: View, at_ms: number, width: number): number {
  return ((at_ms - startOf(view)) / view.span_ms) * width;
}

export function timeAt(view: View, x: number, width: number): number {
  return startOf(view) + (x / width) * view.span_ms;
}

/** The view that keeps now at 73 %, advanced in whole pixels so that nothing shimmers. */
export function following(span_ms: number, now_ms: number, width: number): View {
  const pixel_ms = span_ms / Math.max(1, width);
  const t1_ms = now_ms + span_ms * FUTURE_SHARE;
  return { span_ms, t1_ms: Math.ceil(t1_ms / pixel_ms) * pixel_ms };
}

/** Zooms to a span; the instant under `share` (0 left … 1 right) stays where it is. */
export function zoomed(view: View, span_ms: number, share: number): View {
  const span = clampSpan(span_ms);
  const pivot = startOf(view) + view.span_ms * share;
  return { span_ms: span, t1_ms: pivot + span * (1 - share) };
}

/** Where to zoom when no pointer says: now if it shows, else the middle. */
export function pivotShare(view: View, now_ms: number): number {
  const share = (now_ms - startOf(view)) / view.span_ms;
  return share >= 0 && share <= 1 ? share : 0.5;
}

/** The range a fleet is best first seen in: short schedules want a short one. */
export function fittingSpan(shortestPitch_ms: number): number {
  if (shortestPitch_ms <= 3 * MINUTE) return 15 * MINUTE;
  if (shortestPitch_ms <= 10 * MINUTE) return HOUR;
  if (shortestPitch_ms <= 40 * MINUTE) return 6 * HOUR;
  return 24 * HOUR;
}
