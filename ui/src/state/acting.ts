//! What acts on the tower rests while it does not answer, and says why: nothing that is pressed then would be done.
import * as frameText from '../text/frame';
import { desk } from './desk.svelte';

/** Of a button or a switch: `{...acting(busy)}`. `busy`: it rests for another reason; `title`: what it says otherwise. */
export function acting(busy = false, title?: string | null): { disabled: boolean; title: string | undefined } {
  return desk.stale ? { disabled: true, title: frameText.waitsForTheTower } : { disabled: busy, title: title ?? undefined };
}
