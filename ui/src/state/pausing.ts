//! Until when a cue may pause, and how that is said. Pure.
import * as boardText from '../text/board';
import { DAY, day, HOUR, hm, instantOf, sameDay, startOfDay, typed } from '../time';
import type { CueView } from '../wire';

export interface PauseChoice {
  key: string;
  label: string;
  /** When it would be, in words. */
  side: string;
  until_ms: number;
}

/** "14:05" today, "Mon 08:00" within a week, "Mon 30 Nov 08:00" later. */
export function whenWords(at_ms: number, now_ms: number, zone: string): string {
  if (sameDay(at_ms, now_ms, zone)) return hm(at_ms, zone);
  const date = day(at_ms, zone);
  return `${at_ms - now_ms < 6 * DAY ? date.slice(0, 3) : date} ${hm(at_ms, zone)}`;
}

/** "Paused until Mon 08:00", or "Paused". */
export function pausedWords(cue: CueView, now_ms: number, zone: string): string {
  return cue.paused_until_ms === null ? boardText.paused : boardText.pausedUntil(whenWords(cue.paused_until_ms, now_ms, zone));
}

function morning(midnight_ms: number, zone: string): number {
  return instantOf(`${typed(midnight_ms, zone).slice(0, 10)} 08:00`, zone) ?? midnight_ms + 8 * HOUR;
}

/** An hour, the next morning, the next Monday morning. */
export function pauseChoices(now_ms: number, zone: string): PauseChoice[] {
  const next = (midnight_ms: number) => startOfDay(midnight_ms + DAY + 4 * HOUR, zone);
  const tomorrow = next(startOfDay(now_ms, zone));
  const choices = [
    { key: 'hour', label: boardText.for1H, until_ms: now_ms + HOUR },
    { key: 'morning', label: boardText.untilTomorrowMorning, until_ms: morning(tomorrow, zone) }
  ];
  let monday = tomorrow;
  while (!day(monday, zone).startsWith('Mon')) monday = next(monday);
  if (monday !== tomorrow) choices.push({ key: 'monday', label: boardText.untilMondayMorning, until_ms: morning(monday, zone) });
  return choices.map((choice) => ({ ...choice, side: whenWords(choice.until_ms, now_ms, zone) }));
}

/** Reads a time still to come: "14:30" today or tomorrow, or "2026-11-23 08:00"; or says what is wrong. */
export function readTime(text: string, now_ms: number, zone: string): { at_ms: number } | { wrong: string } {
  const clock = /^(\d{1,2}):(\d{2})$/.exec(text.trim());
  let at_ms: number | null;
  if (clock) {
    const today = instantOf(`${typed(now_ms, zone).slice(0, 10)} ${text.trim()}`, zone);
    const tomorrow = instantOf(`${typed(startOfDay(now_ms, zone) + DAY + 4 * HOUR, zone).slice(0, 10)} ${text.trim()}`, zone);
    at_ms = today !== null && today > now_ms ? today : tomorrow;
  } else at_ms = instantOf(text, zone);
  if (at_ms === null) return { wrong: boardText.writeATimeSuch };
  return at_ms <= now_ms ? { wrong: boardText.thisTimeHasPassed } : { at_ms };
}
