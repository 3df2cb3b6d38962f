//! A run beside the last good one of its cue: figures in their units, how far apart, steps that differ. Pure.
import { atMost } from '../locale';
import * as runText from '../text/run';
import { lasting } from '../time';
import { thousands, tokensWords, usdWords } from './labels';
import type { Compare, CompareRow, StepDiff } from '../wire';

function countWords(count: number): string {
  if (!Number.isInteger(count)) return String(Number(count.toPrecision(4)));
  return Math.abs(count) < 100_000 ? thousands(count) : tokensWords(count);
}

/** One figure in its unit; "–" when it is not known. */
export function figureWords(value: number | null, unit: string): string {
  if (value === null) return '–';
  switch (unit) {
    case 'ms':
      return lasting(value);
    case 'usd':
      return usdWords(value);
    case 'percent':
      return `${atMost(value, value < 10 ? 1 : 0)} %`;
    default:
      return countWords(value);
  }
}

/** How the first differs from the second: "−98 %", "12 times", "same"; empty when one is not known. */
export function changeWords({ this: now, other }: Pick<CompareRow, 'this' | 'other'>): string {
  if (now === null || other === null) return '';
  if (now === other) return 'same';
  if (other === 0) return runText.noneThen;
  const times = now / other;
  if (times >= 3) return runText.timesOfWhich(atMost(times, times < 9.95 ? 1 : 0));
  const percent = Math.round(Math.abs(times - 1) * 100);
  return percent === 0 ? runText.nearlyTheSame : `${times > 1 ? '+' : '−'}${percent} %`;
}

const ENDS: Record<string, string> = { completed: runText.completed, failed: runText.failed, started: runText.wasNotEnded };

/** What is different about a step: "failed here: 429 too many requests; completed then". */
export function diffWords(diff: StepDiff): string {
  const words = diff.words === null || diff.words.trim() === '' ? '' : `: ${diff.words.trim()}`;
  if (diff.this === null) return diff.other === null ? runText.inNeither : runText.notHereThen(ENDS[diff.other] ?? diff.other);
  const here = runText.here(ENDS[diff.this] ?? diff.this, words);
  return diff.other === null ? runText.notThereThen(here) : runText.thenIt(here, ENDS[diff.other] ?? diff.other);
}

/** Why there is nothing to compare with, or what it is compared with. */
export function withWords(compare: Compare): string {
  if (compare.with === null) return runText.noRunOfThisCue;
  return compare.with.verdict === 'confirmed' ? 'confirmed' : compare.with.verdict === 'claimed' ? runText.claimedOnly : compare.with.verdict;
}
