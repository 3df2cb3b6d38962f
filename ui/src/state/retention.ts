//! How much of the past is kept, in words: the limits, what a change of one would do, what went. Pure.
import { number } from '../locale';
import * as retentionText from '../text/retention';
import { DAY, stamp } from '../time';
import type { RetentionOwn, RetentionPass, RetentionView } from '../wire';
import { runWords, sizeWords } from './backups';

export interface Limit {
  /** As the settings call it. */
  name: 'retention.keep_days' | 'retention.keep_runs' | 'retention.keep_size_mb';
  word: string;
  about: string;
}

export const LIMITS: readonly Limit[] = [
  { name: 'retention.keep_days', word: retentionText.days, about: retentionText.runsThatWereDue },
  { name: 'retention.keep_runs', word: retentionText.runs, about: retentionText.theNewestOfAll },
  { name: 'retention.keep_size_mb', word: retentionText.size, about: retentionText.noMoreStore }
];

const dayWords = (count: number): string => (count === 1 ? retentionText.oneDay : retentionText.daysOf(number(count)));
const usedBytes = (view: Pick<RetentionView, 'store_bytes' | 'free_bytes'>): number => view.store_bytes - view.free_bytes;

/** What a limit is by the tower's own word; 0: none. */
export function limitOf(name: Limit['name'], view: RetentionView): number {
  return (name === 'retention.keep_days' ? view.keep_days : name === 'retention.keep_runs' ? view.keep_runs : view.keep_size_mb) ?? 0;
}

/** What is typed for a limit, as it is set: nothing is none. */
export function typedLimit(text: string): string {
  const value = text.trim().replaceAll(',', '');
  return value === '' ? '0' : value;
}

/** True when a change lets go of what was kept before; what is no limit the tower refuses by itself. */
export function isStricter(name: Limit['name'], value: string, view: RetentionView): boolean {
  const [next, now] = [Number(value), limitOf(name, view)];
  return Number.isInteger(next) && next > 0 && (now === 0 || next < now);
}

/** What is asked before a stricter limit is set: the question, and what goes by it as far as it can be told. */
export function strictWords(name: Limit['name'], value: string, view: RetentionView, now_ms: number, zone: string): { title: string; goes: string } {
  const next = Number(value);
  if (name === 'retention.keep_days') return { title: retentionText.keepTheLast(next, dayWords(next)), goes: retentionText.thoseBefore(stamp(now_ms - next * DAY, now_ms, zone)) };
  if (name === 'retention.keep_runs') {
    const over = view.runs - next;
    return { title: retentionText.keepTheNewest(next, runWords(next)), goes: over > 0 ? retentionText.ofTheRuns(runWords(view.runs), number(over)) : retentionText.notSoMany(runWords(view.runs)) };
  }
  const used = sizeWords(usedBytes(view));
  return { title: retentionText.keepBelow(sizeWords(next * 1e6)), goes: usedBytes(view) > next * 1e6 ? retentionText.takesMore(used) : retentionText.takesLess(used) };
}

/** What one pass did: "1,204 runs and 37 due times that never ran, 31 MB less on disk". */
export function wentWords(pass: RetentionPass): string {
  const less = pass.bytes_before - pass.bytes_after;
  const never = pass.never_ran === 0 ? '' : retentionText.andNeverRan(pass.never_ran === 1 ? retentionText.oneDueTime : retentionText.dueTimes(number(pass.never_ran)));
  return retentionText.wentThen(runWords(pass.runs), never, less > 0 ? retentionText.freed(sizeWords(less)) : '', pass.needed === 0 ? '' : retentionText.stayed(runWords(pass.needed)));
}

/** A cue's own rule: "the newest 5,000 runs of the last 365 days". */
export function ownWords({ days, runs }: Pick<RetentionOwn, 'days' | 'runs'>): string {
  return [runs === null ? '' : retentionText.theNewest(runs, runWords(runs)), days === null ? '' : retentionText.ofTheLast(days, dayWords(days))].filter((words) => words !== '').join(' ');
}
