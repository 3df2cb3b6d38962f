//! The pools as they stand, asked for while somebody looks: at once when they changed, and every so often, since what was used in the last minute grows old by itself.
import { refusalFrom, type Stop } from '../bridge';
import type { Pools, PoolView } from '../wire';
import { desk } from './desk.svelte';

const BUSY_MS = 2000;
const IDLE_MS = 8000;
const AFTER_EVENT_MS = 100;

class PoolsState {
  /** By name; null until the tower has said. */
  list = $state.raw<readonly PoolView[] | null>(null);
  trouble = $state<string | null>(null);
  #watchers = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stop: Stop | null = null;

  /** Keeps them up to date until the answer is called. */
  watch(): Stop {
    if (this.#watchers++ === 0) {
      void this.#load();
      this.#stop = desk.onEvent((event) => {
        if (event.pools_changed) this.#again(AFTER_EVENT_MS);
      });
    }
    return () => {
      if (--this.#watchers > 0) return;
      clearTimeout(this.#timer);
      this.#stop?.();
    };
  }

  /** Shows what a command answered with. */
  take(answer: Pools): void {
    this.list = answer.pools;
    this.trouble = null;
  }

  async #load(): Promise<void> {
    if (desk.phase === 'ready' && !document.hidden) {
      try {
        this.take(await desk.ask('pools', {}));
      } catch (error) {
        const refusal = refusalFrom(error);
        if (refusal.code !== 'unreachable') this.trouble = refusal.message;
      }
    }
    if (this.#watchers > 0) this.#again(desk.phase !== 'ready' ? 300 : (this.list ?? []).some((pool) => pool.holders.length + pool.waiting.length > 0) ? BUSY_MS : IDLE_MS);
  }

  #again(after_ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#load(), after_ms);
  }
}

export const pools = new PoolsState();
