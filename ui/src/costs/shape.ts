//! What was spent, as its screen shows it: figures, bars and sentences. Pure. What nobody said is never drawn as zero.
import { objectAt } from '../draft/json';
import { dayAndMonth, dollars, number } from '../locale';
import { brief } from '../state/agents';
import * as costsText from '../text/costs';
import { RUNS_LEAST } from '../run/envelope';
import { money, MONTHS, roundMoney } from '../time';
import type { AgentCost, Costs, CostTotal, CueCost, EnvelopeView, ModelCost } from '../wire';

/** The ranges of the screen, in days with today. */
export const RANGES: readonly { days: number; word: string }[] = [{ days: 1, word: costsText.today }, { days: 7, word: costsText.sevenDays }, { days: 30, word: costsText.thirtyDays }];

/** Days that are shown at most. */
const LONGEST = Math.max(...RANGES.map((range) => range.days));

export const grouped = (count: number) => number(count);

/** "$6.66"; a dash where nobody said. */
export function amount(usd: number | null): string {
  return usd === null ? '–' : money(usd);
}

/** The same, where tokens without a price are worth a word: "not priced". */
export function spentWords(total: CostTotal): string {
  return total.cost_usd === null && (total.tokens ?? 0) > 0 ? costsText.notPriced : amount(total.cost_usd);
}

/** 1234567 as "1.2M"; a dash where nobody said. */
export function tokenWords(tokens: number | null): string {
  return tokens === null ? '–' : brief(tokens);
}

/** "2026-11-21" as "21 Nov". */
export function dayWords(day: string): string {
  const [, month = '1', date = '1'] = day.split('-');
  return dayAndMonth(Number(date), MONTHS[Number(month) - 1] ?? month);
}

/** The lines of a scale in dollars, all with the cents that their step needs: "$0", "$0.005", "$0.010". */
export function scaleWords(grid: readonly number[]): string[] {
  const step = grid[1] ?? grid[0] ?? 0;
  const places = step <= 0 || Number.isInteger(step) ? 0 : Math.max(2, Math.ceil(-Math.log10(step) - 1e-9));
  return grid.map((usd) => dollars(usd, usd === 0 ? 0 : places));
}

/** A day of one agent: where its bar stands and how high it is, from 0 to 1; null where nobody said. */
export interface Bar {
  day: string;
  usd: number | null;
  share: number;
}

/** One scale for all of them: the dearest day of any agent, and a twentieth. */
export function scaleOf(agents: readonly AgentCost[]): number {
  const most = Math.max(0, ...agents.flatMap((agent) => agent.days.map((usd) => usd ?? 0)));
  return most === 0 ? 1 : most * 1.05;
}

export function barsOf(agent: AgentCost, days: readonly string[], scale: number): Bar[] {
  return days.map((day, i) => ({ day, usd: agent.days[i] ?? null, share: Math.min(1, (agent.days[i] ?? 0) / scale) }));
}

/** For ears: "bot: $0.10 today, $4.20 in 30 days, most on 3 Nov ($1.00)". */
export function barsWords(agent: AgentCost, days: readonly string[]): string {
  let most = -1;
  agent.days.forEach((usd, i) => {
    if (usd !== null && (most < 0 || usd > (agent.days[most] ?? 0))) most = i;
  });
  const dearest = most < 0 ? '' : costsText.mostOn(dayWords(days[most] ?? ''), amount(agent.days[most] ?? null));
  return costsText.todayInDays(agentName(agent), spentWords(agent.today), spentWords(agent.total), days.length, dearest);
}

export function agentName(agent: Pick<AgentCost, 'agent'>): string {
  return agent.agent === '' ? costsText.noAgentNamed : agent.agent;
}

const runsWord = (n: number) => (n === 1 ? 'run' : 'runs');

/** "12 of 40 runs told nothing of what they used."; null when all did. */
export function untoldWords(costs: Pick<Costs, 'runs' | 'runs_untold'>): string | null {
  if (costs.runs_untold === 0) return null;
  return costsText.ofToldNothingOfWhat(grouped(costs.runs_untold), grouped(costs.runs), runsWord(costs.runs), costs.runs_untold);
}

