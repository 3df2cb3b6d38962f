//! The backups and the tower's settings, asked for while somebody looks: what a schedule says is a setting, so that they are kept together.
import { refusalFrom, type Stop } from '../bridge';
import type { Backups, SettingsView } from '../wire';
import { desk } from './desk.svelte';
import { following } from './following';

/** Neither makes an event: the clock makes backups, and an editor may change the file. */
const EVERY_MS = 5000;

class Keeping {
  /** Null until the tower has said. */
  backups = $state.raw<Backups | null>(null);
  settings = $state.raw<SettingsView | null>(null);
  trouble = $state<string | null>(null);
  /** Of the backup that was chosen here to become the store. */
  waits_made_at_ms = $state<number | null>(null);
  /** Secrets whose values it does not bring. */
  closed = $state.raw<readonly string[]>([]);
  #watchers = 0;
  #stop: Stop | null = null;

  watch(): Stop {
    if (this.#watchers++ === 0) this.#stop = following([], () => this.load(), EVERY_MS);
    return () => {
      if (--this.#watchers === 0) this.#stop?.();
    };
  }

  async load(): Promise<void> {
    if (desk.phase !== 'ready' || document.hidden) return;
    try {
      [this.backups, this.settings] = await Promise.all([desk.ask('backups', {}), desk.ask('settings', {})]);
      this.trouble = null;
    } catch (error) {
      const refusal = refusalFrom(error);
      if (refusal.code !== 'unreachable') this.trouble = refusal.message;
    }
  }
}

export const keeping = new Keeping();
