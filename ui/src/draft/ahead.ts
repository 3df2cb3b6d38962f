//! Coming days, from a simulation: what each holds. Pure.
import * as scheduleText from '../text/schedule';
import { day, lasting, MINUTE } from '../time';
import type { SimulatedFire, Simulation } from '../wire';

export interface AheadDay {
  /** Days since 1970 on the clock of the cue: its name among the days. */
  key: number;
  /** "Tue 24 Nov" */
  name: string;
  ran: number;
  waited: number;
  skipped: number;
  /** Minutes by which the clocks changed since the day before that fires; 0 on most days. */
  shift: number;
  fires: SimulatedFire[];
  /** False: the list of fires ended on this day or before it; its due times, or those that follow, are only counted. */
  known: boolean;
}

const DAY_MS = 24 * 60 * MINUTE;

function wall(fire: SimulatedFire): number {
  return fire.due_ms + fire.offset_minutes * MINUTE;
}

/** The days of the simulation, empty ones too, by the clock of the cue. `offset_minutes` is for days without a fire. */
export function daysAhead(simulation: Simulation, cueId: string, offset_minutes: number): AheadDay[] {
  const fires = simulation.fires.filter((fire) => fire.cue_id === cueId);
  const first = Math.floor((simulation.from_ms + (fires[0]?.offset_minutes ?? offset_minutes) * MINUTE) / DAY_MS);
  const last = Math.floor((simulation.to_ms - 1 + (fires[fires.length - 1]?.offset_minutes ?? offset_minutes) * MINUTE) / DAY_MS);
  const days: AheadDay[] = [];
  for (let key = first; key <= last; key++) days.push({ key, name: day(key * DAY_MS, 'UTC'), ran: 0, waited: 0, skipped: 0, shift: 0, fires: [], known: true });
  let offset: number | null = null;
  for (const fire of fires) {
    const found = days[Math.floor(wall(fire) / DAY_MS) - first];
    if (!found) continue;
    found.fires.push(fire);
    if (fire.end === 'skipped') found.skipped++;
    else if (fire.end === 'held') found.waited++;
    else found.ran++;
    if (offset !== null && offset !== fire.offset_minutes) found.shift = fire.offset_minutes - offset;
    offset = fire.offset_minutes;
  }
  const end = fires[fires.length - 1];
  if (simulation.truncated) for (const ahead of days) ahead.known = end !== undefined && ahead.key < Math.floor(wall(end) / DAY_MS);
  return days;
}

/** What a day holds, in a few words: "12 run, 2 skipped". */
export function dayWords(ahead: AheadDay): string {
  const parts = [ahead.ran > 0 ? scheduleText.run(ahead.ran) : '', ahead.waited > 0 ? scheduleText.waitThenRun(ahead.waited) : '', ahead.skipped > 0 ? scheduleText.skipped(ahead.skipped) : ''].filter((part) => part !== '');
  if (!ahead.known) return parts.length === 0 ? scheduleText.onlyCounted : scheduleText.listedMoreOnlyCounted(parts.join(', '));
  return parts.length === 0 ? scheduleText.nothingDue : parts.join(', ');
}

/** "clocks go forward 1 h" */
export function shiftWords(minutes: number): string {
  return scheduleText.clocksGo(minutes > 0 ? 'forward' : 'back', lasting(Math.abs(minutes) * MINUTE));
}
