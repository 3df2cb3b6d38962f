//! How much of the past is kept, asked for while somebody looks.
import { refusalFrom, type Stop } from '../bridge';
import type { RetentionView } from '../wire';
import { desk } from './desk.svelte';
import { following } from './following';

/** No event tells of it, and to answer the tower counts its runs. */
const EVERY_MS = 10_000;

class Retaining {
  /** Null until the tower has said. */
  view = $state.raw<RetentionView | null>(null);
  trouble = $state<string | null>(null);

  watch(): Stop {
    return following([], () => this.load(), EVERY_MS);
  }

  async load(): Promise<void> {
    if (desk.phase !== 'ready' || document.hidden) return;
    try {
      this.view = await desk.ask('retention', {});
      this.trouble = null;
    } catch (error) {
      const refusal = refusalFrom(error);
      if (refusal.code !== 'unreachable') this.trouble = refusal.message;
    }
  }

  /** Puts away what is beyond the limits, and answers when that is over. */
  async run(): Promise<RetentionView> {
    const before = this.view;
    if (before) this.view = { ...before, running: true, so_far: null };
    try {
      return (this.view = await desk.ask('retention_run', {}));
    } catch (error) {
      this.view = before;
      throw error;
    }
  }
}

export const retaining = new Retaining();
