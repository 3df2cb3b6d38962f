//! What can be done to a cue from its lane.
import { fireNow, pauseCue, resumeCue } from '../actions';
import type { CueView } from '../wire';
import { asking } from './asking.svelte';
import { board } from './board.svelte';
import { desk } from './desk.svelte';
import type { MenuItem } from './menu.svelte';
import { whenWords } from './pausing';
import { router } from './router.svelte';

/** A pause that ends so long after a due time skips this one, and no other. */
const AFTER_MS = 1000;

export function laneMenu(cue: CueView): MenuItem[] {
  const next_ms = cue.status === 'active' ? cue.next_run_ms : null;
  const paused = cue.status === 'paused';
  return [
    { text: 'Fire now', icon: 'play', run: () => void fireNow(cue) },
    { text: 'Fire with…', run: () => asking.ask('fire', cue.id) },
    next_ms === null ? { text: 'Skip the next', cannot: paused ? 'It is paused.' : 'It has no next due time.', run: () => undefined } : { text: `Skip the next, ${whenWords(next_ms, desk.clock(), desk.zone)}`, run: () => void pauseCue(cue, next_ms + AFTER_MS) },
    paused ? { text: 'Resume', icon: 'play', run: () => void resumeCue(cue) } : { text: 'Pause', icon: 'pause', cannot: cue.status === 'active' ? null : 'It has ended.', run: () => void pauseCue(cue) },
    ...(paused ? [] : [{ text: 'Pause until…', cannot: cue.status === 'active' ? null : 'It has ended.', run: () => asking.ask('pause', cue.id) }]),
    { text: 'Edit', apart: true, run: () => router.go({ at: 'cue', cueId: cue.id }) },
    { text: 'Duplicate', run: () => router.go({ at: 'new', from: cue.id }) },
    { text: 'History', icon: 'clock', run: () => board.history(cue.name) },
    { text: 'Delete…', danger: true, apart: true, run: () => (board.deleting = cue.id) }
  ];
}
