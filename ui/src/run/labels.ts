//! Figures of steps and runs as short words: tokens, money, tries, kinds, keys. Pure.
import { atMost, dollars, dollarsBetween, number } from '../locale';
import * as runText from '../text/run';
import { lasting } from '../time';
import type { ModelView, RunStory, SpendView, StepView, TotalView } from '../wire';
import { isLive } from '../words';

/** "812", "5.7k", "381k", "1.2M"; empty when nobody said. */
export function tokensWords(tokens: number | null): string {
  if (tokens === null) return '';
  if (tokens < 1000) return number(tokens);
  const [size, unit] = tokens < 999_500 ? [tokens / 1000, 'k'] : tokens < 999_500_000 ? [tokens / 1e6, 'M'] : [tokens / 1e9, 'G'];
  return `${atMost(size, size < 9.95 ? 1 : 0)}${unit}`;
}

/** "$0.41", "$0.011", "$0.009", "$0": the smaller, the more places, at most six. */
export function usdWords(usd: number): string {
  if (usd === 0) return dollars(0, 0);
  if (Math.abs(usd) >= 0.1) return dollars(usd, 2);
  if (Math.abs(usd) >= 0.01) return dollarsBetween(usd, 2, 3);
  if (Math.abs(usd) < 0.000_000_5) return runText.under0000001;
  return dollarsBetween(usd, 0, Math.min(6, 1 - Math.floor(Math.log10(Math.abs(usd)))));
}

/** What a step cost: money, "not priced", or nothing where nothing was said. */
export function costWords(step: Pick<StepView, 'cost_usd' | 'priced'>): string {
  if (step.cost_usd !== null) return usdWords(step.cost_usd);
  return step.priced === 'not_priced' ? runText.notPriced : '';
}

/** Who says what it cost. */
export function pricedWords(step: Pick<StepView, 'cost_usd' | 'priced' | 'model'>): string {
  switch (step.priced) {
    case 'said':
      return runText.asItsAgentSaid;
    case 'table':
      return runText.byTheTableOfPrices;
    case 'not_priced':
      return step.model === null ? runText.itsModelWasNotNamed : runText.noPriceIsKnownFor(step.model);
    default:
      return '';
  }
}

/** Begun, and tried inside, all in all: more than one is worth a look. */
export function triesOf(step: Pick<StepView, 'tries' | 'retries' | 'source'>): number {
  return Math.max(1, step.tries) + (step.retries ?? 0);
}

const KINDS: Record<string, string> = { llm: runText.modelCall, tool: runText.tool, http: runText.httpCall, decision: runText.decision, check: runText.check, other: runText.step2 };

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
  return number === '' ? step.name : runText.stepOfNumber(number, step.name);
}

/** A row for ears: what its bar says to eyes. */
export function barSpoken(step: StepView, began: string, label: string): string {
  const lasted = step.ended_ms === null ? '' : lasting(step.ended_ms - step.began_ms);
  const took = lasted === '' ? '' : runText.tookOfLasting(lasted);
  const state = { completed: runText.completed, failed: runText.failed, started: runText.notEnded }[step.state] ?? step.state;
  const source = { kept: runText.keptFromTheRunBefore, span: runText.aSpan }[step.source] ?? '';
  return runText.beganOfSource(source, state, began, took, label === '' || step.state === 'completed' ? '' : `: ${label.replace(`${lasted} · `, '')}`);
}

/** Columns of which every cell would be empty are not there: nobody told of tokens, or of money, of any step. */
export function columnsOf(spend: Pick<SpendView, 'steps' | 'not_priced'> | null): { tokens: boolean; cost: boolean } {
  return { tokens: spend !== null && spend.steps.tokens !== null, cost: spend !== null && (spend.steps.cost_usd !== null || spend.not_priced > 0) };
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
  const told: [string, TotalView][] = [[runText.stepsAndSpans, spend.steps], [runText.heartbeats, spend.beats], [runText.outcome, spend.outcome]];
  return told
    .filter(([, total]) => total.tokens !== null || total.cost_usd !== null)
    .map(([who, total]) => ({ who, tokens: tokensWords(total.tokens), cost: total.cost_usd === null ? '' : usdWords(total.cost_usd), counts: spend.cost_usd !== null ? total.cost_usd === spend.cost_usd : total.tokens === spend.tokens }));
}

/** "12 calls", "12 calls, 2 of them not priced" */
export function callsWords(model: Pick<ModelView, 'calls' | 'not_priced'>): string {
  const calls = `${thousands(model.calls)} ${model.calls === 1 ? 'call' : 'calls'}`;
  return model.not_priced === 0 ? calls : model.not_priced === model.calls ? runText.notPricedOfCalls(calls) : runText.notPriced2(calls, thousands(model.not_priced));
}

/** "3 calls are not priced: no price is known for their model." */
export function notPricedWords(not_priced: number): string | null {
  if (not_priced === 0) return null;
  return not_priced === 1 ? runText.oneCallIsNotPriced : runText.callsAreNotPricedNo(thousands(not_priced));
}

/** How a run stands, for the line about its steps: that all of them are completed says little of one that failed, or goes on. */
export type End = 'good' | 'bad' | 'open' | 'waits';

const GOOD = new Set<string>(['confirmed', 'claimed']);

export function endOf(story: Pick<RunStory, 'mark' | 'waits'>): End {
  if (story.waits !== null || story.mark.confirmed === 'gate') return 'waits';
  return isLive(story.mark) ? 'open' : GOOD.has(story.mark.confirmed) ? 'good' : 'bad';
}

const ALL_DONE: Record<End, string> = { good: runText.allCompleted, bad: runText.noneFailed, open: runText.noneFailedSoFar, waits: runText.noneFailedItWaits };

/** "12 steps: 10 completed, 1 failed, 1 open"; "1 step, none failed; it waits" */
export function summaryWords(steps: { begun: number; completed: number; failed: number }, end: End): string {
  const open = Math.max(0, steps.begun - steps.completed - steps.failed);
  const parts = [steps.completed > 0 && steps.completed < steps.begun ? runText.completedOfCompleted(thousands(steps.completed)) : '', steps.failed > 0 ? runText.failedOfFailed(thousands(steps.failed)) : '', open > 0 ? runText.open(thousands(open)) : ''].filter((part) => part !== '');
  return `${thousands(steps.begun)} ${steps.begun === 1 ? 'step' : 'steps'}${parts.length === 0 ? ALL_DONE[end] : `: ${parts.join(', ')}`}`;
}

/** "100,000" */
export function thousands(count: number): string {
  return number(count);
}
