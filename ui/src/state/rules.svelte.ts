//! When the owner wants to be told what, kept up to date while somebody looks at it; each change is kept at once.
import { refusalFrom, type Stop } from '../bridge';
import type { AlertRules } from '../wire';
import { desk } from './desk.svelte';
import { following } from './following';

class RulesState {
  /** Null until the tower has said. */
  all = $state.raw<AlertRules | null>(null);
  /** What the tower did not take, by its field; "" for the whole. */
  refused = $state.raw<{ field: string; message: string } | null>(null);

  watch(): Stop {
    return following(['alerts'], () => this.#load());
  }

  /** Keeps a change. True when it was taken. */
  async change(change: Partial<AlertRules>): Promise<boolean> {
    if (this.all === null) return false;
    const before = this.all;
    this.all = { ...before, ...change };
    try {
      this.all = await desk.ask('alert_rules_set', this.all);
      this.refused = null;
      return true;
    } catch (error) {
      const refusal = refusalFrom(error);
      this.all = before;
      this.refused = { field: refusal.field ?? '', message: refusal.message };
      return false;
    }
  }

  async #load(): Promise<void> {
    if (desk.phase !== 'ready') return;
    try {
      this.all = await desk.ask('alert_rules', {});
    } catch (error) {
      const refusal = refusalFrom(error);
      if (refusal.code !== 'unreachable') this.refused = { field: '', message: refusal.message };
    }
  }
}

export const rules = new RulesState();
