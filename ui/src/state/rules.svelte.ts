//! When the owner wants to be told what, kept up to date while somebody looks at it; each change is kept at once.
import { refusalFrom, type Stop } from '../bridge';
import type { AlertRules } from '../wire';
import { desk } from './desk.svelte';
import { following } from './following';

/** Of the rules as they will be once all changes before it are taken. */
type Change = (now: AlertRules) => Partial<AlertRules>;

class RulesState {
  /** As they are, with the changes that are under way; null until the tower has said. */
  all = $state.raw<AlertRules | null>(null);
  /** What the tower did not take, by its field; "" for the whole. */
  refused = $state.raw<{ field: string; message: string } | null>(null);

  /** What the tower said last. */
  #told: AlertRules | null = null;
  /** In their order; each goes out when the one before it is answered, so that none puts back what another changed. */
  #waiting: Change[] = [];
  #last: Promise<unknown> = Promise.resolve();

  watch(): Stop {
    return following(['alerts'], () => this.#load());
  }

  /** Keeps a change. True when it was taken. */
  change(change: Change): Promise<boolean> {
    if (this.all === null) return Promise.resolve(false);
    this.#waiting.push(change);
    this.#show();
    const taken = this.#last.then(() => this.#send(change));
    this.#last = taken;
    return taken;
  }

  async #send(change: Change): Promise<boolean> {
    let taken = false;
    try {
      if (this.#told === null) return false;
      this.#told = await desk.ask('alert_rules_set', { ...this.#told, ...change(this.#told) });
      this.refused = null;
      taken = true;
    } catch (error) {
      const refusal = refusalFrom(error);
      this.refused = { field: refusal.field ?? '', message: refusal.message };
    } finally {
      this.#waiting = this.#waiting.filter((one) => one !== change);
      this.#show();
    }
    return taken;
  }

  #show(): void {
    this.all = this.#told && this.#waiting.reduce((now, change) => ({ ...now, ...change(now) }), this.#told);
  }

  async #load(): Promise<void> {
    if (desk.phase !== 'ready') return;
    const before = this.#told;
    try {
      const rules = await desk.ask('alert_rules', {});
      // What answers a change that was made meanwhile is newer than this.
      if (this.#waiting.length === 0 && this.#told === before) this.#told = rules;
      this.#show();
    } catch (error) {
      const refusal = refusalFrom(error);
      if (refusal.code !== 'unreachable') this.refused = { field: '', message: refusal.message };
    }
  }
}

export const rules = new RulesState();
