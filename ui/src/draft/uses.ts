//! The pools that a cue uses, as they stand in the form. Pure.
import { number } from '../locale';
import * as readbackText from '../text/readback';
import { text, without, type Json } from './json';
import { freshKey } from './schedule';

export interface UseDraft {
  key: number;
  pool: string;
  /** Of what it lets go at once; empty: 1. */
  weight: string;
  /** Expected of one run; empty: not said. */
  tokens: string;
  rest: Json;
}

export type UsePlace = `uses.${number}.${'pool' | 'weight' | 'tokens'}`;

export function blankUse(uses: readonly UseDraft[], pool = ''): UseDraft {
  return { key: freshKey(uses), pool, weight: '1', tokens: '', rest: {} };
}

export function usesOf(value: unknown): UseDraft[] {
  const list: unknown[] = Array.isArray(value) ? value : [];
  return list.map((item, i) => {
    if (typeof item === 'string') return { key: i + 1, pool: item, weight: '1', tokens: '', rest: {} };
    const use = (typeof item === 'object' && item !== null ? item : {}) as Json;
    return { key: i + 1, pool: text(use['pool']), weight: text(use['weight'], '1'), tokens: text(use['tokens']), rest: without(use, ['pool', 'weight', 'tokens']) };
  });
}

/** Makes the `uses` of a definition. */
export function makeUses(uses: readonly UseDraft[], wrong: (place: UsePlace, sentence: string) => void): Json[] {
  return uses.map((use, i) => {
    const pool = use.pool.trim();
    if (pool === '') wrong(`uses.${i}.pool`, readbackText.whichPool);
    else if (uses.findIndex((other) => other.pool.trim() === pool) < i) wrong(`uses.${i}.pool`, readbackText.isNamedTwiceName(pool));
    const count = (field: 'weight' | 'tokens', from: number): number | undefined => {
      const typed = use[field].trim().replaceAll(',', '');
      if (typed === '') return undefined;
      const value = Number(typed);
      if (Number.isInteger(value) && value >= from) return value;
      wrong(`uses.${i}.${field}`, readbackText.aWholeNumberFromUp(from));
      return undefined;
    };
    const weight = count('weight', 1) ?? 1;
    const tokens = count('tokens', 0);
    return { ...use.rest, pool, weight, ...(tokens === undefined ? {} : { tokens }) };
  });
}

/** The form's place for a path below `uses` (`[0].weight`); null when it is about the whole list. */
export function usePlace(path: string, uses: readonly UseDraft[]): UsePlace | null {
  const [, at, field] = /^\[(\d+)\](?:\.(\w+))?/.exec(path) ?? [];
  if (!uses[Number(at ?? -1)]) return null;
  return `uses.${Number(at)}.${field === 'weight' || field === 'tokens' ? field : 'pool'}`;
}

/** "openai", "openai (takes 2, about 9,000 tokens)" */
export function useWords(use: UseDraft): string {
  const weight = use.weight.trim();
  const tokens = use.tokens.trim().replaceAll(',', '');
  const more = [...(weight === '' || weight === '1' ? [] : [readbackText.takes(weight)]), ...(tokens === '' || tokens === '0' ? [] : [readbackText.aboutTokens(/^\d+$/.test(tokens) ? number(Number(tokens)) : tokens)])];
  return `${use.pool.trim() || '…'}${more.length === 0 ? '' : ` (${more.join(', ')})`}`;
}
