//! What was spent, kept up to date while somebody looks at it.
import { refusalFrom, type Stop } from '../bridge';
import type { Costs, DeskEvent } from '../wire';
import { desk } from './desk.svelte';
import { following } from './following';

/** Beats of agents make no event, and days end. */
const EVERY_MS = 15_000;
/** Summing thirty days is no work for every step of a run. */
const APART_MS = 3000;

/** Agents may say what they used outside of any run, too. */
export const movesCosts = (event: DeskEvent) => event.runs_stepped.length > 0 || event.marks.length > 0 || event.topics.includes('prices') || event.topics.includes('agents');

class CostsState {
  /** Null until the tower has said. */
  costs = $state.raw<Costs | null>(null);
  /** With today. */
  days = $state(30);
  trouble = $state<string | null>(null);

  /** Keeps them up to date until the answer is called. */
  watch(): Stop {
    return following(movesCosts, () => this.#load(), EVERY_MS, APART_MS);
  }

  /** Shows another range. */
  range(days: number): void {
    this.days = days;
    void this.#load();
  }

  async #load(): Promise<void> {
    if (desk.phase !== 'ready' || (document.hidden && this.costs)) return;
    const days = this.days;
    try {
      const costs = await desk.ask('costs', { days });
      // Another range may have been asked for meanwhile.
      if (days === this.days) [this.costs, this.trouble] = [costs, null];
    } catch (error) {
      const refusal = refusalFrom(error);
      if (refusal.code !== 'unreachable') this.trouble = refusal.message;
    }
  }
}

export const costs = new CostsState();
