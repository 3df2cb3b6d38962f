//! Prices of models in words, and a price as it is typed. Pure.
import { dollarsBetween } from '../locale';
import * as costsText from '../text/costs';
import type { PriceSet, Prices, PriceView } from '../wire';

/** 2.5 as "$2.50", 0.0375 as "$0.0375": no digit is lost. */
export function priceWords(usd: number): string {
  return dollarsBetween(usd, 2, 9);
}

/** Whom most people buy from, first. */
const SELLERS = ['openai', 'anthropic', 'google', 'mistral', 'deepseek', 'x-ai', 'groq', 'cohere', 'voyageai', 'aws'];

/** Whether calls of these models are priced by it: by its name, another name, or all that begin so. */
export function isUsed(price: Pick<PriceView, 'model' | 'aliases'>, used: ReadonlySet<string>): boolean {
  return [price.model, ...price.aliases].some((name) => used.has(name) || (name.endsWith('*') && [...used].some((one) => one.startsWith(name.slice(0, -1)))));
}

/** Those whose name, alias or seller has the words in it; what is used first, then the owner's, then by who sells them. */
export function found(prices: readonly PriceView[], find: string, ownOnly: boolean, used: ReadonlySet<string> = new Set()): PriceView[] {
  const wanted = find.trim().toLowerCase();
  const about = (price: PriceView) => [price.model, price.provider ?? '', ...price.aliases].some((name) => name.toLowerCase().includes(wanted));
  const rank = (price: PriceView) => {
    const seller = SELLERS.indexOf(price.provider ?? '');
    return isUsed(price, used) ? -2 : price.own ? -1 : seller < 0 ? SELLERS.length : seller;
  };
  return prices.filter((price) => (price.own || !ownOnly) && about(price)).sort((a, b) => rank(a) - rank(b));
}

/** "Prices of 4 Nov 2026, 3 of them your own." */
export function sourceWords(prices: Prices, date: (day: string) => string): string {
  const own = prices.prices.filter((price) => price.own).length;
  const words = own === 0 ? '' : costsText.ofYourOwn(own);
  return costsText.pricesOf(date(prices.as_of), prices.as_of.slice(0, 4), words);
}

/** A price as it is typed; empty is "not said". */
export interface PriceDraft {
  model: string;
  input: string;
  output: string;
  cached: string;
  reasoning: string;
}

export type PriceErrors = Partial<Record<keyof PriceDraft | 'whole', string>>;

export const BLANK_PRICE: PriceDraft = { model: '', input: '', output: '', cached: '', reasoning: '' };

export function priceDraft(price: PriceView): PriceDraft {
  const typed = (usd: number | null) => (usd === null ? '' : String(usd));
  return { model: price.model, input: typed(price.input_usd), output: typed(price.output_usd), cached: typed(price.cached_input_usd), reasoning: typed(price.reasoning_usd) };
}

const MOST_USD = 100_000;
const AMOUNT = costsText.anAmountInDollars;

/** What was typed, to be sent; or what is wrong with it, by field. */
export function priceOf(draft: PriceDraft): { set: PriceSet; errors: PriceErrors } {
  const errors: PriceErrors = {};
  const read = (field: 'input' | 'output' | 'cached' | 'reasoning', needed: boolean): number | null => {
    const text = draft[field].trim().replace(/^\$\s*/, '').replace(',', '.');
    if (text === '') {
      if (needed) errors[field] = costsText.noneForAModel(AMOUNT);
      return null;
    }
    const usd = Number(text);
    if (!/^\d*\.?\d+$/.test(text) || usd > MOST_USD) {
      errors[field] = AMOUNT;
      return null;
    }
    return usd;
  };
  const set: PriceSet = { model: draft.model.trim(), input_usd: read('input', true) ?? 0, output_usd: read('output', true) ?? 0, cached_input_usd: read('cached', false), reasoning_usd: read('reasoning', false) };
  if (set.model === '') errors.model = costsText.theNameOfTheModel;
  return { set, errors };
}

const FIELDS: Record<string, keyof PriceDraft> = { model: 'model', input_usd: 'input', output_usd: 'output', cached_input_usd: 'cached', reasoning_usd: 'reasoning' };

/** Which field of the form a refusal is about. */
export function priceField(field: string | null): keyof PriceErrors {
  return (field === null ? undefined : FIELDS[field]) ?? 'whole';
}
