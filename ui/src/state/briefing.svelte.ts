//! The briefing on return: asked for when the window opens and when the tower says that something changed; shown until it is closed.
import { untrack } from 'svelte';
import { SvelteMap, SvelteSet } from 'svelte/reactivity';
import { refusalFrom } from '../bridge';
import * as frameText from '../text/frame';
import type { BriefingCard, BriefingLine } from '../wire';
import { merged, type Answer } from './briefing';
import { desk } from './desk.svelte';
import { notices } from './notice.svelte';

class BriefingState {
  card = $state.raw<BriefingCard | null>(null);
  readonly answers = new SvelteMap<string, Answer>();
  /** Occurrences whose answer is on its way. */
  readonly busy = new SvelteSet<string>();
  #asking = false;
  #again = false;

  start(): void {
    $effect.root(() => {
      $effect(() => {
        if (desk.round > 0) untrack(() => void this.#ask());
      });
    });
    desk.onEvent((event) => {
      const asked = this.card?.lines.map((line) => line.asks) ?? [];
      if (event.status_changed || event.bands.length > 0 || event.marks.some((mark) => asked.includes(mark.occurrence_id))) void this.#ask();
    });
  }

  /** Runs or skips what waits; the card stays and shows what came of it. */
  async answer(line: BriefingLine, run: boolean): Promise<void> {
    const id = line.asks;
    if (id === null || this.busy.has(id) || this.answers.has(id)) return;
    this.busy.add(id);
    try {
      await desk.ask('occurrence_answer', { cue_id: line.cue_id, occurrence_id: id, run });
      this.answers.set(id, run ? 'run' : 'skip');
    } catch (error) {
      notices.tell(frameText.wasNotAnswered(line.cue_name, refusalFrom(error).message), 'bad');
    }
    this.busy.delete(id);
  }

  /** Closes the card for good; what asks stays held. */
  close(): void {
    if (this.card === null) return;
    this.card = null;
    this.answers.clear();
    desk.ask('briefing_close', {}).catch(() => undefined);
  }

  async #ask(): Promise<void> {
    if (this.#asking) {
      this.#again = true;
      return;
    }
    this.#asking = true;
    do {
      this.#again = false;
      try {
        const { card } = await desk.ask('briefing', {});
        this.card = merged(this.card, card, (id) => this.answers.has(id) || this.busy.has(id));
      } catch {
        // The next change asks again.
      }
    } while (this.#again);
    this.#asking = false;
  }
}

export const briefing = new BriefingState();
