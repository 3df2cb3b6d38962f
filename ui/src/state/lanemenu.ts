//! What can be done to a cue from its lane.
import { fireNow, pauseCue, resumeCue } from '../actions';
import * as actionsText from '../text/actions';
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
  const away = desk.stale ? actionsText.theTowerDoesNotAnswer : null;
  return [
    { text: actionsText.fireNow, icon: 'play', cannot: away, run: () => void fireNow(cue) },
    { text: actionsText.fireWith, cannot: away, run: () => asking.ask('fire', cue.id) },
    next_ms === null ? { text: actionsText.skipTheNext, cannot: paused ? actionsText.itIsPaused : actionsText.itHasNoNextDue, run: () => undefined } : { text: actionsText.skipTheNextOfWhen(whenWords(next_ms, desk.clock(), desk.zone)), cannot: away, run: () => void pauseCue(cue, next_ms + AFTER_MS) },
    paused ? { text: actionsText.resume, icon: 'play', cannot: away, run: () => void resumeCue(cue) } : { text: actionsText.pause, icon: 'pause', cannot: cue.status === 'active' ? away : actionsText.itHasEnded, run: () => void pauseCue(cue) },
    ...(paused ? [] : [{ text: actionsText.pauseUntil, cannot: cue.status === 'active' ? away : actionsText.itHasEnded, run: () => asking.ask('pause', cue.id) }]),
    { text: actionsText.edit, apart: true, run: () => router.go({ at: 'cue', cueId: cue.id }) },
    { text: actionsText.duplicate, run: () => router.go({ at: 'new', from: cue.id }) },
    { text: actionsText.history, icon: 'clock', run: () => board.history(cue.name) },
    { text: actionsText.delete2, danger: true, apart: true, cannot: away, run: () => (board.deleting = cue.id) }
  ];
}
