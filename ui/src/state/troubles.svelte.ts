//! What is not ordinary about the tower at this moment, but for what the owner put aside in this window.
import { desk } from './desk.svelte';
import { network } from './online.svelte';
import { troublesOf, type Trouble } from './trouble';

let hidden = $state.raw<readonly string[]>([]);

const all = $derived(desk.status === null ? [] : troublesOf({ status: desk.status, cues: desk.fleet.cues.values(), bands: desk.fleet.bands, offSince_ms: network.offSince_ms, now_ms: desk.slow_ms }));

export const troubles = {
  get list(): readonly Trouble[] {
    return all.filter((trouble) => !hidden.includes(trouble.key));
  },
  /** The one that takes over a cell of the strip, also when its band is put aside. */
  get cell(): Trouble | undefined {
    return all.find((trouble) => trouble.cell !== null);
  },
  hide(key: Trouble['key']): void {
    hidden = [...hidden, key];
  }
};
