//! Since when there are records at all: before it the board shows no time in which nothing was due, but one that nobody wrote down.
import * as boardText from '../text/board';
import { hm, sameDay, stamp } from '../time';
import { BEFORE } from '../timeline/bands';
import type { BandView } from '../wire';
import { findBeginning } from './beginning';
import { desk } from './desk.svelte';

class Beginning {
  #at_ms = $state<number | null>(null);
  /** Records reach back to here at least. */
  #reach_ms = Infinity;
  #sure = false;
  #busy = false;
  /** The time before, as one more band of the board. */
  readonly bands = $derived.by((): readonly BandView[] => (this.#at_ms === null ? [] : [{ from_ms: -Infinity, to_ms: this.#at_ms, reason: BEFORE, label: boardText.noRecordsBefore(sameDay(this.#at_ms, desk.slow_ms, desk.zone) ? hm(this.#at_ms, desk.zone) : stamp(this.#at_ms, desk.slow_ms, desk.zone)) }]));

  constructor() {
    desk.onRound(() => {
      this.#reach_ms = Infinity;
      this.#sure = false;
    });
  }

  /** Makes sure that it is known for a picture that begins at `from_ms`. */
  async want(from_ms: number): Promise<void> {
    const oldest_ms = Math.min(...[...desk.fleet.lanes.values()].map((lane) => lane[0]?.due_ms ?? Infinity));
    if (this.#busy || this.#sure || from_ms >= this.#reach_ms || oldest_ms > desk.clock()) return;
    this.#busy = true;
    try {
      const newest = async (before_ms: number) => (await desk.ask('ledger', { cue_id: null, before_ms: Math.ceil(before_ms), limit: 1 })).marks[0]?.due_ms ?? null;
      const found = await findBeginning(newest, from_ms, desk.loadedFrom_ms, oldest_ms);
      this.#reach_ms = found;
      this.#sure = found >= from_ms;
      this.#at_ms = this.#sure ? found : null;
    } catch {
      // It is asked again when the board next moves.
    }
    this.#busy = false;
  }
}

export const beginning = new Beginning();
