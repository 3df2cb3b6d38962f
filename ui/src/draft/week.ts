//! The week of a schedule of parts, as a picture: which window holds when. Pure. Minutes since Monday 00:00 on the clock of the cue.
import * as scheduleText from '../text/schedule';
import { MINUTE, offsetAt, zoneIsKnown } from '../time';
import { minutesOf, MINUTES_DAY } from './days';
import type { PartDraft } from './schedule';

export const MINUTES_WEEK = 7 * MINUTES_DAY;

/** A stretch of the week: `from` before `to`, both within the week. */
export interface Stretch {
  from: number;
  to: number;
}

export interface WeekRow {
  /** Where the window holds. */
  holds: Stretch[];
  /** Where it is open, but an earlier one holds. */
  hidden: Stretch[];
}

/** The openings of a window; none while its times cannot be read. `now_ms` decides how far its zone is from the cue's. */
export function openings(part: PartDraft, zone: string, now_ms: number): Stretch[] {
  const from = part.allDay ? 0 : minutesOf(part.from);
  const to = part.allDay ? MINUTES_DAY : minutesOf(part.to);
  if (from === null || to === null) return [];
  const length = to > from ? to - from : to + MINUTES_DAY - from;
  const own = part.zone.trim();
  const shift = own !== '' && zoneIsKnown(own) ? (offsetAt(zone, now_ms) - offsetAt(own, now_ms)) / MINUTE : 0;
  return joined(
    part.days.flatMap((day) => {
      const start = (((day * MINUTES_DAY + from + shift) % MINUTES_WEEK) + MINUTES_WEEK) % MINUTES_WEEK;
      const end = start + length;
      return end <= MINUTES_WEEK ? [{ from: start, to: end }] : [{ from: start, to: MINUTES_WEEK }, { from: 0, to: end - MINUTES_WEEK }];
    })
  );
}

function joined(stretches: readonly Stretch[]): Stretch[] {
  const out: Stretch[] = [];
  for (const { from, to } of [...stretches].sort((a, b) => a.from - b.from)) {
    const last = out[out.length - 1];
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else out.push({ from, to });
  }
  return out;
}

/** What of `stretches` lies outside `taken`; both in order and without overlaps. */
function outside(stretches: readonly Stretch[], taken: readonly Stretch[]): Stretch[] {
  return stretches.flatMap(({ from, to }) => {
    const out: Stretch[] = [];
    let at = from;
    for (const other of taken) {
      if (other.to <= at || other.from >= to) continue;
      if (other.from > at) out.push({ from: at, to: other.from });
      at = Math.max(at, other.to);
    }
    if (at < to) out.push({ from: at, to });
    return out;
  });
}

/** One row for each part, in order, and the time that is left to the schedule itself. The first part whose window holds wins. */
export function weekOf(parts: readonly PartDraft[], zone: string, now_ms: number): { rows: WeekRow[]; rest: Stretch[] } {
  let taken: Stretch[] = [];
  const rows = parts.map((part) => {
    const open = openings(part, zone, now_ms);
    const holds = outside(open, taken);
    const hidden = outside(open, holds);
    taken = joined([...taken, ...open]);
    return { holds, hidden };
  });
  return { rows, rest: outside([{ from: 0, to: MINUTES_WEEK }], taken) };
}

/** "81 h 30 min a week" */
export function hoursAWeek(stretches: readonly Stretch[]): string {
  const minutes = Math.round(stretches.reduce((sum, { from, to }) => sum + to - from, 0));
  const [h, m] = [Math.floor(minutes / 60), minutes % 60];
  return scheduleText.aWeek(h > 0 ? scheduleText.h(h) : '', h > 0 && m > 0 ? ' ' : '', m > 0 || h === 0 ? scheduleText.min(m) : '');
}
