//! Grey bands and clock changes: which times nothing could be fired in, and where a zone's clock jumps. Pure.
import * as boardText from '../text/board';
import { DAY, MINUTE, offsetAt } from '../time';
import type { BandView, Mark } from '../wire';
import { reasonExplains } from '../words';

/** The tower stamps its own liveness about once a second: a due time this near to a band belongs to it. */
const NEAR_MS = 1500;

/** The time before the first record is a band of the board, too. */
export const BEFORE = 'before';

/** Old bands with new ones put in: one with the same beginning takes the place of the older. Oldest first. */
export function withBands(bands: readonly BandView[], fresh: readonly BandView[]): readonly BandView[] {
  if (fresh.length === 0) return bands;
  const byStart = new Map(bands.map((band) => [band.from_ms, band]));
  for (const band of fresh) byStart.set(band.from_ms, band);
  return [...byStart.values()].sort((a, b) => a.from_ms - b.from_ms);
}

/** The band that an instant lies in. */
export function bandAt(bands: readonly BandView[], at_ms: number): BandView | null {
  return bands.findLast((band) => band.from_ms - NEAR_MS <= at_ms && at_ms <= band.to_ms + NEAR_MS) ?? null;
}

/** Bands that touch a stretch of time. */
export function bandsIn(bands: readonly BandView[], from_ms: number, to_ms: number): BandView[] {
  return bands.filter((band) => band.from_ms < to_ms && band.to_ms > from_ms);
}

/** True for a miss that a grey band explains; what is older than the bands that are known is taken at its own word. */
export function explains(bands: readonly BandView[], mark: Mark, knownFrom_ms: number): boolean {
  if (mark.scheduled !== 'missed') return false;
  if (mark.due_ms < knownFrom_ms) return reasonExplains(mark);
  return bandAt(bands, mark.due_ms) !== null && bandAt(bands, mark.until_ms ?? mark.due_ms) !== null;
}

/** The band under the pointer, or the nearest within so much time: one that is a hair wide is to be found too. */
export function bandNear(bands: readonly BandView[], at_ms: number, slack_ms: number): BandView | null {
  const away = (band: BandView) => Math.max(0, band.from_ms - at_ms, at_ms - band.to_ms);
  let nearest: BandView | null = null;
  for (const band of bands) if (away(band) <= slack_ms && (nearest === null || away(band) < away(nearest))) nearest = band;
  return nearest;
}

const SHORT: Record<string, string> = { off: boardText.off, asleep: boardText.asleep, clock_set: boardText.clockSet, stalled: boardText.stalled, [BEFORE]: boardText.noRecords };

/** What fits into a band's width on the axis: its label, its reason alone, or nothing. */
function labelFor(band: BandView, room_px: number, widthOf: (text: string) => number): string {
  if (widthOf(band.label) + 12 <= room_px) return band.label;
  const short = shortOf(band);
  return widthOf(short) + 8 <= room_px ? short : '';
}

function shortOf(band: BandView): string {
  return SHORT[band.reason] ?? band.label;
}

/** A band as it lies on the axis, in pixels. */
export interface Lying {
  band: BandView;
  from: number;
  to: number;
}

const BESIDE_PX = 4;

/** The widest part of a band on which nothing stands. */
function roomIn({ from, to }: Lying, taken: readonly (readonly [number, number])[]): readonly [number, number] {
  return taken.reduce<readonly [number, number]>(([left, right], [a, b]) => (b <= left || a >= right ? [left, right] : a - left >= right - b ? [left, a] : [b, right]), [from, to]);
}

/** What the axis says of its bands, and where: in the band if it has room for it, else beside it where nothing else stands. `taken`: what is not to be written on. */
export function labelsOf(lying: readonly Lying[], width: number, taken: readonly (readonly [number, number])[], widthOf: (text: string) => number): { text: string; at: number }[] {
  const labels: { text: string; at: number }[] = [];
  const full: (readonly [number, number])[] = [...taken, ...lying.map(({ from, to }) => [from, to] as const)];
  const put = (text: string, at: number) => {
    labels.push({ text, at });
    full.push([at, at + widthOf(text)]);
  };
  const free = (from: number, to: number) => from >= 0 && to <= width && full.every(([a, b]) => to <= a || from >= b);
  const narrow: Lying[] = [];
  for (const one of lying) {
    const [from, to] = roomIn(one, taken);
    const text = labelFor(one.band, to - from, widthOf);
    if (text === '') narrow.push(one);
    else put(text, Math.min(to - widthOf(text), Math.max(from, (one.from + one.to - widthOf(text)) / 2)));
  }
  // The newest first: where many lie close, it is what is asked about.
  for (const { band, from, to } of narrow.reverse()) {
    const places = [band.label, shortOf(band)].flatMap((text) => [{ text, at: to + BESIDE_PX }, { text, at: from - BESIDE_PX - widthOf(text) }]);
    const place = places.find(({ text, at }) => free(at, at + widthOf(text)));
    if (place) put(place.text, place.at);
  }
  return labels;
}

/** A jump of a zone's clock. */
export interface ClockChange {
  at_ms: number;
  shift_ms: number;
  /** "clock −1 h" */
  label: string;
}

/** Where the clock of `zone` jumps in a stretch of time, to the minute. */
export function clockChanges(zone: string, from_ms: number, to_ms: number): ClockChange[] {
  const found: ClockChange[] = [];
  // By whole days, whose offsets are known from the last time.
  for (let at = Math.floor(from_ms / DAY) * DAY; at < to_ms; at += DAY) {
    const end = at + DAY;
    const before = offsetAt(zone, at);
    const shift_ms = offsetAt(zone, end) - before;
    if (shift_ms === 0) continue;
    let lo = at;
    let hi = end;
    while (hi - lo > MINUTE) {
      const mid = lo + Math.floor((hi - lo) / 2);
      if (offsetAt(zone, mid) === before) lo = mid;
      else hi = mid;
    }
    const at_ms = Math.floor(hi / MINUTE) * MINUTE;
    if (at_ms < from_ms || at_ms >= to_ms) continue;
    found.push({ at_ms, shift_ms, label: boardText.clock(shift_ms > 0 ? '+' : '−', amount(Math.abs(shift_ms))) });
  }
  return found;
}

function amount(shift_ms: number): string {
  const minutes = Math.round(shift_ms / MINUTE);
  return minutes % 60 === 0 ? boardText.h(minutes / 60) : minutes > 60 ? boardText.hMin(Math.floor(minutes / 60), minutes % 60) : boardText.min(minutes);
}
