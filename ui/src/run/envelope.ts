//! What is usual of a cue's runs, and where one of them stands against it: 5th to 95th percentile, once ten are known. Pure.
import * as costsText from '../text/costs';
import { lasting } from '../time';
import type { BandOf, EnvelopeView, MeasureView } from '../wire';
import { figureWords } from './compare';
import { usdWords } from './labels';

/** Fewer values say nothing of what is usual. */
export const RUNS_LEAST = 10;

/** A measure of which enough runs told. */
export type Known = MeasureView & { band: BandOf };

const NAMES: Record<string, string> = { duration: costsText.workingTime, tokens: costsText.tokens, cost: costsText.cost, steps: costsText.steps, processed: costsText.processed };
/** Figures of a comparison that an envelope knows. */
const MEASURES: Record<string, string> = Object.fromEntries(Object.entries(NAMES).map(([measure, name]) => [name, measure]));

export function measureName(measure: string): string {
  return NAMES[measure] ?? measure;
}

/** The measures that say something, in the order of their names above. */
export function known(envelope: EnvelopeView | null): Known[] {
  const order = Object.keys(NAMES);
  return (envelope?.measures ?? []).filter((one): one is Known => one.band !== null).sort((a, b) => order.indexOf(a.measure) - order.indexOf(b.measure));
}

/** The measure behind a row of the comparison ("Working time"); null: it has none, or too few runs told it. */
export function measureOf(envelope: EnvelopeView | null, row: string): Known | null {
  return known(envelope).find((one) => one.measure === MEASURES[row]) ?? null;
}

export function figure(value: number, unit: string): string {
  return unit === 'ms' ? lasting(value) : unit === 'usd' ? usdWords(value) : figureWords(Math.abs(value) >= 10 ? Math.round(value) : value, 'count');
}

/** "6 min to 12 min", "always 12" */
export function usualRange(of: Known): string {
  const [from, to] = [figure(of.band.p5, of.unit), figure(of.band.p95, of.unit)];
  return from === to ? costsText.always(from) : costsText.to(from, to);
}

/** Outside on either side: cheap can mean undone. */
export function isOutside({ band }: { band: Pick<BandOf, 'p5' | 'p95'> }, value: number): boolean {
  return value < band.p5 || value > band.p95;
}

/** The runs behind these measures, newest first: a run that told of one alone stands among the others. */
export function runsOf(measures: readonly Pick<MeasureView, 'run_ids'>[]): string[] {
  const longest = [...measures].sort((a, b) => b.run_ids.length - a.run_ids.length)[0];
  const all = new Set([...(longest?.run_ids ?? [])].reverse());
  for (const { run_ids } of measures) for (const id of [...run_ids].reverse()) all.add(id);
  return [...all];
}

/** Where a value stands on a bar whose middle is the usual range: 0 to 1, and an arrow where it lies beyond the bar. */
export interface Stand {
  from: number;
  to: number;
  at: number;
  beyond: -1 | 0 | 1;
  outside: boolean;
}

/** How much wider than the range the bar is. */
const WIDTH = 3.2;

export function standOf({ band: of }: { band: Pick<BandOf, 'p5' | 'p95' | 'median'> }, value: number): Stand {
  const range = of.p95 > of.p5 ? of.p95 - of.p5 : Math.max(Math.abs(of.median) * 0.1, Number.MIN_VALUE);
  const span = range * WIDTH;
  const begin = (of.p5 + of.p95) / 2 - span / 2;
  const share = (v: number) => (v - begin) / span;
  const at = share(value);
  return { from: share(Math.min(of.p5, of.p95 - (of.p95 > of.p5 ? 0 : range / 2))), to: share(Math.max(of.p95, of.p5 + (of.p95 > of.p5 ? 0 : range / 2))), at: Math.min(1, Math.max(0, at)), beyond: at > 1 ? 1 : at < 0 ? -1 : 0, outside: isOutside({ band: of }, value) };
}

/** For ears: "$0.02, usually $0.21 to $0.26: less than usual". */
export function standWords(of: Known, value: number): string {
  const beside = value > of.band.p95 ? costsText.moreThanUsual2 : value < of.band.p5 ? costsText.lessThanUsual : '';
  return costsText.usuallyOfFigure(figure(value, of.unit), usualRange(of), beside);
}

/** A share of a sorted list, between its neighbours. */
function percentile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const [low, high] = [sorted[Math.floor(at)] ?? 0, sorted[Math.ceil(at)] ?? 0];
  return low + (high - low) * (at - Math.floor(at));
}

/** Whether the last of these figures has left the range of those before it: only with enough of them. */
export function lastIsOutside(values: readonly number[]): boolean {
  const before = values.slice(-51, -1);
  const last = values[values.length - 1];
  if (last === undefined || before.length < RUNS_LEAST) return false;
  const sorted = [...before].sort((a, b) => a - b);
  const [p5, p95] = [percentile(sorted, 0.05), percentile(sorted, 0.95)];
  // What hardly differs is no news, however even its runs are.
  const slack = Math.abs(percentile(sorted, 0.5)) * 0.1;
  return last < p5 - slack || last > p95 + slack;
}
