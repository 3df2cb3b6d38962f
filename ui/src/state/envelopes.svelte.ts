//! What is usual of each cue's runs: asked for once where it is shown, and again when a run of the cue ends.
import { SvelteMap } from 'svelte/reactivity';
import type { Stop } from '../bridge';
import type { EnvelopeView } from '../wire';
import { desk } from './desk.svelte';
import { following } from './following';

const APART_MS = 3000;

class Envelopes {
  readonly of = new SvelteMap<string, EnvelopeView>();

  /** Keeps that of one cue up to date until the answer is called. */
  watch(cueId: string): Stop {
    return following((event) => event.marks.some((mark) => mark.cue_id === cueId && mark.ended_at_ms !== null), () => this.#load(cueId), null, APART_MS);
  }

  async #load(cueId: string): Promise<void> {
    try {
      this.of.set(cueId, await desk.ask('cue_envelope', { cue_id: cueId }));
    } catch {
      // A deleted cue has none; what was known stays.
    }
  }
}

export const envelopes = new Envelopes();
