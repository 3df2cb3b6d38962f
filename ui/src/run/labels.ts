//! Figures of steps and runs as short words: tokens, money, tries, kinds, keys. Pure.
import { lasting } from '../time';
import type { ModelView, SpendView, StepView, TotalView } from '../wire';

/** "812", "5.7k", "381k", "1.2M"; empty when nobody said. */
export function tokensWords(tokens: number | null): string {
  if (tokens === null) return '';
  if (tokens < 1000) return String(tokens);
  const [size, unit] = tokens < 999_500 ? [tokens / 1000, 'k'] : tokens < 999_500_000 ? [tokens / 1e6, 'M'] : [tokens / 1e9, 'G'];
  return `${size < 9.95 ? size.toFixed(1).replace(/\.0$/, '') : Math.round(size)}${unit}`;
}

/** "$0.41", "$0.011", "$0.009", "$0": the smaller, the more places, at most six. */
export function usdWords(usd: number): string {
  if (usd === 0) return '$0';
  if (Math.abs(usd) >= 0.1) return `$${usd.toFixed(2)}`;
  if (Math.abs(usd) >= 0.01) return `$${usd.toFixed(3).replace(/0$/, '')}`;
  const places = Math.min(6, 1 - Math.floor(Math.log10(Math.abs(usd))));
  const words = usd.toFixed(places).replace(/0+$/, '');
  return words.endsWith('.') ? `under $0.000001` : `$${words}`;
}

/** What a step cost: money, "not priced", or nothing where nothing was said. */
export function costWords(step: Pick<StepView, 'cost_usd' | 'priced'>): string {
  if (step.cost_usd !== null) return usdWords(step.cost_usd);
  return step.priced === 'not_priced' ? 'not priced' : '';
}

/** Who says what it cost. */
export function pricedWords(step: Pick<StepView, 'cost_usd' | 'priced' | 'model'>): string {
  switch (step.priced) {
    case 'said':
      return 'as its agent said';
    case 'table':
      return 'by the table of prices';
    case 'not_priced':
      return step.model === null ? 'its model was not named' : `no price is known for ${step.model}`;
    default:
      return '';
  }
}

/** Begun, and tried inside, all in all: more than one is worth a look. */
export function triesOf(step: Pick<StepView, 'tries' | 'retries' | 'source'>): number {
  return Math.max(1, step.tries) + (step.retries ?? 0);
}

const KINDS: Record<string, string> = { llm: 'model call', tool: 'tool', http: 'HTTP call', decision: 'decision', check: 'check', other: 'step' };

export function kindWords(kind: string): string {
  return KINDS[kind] ?? kind;
}

/** What stands small behind a step's name: its model, else its kind where that says something. */
export function besideName(step: Pick<StepView, 'model' | 'kind' | 'name'>): string {
  if (step.model !== null) return step.model;
  return step.kind === 'other' || step.name.toLowerCase().includes(step.kind) ? '' : step.kind;
}

/** The end of a long key, which is what tells it from its like. */
export function keyTail(key: string | null, most = 11): string {
  if (key === null) return '';
  return key.length <= most ? key : `…${key.slice(-(most - 1))}`;
}

/** "step 3.4", or by its name where it has no number. */
export function stepTitle(number: string, step: Pick<StepView, 'name' | 'source'>): string {
  return number === '' ? step.name : `Step ${number}, ${step.name}`;
}

/** A row for ears: what its bar says to eyes. */
export function barSpoken(step: StepView, began: string, label: string): string {
  const took = step.ended_ms === null ? '' : `, took ${lasting(step.ended_ms - step.began_ms)}`;
  const state = { completed: 'completed', failed: 'failed', started: 'not ended' }[step.state] ?? step.state;
  const source = { kept: 'kept from the run before, ', span: 'a span, ' }[step.source] ?? '';
  return `${source}${state}, began ${began}${took}${label === '' || step.state === 'completed' ? '' : `: ${label}`}`;
}

/** One who said what a run used. */
export interface Mouth {
  who: string;
  tokens: string;
  cost: string;
  /** Its figure is the one that counts. */
  counts: boolean;
}

/** Who said what, as far as anybody did; two and more stand as a table. */
export function mouthsOf(spend: SpendView): Mouth[] {
  const told: [string, TotalView][] = [['Steps and spans', spend.steps], ['Heartbeats', spend.beats], ['Outcome', spend.outcome]];
  return told
    .filter(([, total]) => total.tokens !== null || total.cost_usd !== null)
    .map(([who, total]) => ({ who, tokens: tokensWords(total.tokens), cost: total.cost_usd === null ? '' : usdWords(total.cost_usd), counts: spend.cost_usd !== null ? total.cost_usd === spend.cost_usd : total.tokens === spend.tokens }));
}

/** "12 calls", "12 calls, 2 of them not priced" */
export function callsWords(model: Pick<ModelView, 'calls' | 'not_priced'>): string {
  const calls = `${thousands(model.calls)} ${model.calls === 1 ? 'call' : 'calls'}`;
  return model.not_priced === 0 ? calls : model.not_priced === model.calls ? `${calls}, not priced` : `${calls}, ${thousands(model.not_priced)} not priced`;
}

/** "3 calls are not priced: no price is known for their model." */
export function notPricedWords(not_priced: number): string | null {
  if (not_priced === 0) return null;
  return not_priced === 1 ? 'One call is not priced: no price is known for its model. It is not in the sum.' : `${thousands(not_priced)} calls are not priced: no price is known for their model. They are not in the sum.`;
}

/** "12 steps: 10 completed, 1 failed, 1 open" */
export function summaryWords(steps: { begun: number; completed: number; failed: number }): string {
  const open = Math.max(0, steps.begun - steps.completed - steps.failed);
  const parts = [steps.completed > 0 && steps.completed < steps.begun ? `${thousands(steps.completed)} completed` : '', steps.failed > 0 ? `${thousands(steps.failed)} failed` : '', open > 0 ? `${thousands(open)} open` : ''].filter((part) => part !== '');
  return `${thousands(steps.begun)} ${steps.begun === 1 ? 'step' : 'steps'}${parts.length === 0 ? ', all completed' : `: ${parts.join(', ')}`}`;
}

/** "100,000" */
export function thousands(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}
