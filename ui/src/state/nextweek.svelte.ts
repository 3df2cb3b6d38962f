//! The due times of the next seven days, by the real scheduler on a virtual clock: asked for while somebody looks, again when cues change.
import type { Stop } from '../bridge';
import type { Simulation } from '../wire';
import { desk } from './desk.svelte';
import { following } from './following';

const DAYS = 7;
const EVERY_MS = 5 * 60_000;
const APART_MS = 20_000;

class NextWeek {
  /** Null until the tower has said. */
  known = $state.raw<Simulation | null>(null);

  watch(): Stop {
    return following((event) => event.cues.length > 0 || event.cues_removed.length > 0, () => this.#load(), EVERY_MS, APART_MS);
  }

  async #load(): Promise<void> {
    if (desk.phase !== 'ready' || (document.hidden && this.known)) return;
    try {
      this.known = await desk.ask('schedule_simulate', { days: DAYS, cue_id: null });
    } catch {
      // Without it nothing is said of what comes.
    }
  }
}

export const nextWeek = new NextWeek();
