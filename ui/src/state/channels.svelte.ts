//! The ways to reach the owner, and the outside ear that hears when the tower is gone: kept up to date while somebody looks.
import { refusalFrom, type Stop } from '../bridge';
import type { BeaconView, ChannelView, Channels } from '../wire';
import { desk } from './desk.svelte';
import { following } from './following';

/** A channel that fails, and a beacon that was heard, make no event each time. */
const EVERY_MS = 10_000;

class ChannelsState {
  /** Null until the tower has said. */
  list = $state.raw<readonly ChannelView[] | null>(null);
  beacon = $state.raw<BeaconView | null>(null);
  trouble = $state<string | null>(null);
  #watchers = 0;
  #stop: Stop | null = null;

  watch(): Stop {
    if (this.#watchers++ === 0) this.#stop = following(['channels'], () => this.#load(), EVERY_MS);
    return () => {
      if (--this.#watchers === 0) this.#stop?.();
    };
  }

  /** Shows what a command answered with. */
  take(answer: Channels): void {
    [this.list, this.beacon, this.trouble] = [answer.channels, answer.beacon, null];
  }

  async #load(): Promise<void> {
    if (desk.phase !== 'ready' || (document.hidden && this.list)) return;
    try {
      this.take(await desk.ask('channels', {}));
    } catch (error) {
      const refusal = refusalFrom(error);
      if (refusal.code !== 'unreachable') this.trouble = refusal.message;
    }
  }
}

export const channels = new ChannelsState();
