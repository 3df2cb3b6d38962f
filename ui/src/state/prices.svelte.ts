//! The table of prices, kept up to date while somebody looks at it.
import { refusalFrom, type Stop } from '../bridge';
import type { Prices } from '../wire';
import { desk } from './desk.svelte';
import { following } from './following';

class PricesState {
  /** Null until the tower has said. */
  table = $state.raw<Prices | null>(null);
  trouble = $state<string | null>(null);
  #watchers = 0;
  #stop: Stop | null = null;

  watch(): Stop {
    if (this.#watchers++ === 0) this.#stop = following(['prices'], () => this.load());
    return () => {
      if (--this.#watchers === 0) this.#stop?.();
    };
  }

  /** Shows what a command answered with. */
  take(table: Prices): void {
    [this.table, this.trouble] = [table, null];
  }

  async load(): Promise<void> {
    if (desk.phase !== 'ready') return;
    try {
      this.take(await desk.ask('prices', {}));
    } catch (error) {
      const refusal = refusalFrom(error);
      if (refusal.code !== 'unreachable') this.trouble = refusal.message;
    }
  }
}

export const prices = new PricesState();
