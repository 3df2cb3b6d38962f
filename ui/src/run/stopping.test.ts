//! What is said before a run is stopped, and how one points at it.
import { describe, expect, it } from 'vitest';
import type { StepView } from '../wire';
import { addressOf, curlOf, underWay } from './stopping';
import { EMPTY_TREE, withPage } from './tree';

const step = (ordinal: number, more: Partial<StepView> = {}): StepView => ({
  ordinal, under: 0, place: ordinal, key: `k${ordinal}`, name: `step ${ordinal}`, kind: 'tool', state: 'started', source: 'step', attempt: 1, tries: 1, retries: null, began_ms: 0, ended_ms: null, idempotency_key: `id-${ordinal}`, error: null, tokens: null, cost_usd: null, priced: 'nothing', model: null, children: 0, ...more
});

describe('stopping', () => {
  it('asks about what has begun and reaches outside, wherever it stands', () => {
    const top = withPage(EMPTY_TREE, 0, 0, [step(1, { state: 'completed' }), step(2, { kind: 'llm' }), step(3, { children: 1 }), step(9, { source: 'span' })], 4);
    const tree = withPage(top, 3, 0, [step(4, { kind: 'http', under: 3, idempotency_key: null })], 1);
    expect(underWay(tree)).toEqual([
      { ordinal: 3, name: 'step 3', kind: 'tool', idempotency_key: 'id-3' }, { ordinal: 4, name: 'step 4', kind: 'http', idempotency_key: null }
    ]);
  });

  it('asks nothing when nothing is under way', () => expect(underWay(withPage(EMPTY_TREE, 0, 0, [step(1, { state: 'failed' })], 1))).toEqual([]));

  it('an address and a line for a shell name the run', () => {
    expect(addressOf('r_8f2k1c')).toBe('cuetower://run/r_8f2k1c');
    expect(curlOf('http://127.0.0.1:7713', 'r_1')).toBe('curl -fsS -X POST http://127.0.0.1:7713/v1/executions/r_1/replay \\\n  -H "Authorization: Bearer $CUETOWER_KEY"\n');
    expect(curlOf("http://h/a'b", 'r')).toContain(`'http://h/a'\\''b/v1/executions/r/replay'`);
  });
});
