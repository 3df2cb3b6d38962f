//! A search of the whole store while one types: asked a moment after the last letter, and only the newest answer counts.
import { untrack } from 'svelte';
import { refusalFrom } from '../bridge';
import type { SearchFound, SearchHit } from '../wire';
import { desk } from './desk.svelte';

const AFTER_MS = 120;

export class Search {
  found = $state.raw<SearchFound | null>(null);
  /** What the text asks for that cannot be: a sentence. */
  wrong = $state<string | null>(null);
  /** Nothing was answered: the tower did not, or not well. */
  trouble = $state<string | null>(null);
  busy = $state(false);
  #asked = '';
  #turn = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** An empty text asks nothing. */
  ask(text: string, after_ms: number = AFTER_MS): void {
    untrack(() => {
      const wanted = text.trim();
      if (wanted === this.#asked) return;
      this.#asked = wanted;
      this.#turn++;
      clearTimeout(this.#timer);
      if (wanted === '') {
        [this.found, this.wrong, this.trouble, this.busy] = [null, null, null, false];
        return;
      }
      this.busy = true;
      this.#timer = setTimeout(() => void this.#send(wanted, null), after_ms);
    });
  }

  /** The same again. */
  again(): void {
    const text = this.#asked;
    this.#asked = '';
    this.ask(text, 0);
  }

  /** Older runs, below those that are there. */
  async more(): Promise<void> {
    const cursor = this.found?.cursor ?? null;
    if (cursor === null || this.busy) return;
    this.busy = true;
    await this.#send(this.#asked, cursor);
  }

  async #send(text: string, cursor: string | null): Promise<void> {
    const turn = this.#turn;
    try {
      const answer = await desk.ask('search', { text, limit: this.#limit, ...(cursor === null ? {} : { cursor }) });
      if (turn !== this.#turn) return;
      this.found = cursor === null ? answer : { ...answer, hits: joined(this.found?.hits ?? [], answer.hits) };
      [this.wrong, this.trouble] = [null, null];
    } catch (error) {
      if (turn !== this.#turn) return;
      const refusal = refusalFrom(error);
      if (refusal.field === 'text') [this.wrong, this.trouble] = [refusal.message, null];
      else this.trouble = refusal.message;
      if (refusal.field === 'text') this.found = null;
    }
    this.busy = false;
  }
}

/** Nothing twice: a run may have moved on between two answers. */
function joined(before: readonly SearchHit[], more: readonly SearchHit[]): SearchHit[] {
  const there = new Set(before.map((hit) => `${hit.kind} ${hit.id} ${hit.title}`));
  return [...before, ...more.filter((hit) => !there.has(`${hit.kind} ${hit.id} ${hit.title}`))];
}
