//! What the tower lets runs, cues, agents and the whole fleet use, kept up to date while somebody looks at it.
import { refusalFrom, type Stop } from '../bridge';
import { movesCosts } from './costs.svelte';
import { desk } from './desk.svelte';
import { following } from './following';
import type { Fuses } from '../wire';

const EVERY_MS = 30_000;
const APART_MS = 2000;

class FusesState {
  /** Null until the tower has said. */
  all = $state.raw<Fuses | null>(null);
  trouble = $state<string | null>(null);
  #watchers = 0;
  #stop: Stop | null = null;

  /** Keeps them up to date until the answer is called. */
  watch(): Stop {
    if (this.#watchers++ === 0) this.#stop = following((event) => event.topics.includes('fuses') || movesCosts(event), () => this.#load(), EVERY_MS, APART_MS);
    return () => {
      if (--this.#watchers === 0) this.#stop?.();
    };
  }

  /** Shows what a command answered with. */
  take(answer: Fuses): void {
    [this.all, this.trouble] = [answer, null];
  }

  async #load(): Promise<void> {
    if (desk.phase !== 'ready' || (document.hidden && this.all)) return;
    try {
      this.take(await desk.ask('fuses', {}));
    } catch (error) {
      const refusal = refusalFrom(error);
      if (refusal.code !== 'unreachable') this.trouble = refusal.message;
    }
  }
}

export const fuses = new FusesState();