/** What was paid for runs that nothing confirmed; null when there is none. */
export function unprovenOf(costs: Costs): { usd: number; words: string; cueId: string | null } | null {
  const paid = costs.unproven.filter((one) => one.cost_usd !== null && one.cost_usd > 0);
  const usd = paid.reduce((sum, one) => sum + (one.cost_usd ?? 0), 0);
  if (usd === 0) return null;
  const ways = paid.map((one, i) => `${grouped(one.runs)} ${one.verdict}${i === 0 ? ` ${runsWord(one.runs)}` : ''}`);
  const all = ways.length === 1 ? ways[0] : costsText.and(ways.slice(0, -1).join(', '), ways[ways.length - 1] ?? '');
  const dearest = [...costs.by_cue].sort((a, b) => (b.unproven_usd ?? 0) - (a.unproven_usd ?? 0))[0];
  const most = costs.by_cue.length > 1 && dearest && (dearest.unproven_usd ?? 0) > usd / 2 ? costsText.mostIn(dearest.cue) : '';
  return { usd, words: `${all}${most}${paid.some((one) => one.verdict !== 'refuted') ? '' : costsText.aCheckFoundItNotDone}`, cueId: dearest !== undefined && !dearest.deleted && (dearest.unproven_usd ?? 0) > 0 ? dearest.cue_id : null };
}

/** Whether a cue asks for any proof: without one its runs can only be claimed. */
export function asksForProof(definition: unknown): boolean {
  const said = (value: unknown) => value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0);
  const whole = (definition ?? {}) as Record<string, unknown>;
  return said(whole['checks']) || whole['confirm'] === 'checks' || whole['confirm'] === 'exit_code' || whole['confirm'] === 'delivery' || Object.values(objectAt(definition, 'expect')).some(said);
}

/** Cues that ran and of which nobody knows yet what is usual: it takes so many good runs. Of a range shorter than all that is kept, only those that were looked at. `looked`: by cue, how many good runs its range rests on. */
export function rangeless(costs: Pick<Costs, 'by_cue' | 'days'>, looked: ReadonlyMap<string, Pick<EnvelopeView, 'runs'>>): { cues: number; all: boolean } {
  const there = costs.by_cue.filter((cue) => !cue.deleted);
  const without = there.filter((cue) => {
    const of = looked.get(cue.cue_id);
    return of === undefined ? costs.days.length >= LONGEST && cue.runs < RUNS_LEAST : of.runs < RUNS_LEAST;
  }).length;
  return { cues: without, all: without > 0 && without === there.length };
}

/** What is said where no run left its range: of many nobody could tell. */
export function nothingOddWords(without: { cues: number; all: boolean }): string {
  if (without.all) return costsText.noRangeKnownYet(grouped(without.cues), without.cues, RUNS_LEAST);
  return without.cues === 0 ? costsText.nothingTodayNoRunLeft : `${costsText.nothingTodayNoRunLeft} ${costsText.noRangeKnownOf(grouped(without.cues), without.cues, RUNS_LEAST)}`;
}

/** Models whose calls nobody can price, the most calls first. */
export function unpriced(costs: Pick<Costs, 'by_model'>): ModelCost[] {
  return costs.by_model.filter((model) => model.not_priced > 0).sort((a, b) => b.not_priced - a.not_priced);
}

/** "2 cues told tokens and no cost, and name no model."; null when none did. */
export function tokensOnlyWords(costs: Pick<Costs, 'by_cue'>): string | null {
  const cues = costs.by_cue.filter((cue) => cue.total.cost_usd === null && (cue.total.tokens ?? 0) > 0 && cue.not_priced === 0).length;
  return cues === 0 ? null : costsText.cuesToldTokensAndNo(grouped(cues), cues);
}

/** True where a price can be set for it: calls that name no model have none. */
export function canBePriced(model: Pick<ModelCost, 'model'>): boolean {
  return model.model !== costsText.noModelNamed && model.model !== costsText.otherModels;
}

/** True when there is nothing to show at all. */
export function isEmpty(costs: Costs): boolean {
  return costs.last_30_days.tokens === null && costs.last_30_days.cost_usd === null && costs.by_cue.length === 0 && costs.by_agent.length === 0;
}

/** Whether a total says anything, and of what: for the columns that would be empty otherwise. */
export function cuesToShow(cues: readonly CueCost[], all: boolean): readonly CueCost[] {
  return all ? cues : cues.filter((cue) => cue.total.cost_usd !== null || (cue.total.tokens ?? 0) > 0);
}

/** What a cue may cost a day, and how much of it is spent: its own fuse, else the one of all; null where there is no limit. */
export function dayFuse(today_usd: number | null, definition: unknown, usual: number | null, blown: boolean): { share: number; words: string; tone: 'mark' | 'warn' | 'bad' } | null {
  const own = objectAt(objectAt(definition, 'budget'), 'day')['cost_usd'];
  const most = typeof own === 'number' ? own : usual;
  if (blown) return { share: 1, words: costsText.tripped, tone: 'bad' };
  if (most === null || most <= 0) return null;
  const share = (today_usd ?? 0) / most;
  const percent = share > 0 && share < 0.01 ? costsText.under1 : String(Math.round(share * 100));
  return { share: Math.min(1, share), words: costsText.ofIt(percent, roundMoney(most)), tone: share >= 0.8 ? 'warn' : 'mark' };
}
