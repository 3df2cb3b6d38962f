//! Fuses, whose shapes the tower does not generate yet. This file goes when `wire/` has them.
import type { Nothing } from '../wire';

export interface RunLimits {
  cost_usd: number | null;
  tokens: number | null;
  steps: number | null;
}
export interface DayLimits {
  cost_usd: number | null;
  tokens: number | null;
}
export interface BlownView {
  what: string;
  name: string;
  cue_id: string | null;
  words: string;
  until_ms: number;
}
export interface FusesSet {
  run: RunLimits;
  cue_day: DayLimits;
  agent_day: DayLimits;
  fleet_day: DayLimits;
}
export interface Fuses extends FusesSet {
  spent: { fleet_cost_usd: number; fleet_tokens: number };
  blown: BlownView[];
}

declare module '../wire/Commands' {
  interface Commands {
    fuses: [Nothing, Fuses];
    fuses_set: [FusesSet, Fuses];
  }
}
