//! What a search found as rows, and what can be typed to narrow it.
import { describe, expect, it } from 'vitest';
import { mark } from '../testing';
import type { SearchFound, SearchHit } from '../wire';
import { completions, filtersIn, foundItems, rowOf, withFilter } from './search';

const NOW = Date.parse('2026-11-20T09:00:00Z');
const hit = (change: Partial<SearchHit>): SearchHit => ({ kind: 'run', id: 'r1', title: 'score', snippet: [], field: 'name', cue_id: 'c1', run_id: null, agent: '', account: null, at_ms: NOW - 3_600_000, mark: null, state: '', ...change });
const found = (hits: SearchHit[], cursor: string | null = null): SearchFound => ({ hits, cursor, searched_until_ms: null, indexed_until_ms: null, filters: [] });

describe('what was found', () => {
  it('is a run with its time, its verdict, and where the words stand', () => {
    const row = rowOf(hit({ mark: mark({ confirmed: 'refuted' }), snippet: [{ text: 'timed ', hit: false }, { text: 'out', hit: true }], field: 'error' }), NOW, 'UTC');
    expect(row).toMatchObject({ title: 'score, 08:00 today', icon: { v: 'C', state: 'refuted' }, side: 'refuted', field: 'in its error', to: { at: 'run', runId: 'r1' } });
    expect(row.snippet).toHaveLength(2);
  });

  it('leads to where it is', () => {
    expect(rowOf(hit({ kind: 'cue', id: 'c1' }), NOW, 'UTC').to).toEqual({ at: 'cue', cueId: 'c1' });
    expect(rowOf(hit({ kind: 'agent', id: '', title: 'ada', account: 'acc' }), NOW, 'UTC').to).toEqual({ at: 'agents', name: 'ada', account: 'acc' });
    expect(rowOf(hit({ kind: 'alert', run_id: 'r9' }), NOW, 'UTC').to).toEqual({ at: 'run', runId: 'r9' });
    expect(rowOf(hit({ kind: 'alert', run_id: null }), NOW, 'UTC').to).toEqual({ at: 'alerts' });
  });

  it('is not shown twice in the palette, and leads to all of it', () => {
    const near = [{ key: 'run o1', section: 'Runs' as const, icon: 'list' as const, text: '', side: '', keys: '', act: { do: 'go' as const, to: { at: 'run' as const, runId: 'r1' } } }];
    const items = foundItems(found([hit({}), hit({ id: 'r2' })], 'more'), near, 'score', { now_ms: NOW, zone: 'UTC' });
    expect(items.map((item) => item.key)).toEqual(['found run r2', 'see all']);
    expect(items[1]).toMatchObject({ text: 'See all that is found', act: { do: 'go', to: { at: 'search', q: 'score' } } });
    expect(foundItems(found([hit({ id: 'r2' })]), [], 'score', { now_ms: NOW, zone: 'UTC' }).at(-1)?.text).toBe('See all that is found: 1');
    expect(foundItems(null, [], 'x', { now_ms: NOW, zone: 'UTC' })).toEqual([]);
  });
});

describe('narrowing', () => {
  const names = { cue: ['score-new-leads', 'two words'], agent: ['ada'] };
  const texts = (query: string) => completions(query, names).map(({ text }) => text);
  it('offers what comes next', () => {
    expect(texts('leads i')).toEqual(['is:']);
    expect(texts('is:fa')).toEqual(['is:failed']);
    expect(texts('is:failed')).toEqual([]);
    expect(texts('cue:')).toEqual(['cue:score-new-leads', 'cue:"two words"']);
    expect(texts('x -agent:a')).toEqual(['agent:ada']);
    expect(texts('ordinary words')).toEqual([]);
    expect(texts('')).toEqual([]);
    expect(texts('unknown:')).toEqual([]);
  });

  it('completes in place', () => expect(completions('leads -is:ref', names)[0]?.whole).toBe('leads -is:refuted '));

  it('knows the filters of a text, and takes them out and in', () => {
    const query = 'leads is:failed cue:"two words" -since:7d http://x';
    expect(filtersIn(query)).toEqual(['is:failed', 'cue:"two words"', '-since:7d']);
    expect(withFilter(query, 'cue:"two words"', false)).toBe('leads is:failed -since:7d http://x');
    expect(withFilter('leads', 'is:failed', true)).toBe('leads is:failed');
    expect(withFilter('leads is:failed', 'is:failed', true)).toBe('leads is:failed');
  });
});
