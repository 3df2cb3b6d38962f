//! The ledger, page by page: what the tower told of older rows, and above them the live ones of the board.
import { refusalFrom } from '../bridge';
import type { Mark } from '../wire';
import { desk } from './desk.svelte';
import { mergedRows } from './ledger';

const PAGE = 200;

interface Pages {
  marks: readonly Mark[];
  /** Due times from here on are known. */
  from_ms: number;
  end: boolean;
}

class Ledger {
  /** By cue; the empty name is all of them. */
  #pages = $state.raw<ReadonlyMap<string, Pages>>(new Map());
  asking = $state(false);
  trouble = $state<string | null>(null);

  constructor() {
    desk.onRound(() => (this.#pages = new Map()));
  }

  /** Newest first, without a gap; of one cue, or of all. */
  rows(cueId: string | null): readonly Mark[] {
    const pages = this.#pages.get(cueId ?? '');
    const lanes = cueId === null ? desk.fleet.lanes.values() : [desk.fleet.lanes.get(cueId) ?? []];
    return mergedRows(lanes, pages?.marks ?? [], Math.min(desk.loadedFrom_ms, pages?.from_ms ?? Infinity));
  }

  isEnd(cueId: string | null): boolean {
    return this.#pages.get(cueId ?? '')?.end ?? false;
  }

  async older(cueId: string | null): Promise<void> {
    if (this.asking) return;
    this.asking = true;
    this.trouble = null;
    const pages = this.#pages.get(cueId ?? '');
    const before_ms = Math.min(pages?.from_ms ?? Infinity, desk.loadedFrom_ms);
    try {
      const answer = await desk.ask('ledger', { cue_id: cueId, before_ms: Number.isFinite(before_ms) ? Math.ceil(before_ms) : null, limit: PAGE });
      const last = answer.marks[answer.marks.length - 1]?.due_ms;
      let [fresh, from_ms] = [answer.marks, -Infinity];
      if (answer.more && last !== undefined) {
        // A page may end between two that were due at once: those come again with the next one. One that is full of a single instant is asked for whole.
        const single = fresh[0]?.due_ms === last;
        if (single) fresh = (await desk.ask('board', { from_ms: last, to_ms: last + 1 })).marks.filter((mark) => mark.due_ms === last && (cueId === null || mark.cue_id === cueId));
        from_ms = single ? last : last + 1;
      }
      const marks = [...(pages?.marks ?? []), ...fresh.filter((mark) => mark.due_ms >= from_ms)];
      // eslint-disable-next-line svelte/prefer-svelte-reactivity -- a new value each time: `#pages` is what is watched
      this.#pages = new Map(this.#pages).set(cueId ?? '', { marks, from_ms, end: !answer.more });
    } catch (error) {
      const refusal = refusalFrom(error);
      if (refusal.code !== 'session') this.trouble = `The ledger was not read. ${refusal.message}`;
    }
    this.asking = false;
  }
}

export const ledger = new Ledger();
