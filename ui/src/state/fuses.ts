//! Fuses in words, and as they are typed. Pure.
import { count, dollars } from '../draft/watching';
import * as settingsText from '../text/settings';
import { money, roundMoney } from '../time';
import { objectAt } from '../draft/json';
import { tokensWords, usdWords } from '../run/labels';
import type { Fuses, FusesSet, SpendView } from '../wire';
import { brief } from './agents';

/** One limit of the form: its scope, and what it bounds. */
export type FuseField = 'run.cost_usd' | 'run.tokens' | 'run.steps' | 'cue_day.cost_usd' | 'cue_day.tokens' | 'agent_day.cost_usd' | 'agent_day.tokens' | 'fleet_day.cost_usd' | 'fleet_day.tokens';
export type FuseDraft = Record<FuseField, string>;
export type FuseErrors = Partial<Record<FuseField | 'whole', string>>;

/** The rows of the form, in the order in which they bite. */
export const FUSE_ROWS: readonly { scope: keyof FusesSet; word: string; say: string; fields: readonly FuseField[] }[] = [
  { scope: 'run', word: settingsText.oneRun, say: settingsText.thenItIsStopped, fields: ['run.cost_usd', 'run.tokens', 'run.steps'] },
  { scope: 'cue_day', word: settingsText.oneCueADay, say: settingsText.thenItsDueTimes, fields: ['cue_day.cost_usd', 'cue_day.tokens'] },
  { scope: 'agent_day', word: settingsText.oneAgentADay, say: settingsText.thenSo, fields: ['agent_day.cost_usd', 'agent_day.tokens'] },
  { scope: 'fleet_day', word: settingsText.allTogetherADay, say: settingsText.thenNothingMoreIsFired, fields: ['fleet_day.cost_usd', 'fleet_day.tokens'] }
];

const FIELDS = FUSE_ROWS.flatMap((row) => row.fields);

function limitOf(fuses: FusesSet, field: FuseField): number | null {
  const [scope, what] = field.split('.') as [keyof FusesSet, 'cost_usd' | 'tokens' | 'steps'];
  const limits: Partial<FusesSet['run']> = fuses[scope];
  return limits[what] ?? null;
}

/** "$25", "20M", "250k": where room is short. */
export function limitWords(fuses: FusesSet | null, field: FuseField): string {
  const limit = fuses === null ? null : limitOf(fuses, field);
  if (limit === null) return settingsText.noLimit;
  return field.endsWith('cost_usd') ? roundMoney(limit) : brief(limit);
}

/** "20,000,000": as `count` reads it, whatever the locale. */
const typedCount = (limit: number) => String(limit).replace(/\B(?=(\d{3})+(?!\d))/g, ',');

export function fuseDraft(fuses: FusesSet): FuseDraft {
  return Object.fromEntries(
    FIELDS.map((field) => {
      const limit = limitOf(fuses, field);
      return [field, limit === null ? '' : field.endsWith('cost_usd') ? limit.toFixed(2) : typedCount(limit)];
    })
  ) as FuseDraft;
}

/** What the form asks for, and what is wrong with it; an empty field is no limit. */
export function fusesOf(draft: FuseDraft): { set: FusesSet; errors: FuseErrors } {
  const errors: FuseErrors = {};
  const usd = (field: FuseField) => dollars(draft[field], () => (errors[field] = settingsText.anAmountInDollars));
  const whole = (field: FuseField) => count(draft[field], () => (errors[field] = settingsText.aWholeNumberAtLeast));
  const set: FusesSet = {
    run: { cost_usd: usd('run.cost_usd'), tokens: whole('run.tokens'), steps: whole('run.steps') },
    cue_day: { cost_usd: usd('cue_day.cost_usd'), tokens: whole('cue_day.tokens') },
    agent_day: { cost_usd: usd('agent_day.cost_usd'), tokens: whole('agent_day.tokens') },
    fleet_day: { cost_usd: usd('fleet_day.cost_usd'), tokens: whole('fleet_day.tokens') }
  };
  return { set, errors };
}

/** The form's field for a field of the host. */
export function fuseField(field: string | null): FuseField | 'whole' {
  return FIELDS.find((one) => one === field) ?? 'whole';
}

/** What a run has used of what it may: its cue's own fuse, else the one of all. Where nobody said what it used, nothing is known. */
export function runFuses(spend: Pick<SpendView, 'cost_usd' | 'tokens'>, definition: unknown, fuses: FusesSet | null): { name: string; words: string; share: number; tone: 'mark' | 'warn' | 'bad' }[] {
  const own = objectAt(objectAt(definition, 'budget'), 'run');
  const rows = [
    { name: settingsText.cost, used: spend.cost_usd, own: own['cost_usd'], usual: fuses?.run.cost_usd ?? null, words: usdWords, most: roundMoney },
    { name: settingsText.Tokens, used: spend.tokens, own: own['tokens'], usual: fuses?.run.tokens ?? null, words: (n: number) => tokensWords(n), most: (n: number) => tokensWords(n) }
  ];
  return rows.flatMap(({ name, used, own: said, usual, words, most: mostWords }) => {
    const most = typeof said === 'number' ? said : usual;
    if (used === null || most === null || most <= 0) return [];
    const share = used / most;
    return [{ name, words: settingsText.ofIt(words(used), mostWords(most)), share: Math.min(1, share), tone: share >= 1 ? ('bad' as const) : share >= 0.8 ? ('warn' as const) : ('mark' as const) }];
  });
}

/** How much of the fleet's day is spent: "$6.66 of $100.00", and how far that is, 0 to 1; null where there is no limit. */
export function fleetSpent(fuses: Fuses): { words: string; share: number; over: boolean } | null {
  const most = fuses.fleet_day.cost_usd;
  if (most === null) return null;
  const spent = fuses.spent.fleet_cost_usd;
  return { words: settingsText.ofOfSpent(money(spent), money(most)), share: Math.min(1, spent / most), over: spent >= most };
}
