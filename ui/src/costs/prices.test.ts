import { describe, expect, it } from 'vitest';
import type { PriceView } from '../wire';
import { BLANK_PRICE, found, isUsed, priceDraft, priceField, priceOf, priceWords, sourceWords } from './prices';

const price = (model: string, more: Partial<PriceView> = {}): PriceView => ({ model, aliases: [], provider: 'openai', input_usd: 2.5, output_usd: 10, cached_input_usd: 1.25, reasoning_usd: null, own: false, set_at_ms: null, shipped: null, ...more });

describe('prices', () => {
  it('lose no digit', () => expect([0, 2.5, 10, 0.0375, 0.15, 1.125].map(priceWords)).toEqual(['$0.00', '$2.50', '$10.00', '$0.0375', '$0.15', '$1.125']));
  it('are found by name, other name and seller; the owner\'s come first', () => {
    const all = [price('gpt-4o', { aliases: ['gpt-4o-2024-08-06'] }), price('claude', { provider: 'anthropic' }), price('my-gpt', { own: true, provider: null })];
    expect(found(all, 'GPT', false).map((one) => one.model)).toEqual(['my-gpt', 'gpt-4o']);
    expect(found(all, '08-06', false).map((one) => one.model)).toEqual(['gpt-4o']);
    expect(found(all, 'anthropic', false).map((one) => one.model)).toEqual(['claude']);
    expect(found([price('z', { provider: 'nobody' }), ...all], '', false).map((one) => one.model)).toEqual(['my-gpt', 'gpt-4o', 'claude', 'z']);
    expect(found([price('z', { provider: 'nobody' }), ...all], '', false, new Set(['z', 'unheard'])).map((one) => one.model), 'what is used comes before all').toEqual(['z', 'my-gpt', 'gpt-4o', 'claude']);
    expect([price('gpt-4o'), price('gpt*'), price('x', { aliases: ['gpt-4o-mini'] }), price('claude*')].map((one) => isUsed(one, new Set(['gpt-4o', 'gpt-4o-mini'])))).toEqual([true, true, true, false]);
    expect(found(all, '', true).map((one) => one.model)).toEqual(['my-gpt']);
  });
  it('say of when they are', () => {
    const prices = { prices: [price('a'), price('b', { own: true })], as_of: '2026-11-04', source: '', notes: '', own_changed_ms: null };
    expect(sourceWords(prices, () => '4 Nov')).toBe('Prices of 4 Nov 2026, 1 of your own');
    expect(sourceWords({ ...prices, prices: [] }, () => '4 Nov')).toBe('Prices of 4 Nov 2026');
  });
});

describe('a price as it is typed', () => {
  it('is read as people write it', () => {
    const { set, errors } = priceOf({ model: ' gpt-4o ', input: '$ 2,50', output: '10', cached: '.5', reasoning: '' });
    expect(errors).toEqual({});
    expect(set).toEqual({ model: 'gpt-4o', input_usd: 2.5, output_usd: 10, cached_input_usd: 0.5, reasoning_usd: null });
  });
  it('may be nothing, if that is said', () => expect(priceOf({ ...BLANK_PRICE, model: 'home', input: '0', output: '0' }).errors).toEqual({}));
  it('is what a price of the table becomes and back', () => {
    const one = price('gpt-4o');
    expect(priceOf(priceDraft(one)).set).toEqual({ model: 'gpt-4o', input_usd: 2.5, output_usd: 10, cached_input_usd: 1.25, reasoning_usd: null });
  });
  it.each([['', 'x'], ['-1', '1e3'], ['100001', 'NaN'], ['2.5.1', '1 000']])('%j and %j are no amounts', (input, output) => {
    const { errors } = priceOf({ ...BLANK_PRICE, input, output });
    expect(Object.keys(errors).sort()).toEqual(['input', 'model', 'output']);
  });
  it('a refusal is shown at its field', () => expect(['model', 'cached_input_usd', 'request', null].map(priceField)).toEqual(['model', 'cached', 'whole', 'whole']));
});
