import { describe, expect, it } from 'vitest';
import type { AgentCost, Costs, CueCost, ModelCost } from '../wire';
import { agentName, amount, asksForProof, barsOf, barsWords, canBePriced, cuesToShow, dayWords, isEmpty, nothingOddWords, rangeless, scaleOf, scaleWords, spentWords, tokensOnlyWords, tokenWords, unpriced, unprovenOf, untoldWords } from './shape';

const NOTHING = { tokens: null, cost_usd: null };
const total = (cost_usd: number | null, tokens: number | null = 100) => ({ tokens, cost_usd });
const agent = (name: string, days: (number | null)[]): AgentCost => ({ agent: name, account: null, today: total(days[days.length - 1] ?? null), total: total(days.reduce<number>((sum, usd) => sum + (usd ?? 0), 0)), days });
const cue = (name: string, more: Partial<CueCost> = {}): CueCost => ({ cue_id: name, cue: name, agent: 'bot', deleted: false, today: NOTHING, total: NOTHING, runs: 1, runs_untold: 0, per_confirmed_usd: null, unproven_usd: null, not_priced: 0, ...more });
const model = (name: string, not_priced: number): ModelCost => ({ model: name, calls: 9, input: null, output: null, cached_input: null, reasoning: null, today: NOTHING, total: NOTHING, not_priced, has_price: false });
const costs = (more: Partial<Costs> = {}): Costs => ({ days: ['2026-11-21', '2026-11-22'], today: NOTHING, last_7_days: NOTHING, last_30_days: NOTHING, total: NOTHING, by_day: [NOTHING, NOTHING], by_agent: [], by_cue: [], by_model: [], runs: 0, runs_untold: 0, unproven: [], not_priced: 0, disagreements: [], disagreements_total: 0, ...more });

describe('figures', () => {
  it('what nobody said is no zero', () => {
    expect([amount(null), amount(0), amount(0.0042), amount(6.66)]).toEqual(['–', '$0.00', '$0.0042', '$6.66']);
    expect([spentWords(NOTHING), spentWords(total(null)), spentWords(total(null, 0)), spentWords(total(0))]).toEqual(['–', 'not priced', '–', '$0.00']);
  });
  it('tokens are short', () => expect([null, 0, 940, 1200, 41_300, 999_499, 1_234_567, 45_000_000].map(tokenWords)).toEqual(['–', '0', '940', '1.2k', '41k', '999k', '1.2M', '45M']));
  it('days have names', () => expect([dayWords('2026-11-01'), dayWords('2026-02-28')]).toEqual(['1 Nov', '28 Feb']));
});

it('the lines of a scale have as many cents as their step', () => {
  expect(scaleWords([0, 5, 10])).toEqual(['$0', '$5', '$10']);
  expect(scaleWords([0, 0.5, 1])).toEqual(['$0', '$0.50', '$1.00']);
  expect(scaleWords([0, 0.005, 0.01])).toEqual(['$0', '$0.005', '$0.010']);
  expect(scaleWords([0, 0.0002])).toEqual(['$0', '$0.0002']);
  expect(scaleWords([0])).toEqual(['$0']);
});

it('a cue that asks for proof needs no other check', () => {
  expect([{}, { confirm: 'outcome', expect: {} }, { checks: [] }, { expect: { assert: [] } }, undefined].map(asksForProof)).toEqual([false, false, false, false, false]);
  expect([{ expect: { min_processed: 150 } }, { checks: [{ kind: 'file' }] }, { confirm: 'exit_code' }, { confirm: 'checks' }].map(asksForProof)).toEqual([true, true, true, true]);
});

describe('bars', () => {
  it('all agents share one scale', () => {
    const [one, other] = [agent('a', [1, null, 4]), agent('b', [0, 2, 2])];
    const scale = scaleOf([one, other]);
    expect(scale).toBeCloseTo(4.2);
    expect(barsOf(one, ['x', 'y', 'z'], scale).map((bar) => [bar.usd, Number(bar.share.toFixed(3))])).toEqual([[1, 0.238], [null, 0], [4, 0.952]]);
    expect(barsOf(other, ['x', 'y', 'z'], scale)[0]).toEqual({ day: 'x', usd: 0, share: 0 });
  });
  it('nothing has a scale too', () => expect(scaleOf([agent('a', [null, null]), agent('b', [0])])).toBe(1));
  it('are told to ears', () => {
    expect(barsWords(agent('bot', [1, 3, 0.1]), ['2026-11-20', '2026-11-21', '2026-11-22'])).toBe('bot: $0.10 today, $4.10 in 3 days, most on 21 Nov ($3.00)');
    expect(barsWords({ ...agent('', [null]), today: NOTHING, total: NOTHING }, ['2026-11-22'])).toBe('no agent named: – today, – in 1 days');
    expect(agentName({ agent: '' })).toBe('no agent named');
  });
});

