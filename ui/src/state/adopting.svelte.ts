//! What was adopted, and whether the window asks what else could be.
import { refusalFrom, type Stop } from '../bridge';
import type { AdoptedView } from '../wire';
import { desk } from './desk.svelte';
import { following } from './following';

class Adopting {
  /** The dialog is open. */
  open = $state(false);
  /** By cue. */
  list = $state.raw<ReadonlyMap<string, AdoptedView>>(new Map());
  trouble = $state<string | null>(null);
  #watchers = 0;
  #stop: Stop | null = null;

  /** It changes by the tower's own commands, which change or take a cue each time. */
  watch(): Stop {
    if (this.#watchers++ === 0) this.#stop = following((event) => event.cues.length > 0 || event.cues_removed.length > 0, () => this.load());
    return () => {
      if (--this.#watchers === 0) this.#stop?.();
    };
  }

  async load(): Promise<void> {
    if (desk.phase !== 'ready') return;
    try {
      const { adopted } = await desk.ask('adopt_list', {});
      this.list = new Map(adopted.filter((one) => one.stage !== 'undone').map((one) => [one.cue_id, one]));
      this.trouble = null;
    } catch (error) {
      this.trouble = refusalFrom(error).message;
    }
  }
}

export const adopting = new Adopting();
