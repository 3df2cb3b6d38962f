//! The ledger held against the history of every cue's definitions: asked for at the start, every few minutes, and after every gap.
import { untrack } from 'svelte';
import { DAY, MINUTE, SECOND } from '../time';
import type { Audit } from '../wire';
import { desk } from './desk.svelte';

const EVERY_MS = 5 * MINUTE;
const AFTER_A_GAP_MS = 3 * SECOND;
/** It looks through days of history: not before the board is drawn. */
const AFTER_THE_BOARD_MS = 1500;

class AuditState {
  /** Of the last seven days. */
  recent = $state.raw<Audit | null>(null);
  /** Of the whole history, once it was asked for. */
  whole = $state.raw<Audit | null>(null);
  asking = $state(false);
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Unexplained due times that are known of. */
  get unexplained(): number {
    return Math.max(this.recent?.unexplained ?? 0, this.whole?.unexplained ?? 0);
  }

  start(): void {
    $effect.root(() => {
      $effect(() => {
        if (desk.round > 0) untrack(() => this.#soon(AFTER_THE_BOARD_MS));
      });
    });
    desk.onEvent((event) => {
      if (event.bands.length > 0) this.#soon(AFTER_A_GAP_MS);
    });
  }

  /** Looks back so many days; null: over the whole history. */
  async ask(days: number | null): Promise<void> {
    if (this.asking) return;
    this.asking = true;
    try {
      const audit = await desk.ask('ledger_audit', { days });
      if (days === null) this.whole = audit;
      else this.recent = audit;
      // A newer look at the part may find what an older look at the whole did not.
      if (days !== null && this.whole !== null && audit.to_ms - this.whole.to_ms > DAY) this.whole = null;
    } catch {
      // Asked again in a while.
    }
    this.asking = false;
    this.#soon(EVERY_MS);
  }

  #soon(after_ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.ask(7), after_ms);
  }
}

export const audit = new AuditState();
