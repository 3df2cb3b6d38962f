//! Pools in words. Pure.
import { lasting, SECOND, stamp } from '../time';
import type { PoolView } from '../wire';

const grouped = (count: number) => String(count).replace(/\B(?=(\d{3})+(?!\d))/g, ',');

/** What it allows: "2 at once, 10 calls a minute, 90,000 tokens a minute". */
export function limitWords(pool: Pick<PoolView, 'concurrency' | 'calls_per_min' | 'tokens_per_min'>): string {
  const words: string[] = [];
  if (pool.concurrency !== null) words.push(`${grouped(pool.concurrency)} at once`);
  if (pool.calls_per_min !== null) words.push(`${grouped(pool.calls_per_min)} ${pool.calls_per_min === 1 ? 'call' : 'calls'} a minute`);
  if (pool.tokens_per_min !== null) words.push(`${grouped(pool.tokens_per_min)} tokens a minute`);
  return words.length === 0 ? 'no limit' : words.join(', ');
}

/** One limit beside what is used of it. */
export interface Use {
  what: 'at once' | 'calls' | 'tokens';
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
    if (most !== null) uses.push({ what, words: `${grouped(used)} of ${grouped(most)}${behind}`, brief: `${grouped(used)} of ${grouped(most)}${what === 'at once' ? '' : ` ${what}/min`}`, share: Math.min(1, used / Math.max(1, most)) });
  };
  add('at once', pool.in_use, pool.concurrency, ' in use');
  add('calls', pool.calls_last_min, pool.calls_per_min, ' calls in the last minute');
  add('tokens', pool.tokens_last_min, pool.tokens_per_min, ' tokens in the last minute');
  return uses;
}

/** For the narrow head of its lane: "1 of 2", "3 of 10 a min". */
export function briefUse(pool: PoolView): string {
  if (pool.concurrency !== null) return `${grouped(pool.in_use)} of ${grouped(pool.concurrency)}`;
  if (pool.calls_per_min !== null) return `${grouped(pool.calls_last_min)} of ${grouped(pool.calls_per_min)} a min`;
  return pool.tokens_per_min === null ? '' : `${Math.round(Math.min(1, pool.tokens_last_min / pool.tokens_per_min) * 100)} % of tokens`;
}

/** "backs off until 09:02:41, 12 s more"; null when it does not. */
export function backOffWords(pool: PoolView, now_ms: number, zone: string): string | null {
  const until = pool.backs_off_until_ms;
  if (until === null || until <= now_ms) return null;
  return `backs off until ${stamp(until, now_ms, zone)}, ${lasting(Math.ceil((until - now_ms) / SECOND) * SECOND)} more`;
}

/** A pool for ears: "openai pool, 2 at once: 1 of 2 in use, 3 wait". */
export function spokenPool(pool: PoolView): string {
  const wait = pool.waiting.length;
  return `${pool.name} pool, ${limitWords(pool)}: ${usesOf(pool).map((use) => use.words).join(', ')}${wait > 0 ? `, ${wait} ${wait === 1 ? 'waits' : 'wait'}` : ''}`;
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
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(name)) errors.name = name === '' ? 'Give it a name, such as openai.' : 'Small letters, digits, dot, dash and _ only, such as openai.';
  const count = (field: 'concurrency' | 'calls' | 'tokens', most: number): number | null => {
    const typed = draft[field].replaceAll(/[\s,]/g, '');
    if (typed === '') return null;
    const value = Number(typed);
    if (Number.isInteger(value) && value >= 1 && value <= most) return value;
    errors[field] = `A whole number from 1 to ${grouped(most)}.`;
    return null;
  };
  const set = { name, concurrency: count('concurrency', 100_000), calls_per_min: count('calls', 100_000), tokens_per_min: count('tokens', 1_000_000_000_000) };
  const limits = set.concurrency !== null || set.calls_per_min !== null || set.tokens_per_min !== null;
  if (!limits && Object.keys(errors).length === 0) errors.concurrency = 'A pool limits something: how many at once, calls or tokens.';
  return { set, errors };
}

/** The form's field for a field of the host. */
export function poolField(field: string | null): keyof PoolErrors {
  return ({ name: 'name', concurrency: 'concurrency', calls_per_min: 'calls', tokens_per_min: 'tokens' } as const)[field ?? ''] ?? 'whole';
}