describe('what is not known', () => {
  it('is of how many cues nobody knows what is usual', () => {
    const month = { days: Array.from({ length: 30 }, () => ''), by_cue: [cue('a', { runs: 3 }), cue('b', { runs: 40 }), cue('c', { runs: 2, deleted: true })] };
    expect([rangeless(month, new Map()), rangeless(month, new Map([['a', { runs: 12 }]])), rangeless(month, new Map([['b', { runs: 9 }]])), rangeless({ ...month, days: ['x'] }, new Map())]).toEqual([{ cues: 1, all: false }, { cues: 0, all: false }, { cues: 2, all: true }, { cues: 0, all: false }]);
    expect([nothingOddWords({ cues: 0, all: false }), nothingOddWords({ cues: 2, all: false }), nothingOddWords({ cues: 2, all: true })]).toEqual([
      'Nothing today: no run left its own range, and no fuse tripped.',
      'Nothing today: no run left its own range, and no fuse tripped. Of 2 cues no usual range is known yet; it takes 10 good runs.',
      'Nothing can be told yet: what is usual is known once 10 runs of a cue have ended well, and none of the 2 cues here has so many. No fuse tripped.'
    ]);
  });
  it.each([[0, 40, null], [12, 40, '12 of 40 runs told nothing of what they used.'], [1, 1, '1 of 1 run told nothing of what it used.'], [1200, 4000, '1,200 of 4,000 runs told nothing of what they used.']])('%d of %d', (runs_untold, runs, words) => expect(untoldWords({ runs, runs_untold })).toBe(words));
  it('the models with most calls come first', () => expect(unpriced({ by_model: [model('a', 2), model('b', 0), model('c', 7)] }).map((one) => one.model)).toEqual(['c', 'a']));
  it('tokens alone have no price', () => {
    const told = cue('a', { total: total(null) });
    expect(tokensOnlyWords({ by_cue: [told, cue('b'), cue('c', { total: total(1) }), cue('d', { total: total(null), not_priced: 2 })] })).toBe('1 cue told tokens and no cost, and names no model.');
    expect(tokensOnlyWords({ by_cue: [told, told] })).toBe('2 cues told tokens and no cost, and name no model.');
    expect(tokensOnlyWords({ by_cue: [cue('b')] })).toBeNull();
  });
  it('what has no name has no price', () => expect(['gpt-4o', 'no model named', 'other models'].map((name) => canBePriced({ model: name }))).toEqual([true, false, false]));
});

describe('without proof', () => {
  const claimed = { verdict: 'claimed', runs: 154, cost_usd: 1.5 };
  const refuted = { verdict: 'refuted', runs: 2, cost_usd: 0.34 };
  it('is summed and told by how runs ended', () => {
    const cues = [cue('rebalance-check', { unproven_usd: 1.6 }), cue('other', { unproven_usd: 0.24 })];
    const one = unprovenOf(costs({ unproven: [claimed, refuted, { verdict: 'silent', runs: 3, cost_usd: null }], by_cue: cues }));
    expect(one?.usd).toBeCloseTo(1.84);
    expect(one?.words).toBe('154 claimed runs and 2 refuted, most in rebalance-check');
    expect(one?.cueId).toBe('rebalance-check');
  });
  it('names no cue where there is one only, or none stands out', () => {
    expect(unprovenOf(costs({ unproven: [claimed], by_cue: [cue('only', { unproven_usd: 1.5 })] }))?.words).toBe('154 claimed runs');
    expect(unprovenOf(costs({ unproven: [claimed], by_cue: [cue('a', { unproven_usd: 0.7 }), cue('b', { unproven_usd: 0.7 })] }))?.words).toBe('154 claimed runs');
  });
  it('what a check refuted was paid for, and has its check already', () => expect(unprovenOf(costs({ unproven: [refuted], by_cue: [cue('only', { unproven_usd: 0.34 })] }))?.words).toBe('2 refuted runs: paid for work that a check found undone'));
  it('is nothing where nothing was paid', () => expect(unprovenOf(costs({ unproven: [{ verdict: 'claimed', runs: 4, cost_usd: null }] }))).toBeNull());
});

describe('the whole', () => {
  it('is empty until somebody says something or a run ended', () => {
    expect(isEmpty(costs())).toBe(true);
    expect(isEmpty(costs({ by_cue: [cue('a')] }))).toBe(false);
    expect(isEmpty(costs({ last_30_days: total(null) }))).toBe(false);
  });
  it('leaves out cues that told nothing, unless asked', () => {
    const cues = [cue('told', { total: total(1) }), cue('tokens', { total: total(null) }), cue('untold')];
    expect(cuesToShow(cues, false).map((one) => one.cue)).toEqual(['told', 'tokens']);
    expect(cuesToShow(cues, true)).toHaveLength(3);
  });
});
