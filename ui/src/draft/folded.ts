//! Fires that are all skipped for one reason, one after the other, are said in one line. Pure.
import * as scheduleText from '../text/schedule';

/** What is said of them: `why` as the tower says it of one. */
export function foldedWords(count: number, why: string): string {
  if (why.startsWith('blackout')) return scheduleText.firesFallIn(count, scheduleText.theBlackout(why));
  if (why.includes('blackout')) return scheduleText.firesFallIn(count, scheduleText.aBlackout);
  return scheduleText.firesSkipped(count, why === '' ? '' : `: ${why}`);
}

/** One fire by its place in the list, or a stretch of them that are skipped alike. */
export type Line = { at: number; until: null } | { at: number; until: number };

/** Fewer than this stand for themselves. */
const FOLDED_FROM = 3;

/** Of each fire, the day where it is said: once, before the first of its times. Null: no two fires share one, so each says its own. */
export function saidDays(days: readonly string[]): (string | null)[] | null {
  return days.some((day, i) => day === days[i - 1]) ? days.map((day, i) => (day === days[i - 1] ? null : day)) : null;
}

/** `why`: of each fire, why it is skipped; null: it runs. */
export function foldedLines(why: readonly (string | null)[]): Line[] {
  const lines: Line[] = [];
  for (let at = 0; at < why.length; ) {
    let end = at;
    while (why[at] !== null && end + 1 < why.length && why[end + 1] === why[at]) end++;
    if (end - at + 1 >= FOLDED_FROM) lines.push({ at, until: end });
    else for (let i = at; i <= end; i++) lines.push({ at: i, until: null });
    at = end + 1;
  }
  return lines;
}
