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
