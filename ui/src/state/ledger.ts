//! Rows of the ledger from two sources. Pure.
import type { Mark } from '../wire';

/** Live marks and pages, newest due first, each row once, none due before `from_ms`: before it the rows would have gaps. What is live is newer news. */
export function mergedRows(lanes: Iterable<readonly Mark[]>, pages: readonly Mark[], from_ms: number): Mark[] {
  const live: Mark[] = [];
  for (const lane of lanes) for (let i = lane.length - 1; i >= 0 && (lane[i]?.due_ms ?? -Infinity) >= from_ms; i--) live.push(lane[i] as Mark);
  const seen = new Set(live.map((mark) => mark.occurrence_id));
  for (const mark of pages) if (mark.due_ms >= from_ms && !seen.has(mark.occurrence_id)) live.push(mark);
  return live.sort((a, b) => b.due_ms - a.due_ms || (a.occurrence_id < b.occurrence_id ? 1 : -1));
}

/** Rows by due time with their days: each day is said once, before the first row of it. A row without a day belongs to none. */
export function withDays<R>(rows: readonly R[], dayOf: (row: R) => string | null): ({ day: string; row: null } | { day: null; row: R })[] {
  let last: string | null = null;
  return rows.flatMap((row) => {
    const day = dayOf(row);
    const begins = day !== null && day !== last;
    if (begins) last = day;
    return begins ? [{ day, row: null }, { day: null, row }] : [{ day: null, row }];
  });
}
