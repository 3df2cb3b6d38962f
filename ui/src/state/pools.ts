//! Pools in words. Pure.
import { number } from '../locale';
import * as settingsText from '../text/settings';
import { lasting, SECOND, stamp } from '../time';
import type { PoolView } from '../wire';

const grouped = (count: number) => number(count);

/** What it allows: "2 at once, 10 calls a minute, 90,000 tokens a minute". */
export function limitWords(pool: Pick<PoolView, 'concurrency' | 'calls_per_min' | 'tokens_per_min'>): string {
  const words: string[] = [];
  if (pool.concurrency !== null) words.push(settingsText.atOnceOfConcurrency(grouped(pool.concurrency)));
  if (pool.calls_per_min !== null) words.push(settingsText.callsAMinuteOfCalls_per_min(grouped(pool.calls_per_min), pool.calls_per_min));
  if (pool.tokens_per_min !== null) words.push(settingsText.tokensAMinuteOfTokens_per_min(grouped(pool.tokens_per_min)));
  return words.length === 0 ? settingsText.noLimit : words.join(', ');
}

/** One limit beside what is used of it. */
export interface Use {
  what: string;
  words: string;
  /** The same where room is short. */
  brief: string;
  /** 0 to 1. */
  share: number;
}

/** Every limit with what is used of it now. */
export function usesOf(pool: PoolView): Use[] {
  const uses: Use[] = [];
  const add = (what: Use['what'], used: number, most: number | null, behind: string) => {
    if (most !== null) uses.push({ what, words: settingsText.ofOfUsed(grouped(used), grouped(most), behind), brief: settingsText.of2(grouped(used), grouped(most), what === settingsText.atOnce2 ? '' : ` ${what}/min`), share: Math.min(1, used / Math.max(1, most)) });
  };
  add(settingsText.atOnce2, pool.in_use, pool.concurrency, settingsText.inUse2);
  add('calls', pool.calls_last_min, pool.calls_per_min, settingsText.callsInTheLastMinute);
  add('tokens', pool.tokens_last_min, pool.tokens_per_min, settingsText.tokensInTheLastMinute);
  return uses;
}

/** For the narrow head of its lane: "1 of 2", "3 of 10 a min". */
export function briefUse(pool: PoolView): string {
  if (pool.concurrency !== null) return settingsText.ofOfIn_use(grouped(pool.in_use), grouped(pool.concurrency));
  if (pool.calls_per_min !== null) return settingsText.ofAMin(grouped(pool.calls_last_min), grouped(pool.calls_per_min));
  return pool.tokens_per_min === null ? '' : settingsText.ofTokens(Math.round(Math.min(1, pool.tokens_last_min / pool.tokens_per_min) * 100));
}

/** "backs off until 09:02:41, 12 s more"; null when it does not. */
export function backOffWords(pool: PoolView, now_ms: number, zone: string): string | null {
  const until = pool.backs_off_until_ms;
  if (until === null || until <= now_ms) return null;
  return settingsText.backsOffUntilMore(stamp(until, now_ms, zone), lasting(Math.ceil((until - now_ms) / SECOND) * SECOND));
}

/** A pool for ears: "openai pool, 2 at once: 1 of 2 in use, 3 wait". */
export function spokenPool(pool: PoolView): string {
  const wait = pool.waiting.length;
  return settingsText.poolOfPool(pool.name, limitWords(pool), usesOf(pool).map((use) => use.words).join(', '), wait > 0 ? `, ${wait} ${wait === 1 ? 'waits' : 'wait'}` : '');
}

export interface PoolDraft {
  name: string;
  concurrency: string;
  calls: string;
  tokens: string;
}

export const BLANK_POOL: PoolDraft = { name: '', concurrency: '', calls: '', tokens: '' };

export function poolDraft(pool: PoolView): PoolDraft {
  const typed = (count: number | null) => (count === null ? '' : String(count));
  return { name: pool.name, concurrency: typed(pool.concurrency), calls: typed(pool.calls_per_min), tokens: typed(pool.tokens_per_min) };
}

export type PoolErrors = Partial<Record<keyof PoolDraft | 'whole', string>>;
type Limits = { concurrency: number | null; calls_per_min: number | null; tokens_per_min: number | null };

/** What the form asks for, and what is wrong with it. */
export function poolOf(draft: PoolDraft): { set: { name: string } & Limits; errors: PoolErrors } {
  const errors: PoolErrors = {};
  const name = draft.name.trim();
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(name)) errors.name = name === '' ? settingsText.giveItANameSuch : settingsText.smallLettersDigitsDot;
  const count = (field: 'concurrency' | 'calls' | 'tokens', most: number): number | null => {
    const typed = draft[field].replaceAll(/[\s,]/g, '');
    if (typed === '') return null;
    const value = Number(typed);
    if (Number.isInteger(value) && value >= 1 && value <= most) return value;
    errors[field] = settingsText.aWholeNumberFrom1(grouped(most));
    return null;
  };
  const set = { name, concurrency: count('concurrency', 100_000), calls_per_min: count('calls', 100_000), tokens_per_min: count('tokens', 1_000_000_000_000) };
  const limits = set.concurrency !== null || set.calls_per_min !== null || set.tokens_per_min !== null;
  if (!limits && Object.keys(errors).length === 0) errors.concurrency = settingsText.aPoolLimitsSomethingHow;
  return { set, errors };
}

/** The form's field for a field of the host. */
export function poolField(field: string | null): keyof PoolErrors {
  return ({ name: 'name', concurrency: 'concurrency', calls_per_min: 'calls', tokens_per_min: 'tokens' } as const)[field ?? ''] ?? 'whole';
}
