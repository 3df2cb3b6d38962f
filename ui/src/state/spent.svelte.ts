//! What today cost, for the strip: always there, and light to ask for.
import { desk } from './desk.svelte';
import type { Stop } from '../bridge';
import { movesCosts } from './costs.svelte';
import { following } from './following';

const EVERY_MS = 30_000;
const APART_MS = 2000;

class Spent {
  /** Dollars; null: nobody said anything today. */
  usd = $state<number | null>(null);
  /** It was asked for, and the answer came. */
  known = $state(false);
  /** Dollars by the cue's id, without those of which nobody told; null: not known yet. */
  cues = $state.raw<Readonly<Record<string, number>> | null>(null);

  watch(): Stop {
    return following(movesCosts, () => this.#load(), EVERY_MS, APART_MS);
  }

  async #load(): Promise<void> {
    if (desk.phase !== 'ready' || document.hidden) return;
    try {
      const { today, cues } = await desk.ask('costs_today', {});
      [this.usd, this.cues] = [today.cost_usd, cues];
      this.known = true;
    } catch {
      // The pulse notices when nobody answers; what was known stays.
    }
  }
}

export const spent = new Spent();
