//! Since when there are records at all: before it the board shows no time in which nothing was due, but one that nobody wrote down. Pure.
import * as boardText from '../text/board';
import { hm, sameDay, stamp } from '../time';
import { BEFORE } from '../timeline/bands';
import type { BandView } from '../wire';

/** The time before the oldest record as one more band of the board; none where nothing was due yet. */
export function beforeRecords(since_ms: number | null, now_ms: number, zone: string): readonly BandView[] {
  if (since_ms === null || since_ms > now_ms) return [];
  const since = sameDay(since_ms, now_ms, zone) ? hm(since_ms, zone) : stamp(since_ms, now_ms, zone);
  return [{ from_ms: -Infinity, to_ms: since_ms, reason: BEFORE, label: boardText.noRecordsBefore(since) }];
}
