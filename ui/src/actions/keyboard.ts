//! The one place where a pressed key becomes an action. A room that knows only its usual keys gets those, whatever the owner pressed for them.
import { tick } from 'svelte';
import { eventOf, strokeOf, typing } from '../keys';
import { menus } from '../state/menu.svelte';
import { palette } from '../state/palette.svelte';
import { router } from '../state/router.svelte';
import type { Route } from '../state/route';
import { KeptKeys } from './kept';
import { keymap } from './keymap.svelte';
import { find } from './keymap';
import { actionOf, type ActionId, type Where } from './list';
import { act, isServed } from './run';

/** Between two strokes of one chord. */
const CHORD_MS = 900;
/** These act whatever is open. */
const ALWAYS: ReadonlySet<ActionId> = new Set<ActionId>(['palette', 'larger', 'smaller', 'usual-size']);
/** Rooms see these before the frame does. */
const LATE: ReadonlySet<ActionId> = new Set<ActionId>(['undo']);
const PLACES: Partial<Record<Route['at'], readonly Where[]>> = { board: ['board'], run: ['run', 'gates'], cue: ['editor'], new: ['editor'], gates: ['gates'], alerts: ['alerts'] };

let begun = '';
let until = 0;
const ours = new WeakSet<Event>();
/** These move the focus or press what has it: the browser does that by itself, and only for a key that was really pressed. */
const OF_CONTROLS: ReadonlySet<string> = new Set(['Tab', 'Enter', ' ']);
export const keptKeys = new KeptKeys((key) => (document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent('keydown', key)), tick);

/** Where the pressed key acts, the nearest first: a row of the bay has the keys of whatever waits in it. */
function placesAt(target: EventTarget | null): readonly Where[] {
  const room = PLACES[router.route.at] ?? [];
  return target instanceof Element && target.closest('.fstrip') ? ['gates', 'alerts', ...room] : room;
}

/** Before anybody else: `<svelte:window onkeydowncapture>`. */
export function pressed(event: KeyboardEvent): void {
  if (ours.has(event) || event.isComposing || event.defaultPrevented) return;
  // Whoever waits for keys gets them.
  if (event.target instanceof Element && event.target.closest('[data-catch]')) return;
  const stroke = strokeOf(event);
  if (stroke === null) return;
  const dialog = document.querySelector('dialog[open]') !== null;
  const places = placesAt(event.target);
  const chord = begun !== '' && until > performance.now() ? `${begun} ${stroke}` : stroke;
  begun = '';
  let found = find(chord, places, keymap.changes);
  if (chord !== stroke && (found.is === 'nothing' || found.is === 'gone')) found = find(stroke, places, keymap.changes);
  const modified = /^(mod|alt|ctrl|meta)\+/.test(stroke);
  if (found.is === 'action' && dialog && !ALWAYS.has(found.action.id as ActionId)) return;
  // What is asked has to be answered first: over it, the palette would open a second question on top. Over itself it begins anew.
  if (found.is === 'action' && found.action.id === 'palette' && dialog && palette.text === null) return done(event);
  if (found.is !== 'action' && dialog) return;
  if (!modified && typing(event)) return;
  // What the frame does it does at once; the rest is for the room or the menu that is on its way.
  const ofFrame = found.is === 'beginning' || found.is === 'gone' || (found.is === 'action' && isServed(found.action.id as ActionId));
  if (keptKeys.waits && !ofFrame && (!modified || found.is === 'action') && (menus.open !== null || !(OF_CONTROLS.has(event.key) && event.target !== document.body))) {
    keptKeys.keep(event);
    return done(event);
  }

  if (found.is === 'beginning') {
    [begun, until] = [chord, performance.now() + CHORD_MS];
    if (chord !== stroke || !isUsed(stroke, places)) done(event);
  } else if (found.is === 'gone') done(event);
  else if (found.is === 'action') {
    const id = found.action.id as ActionId;
    if (isServed(id) && !LATE.has(id)) {
      done(event);
      act(id);
      return;
    }
    const usual = actionOf(id).keys;
    if (usual.includes(found.chord) || usual[0] === undefined) return;
    done(event);
    const same = new KeyboardEvent('keydown', eventOf(usual[0]));
    ours.add(same);
    (event.target ?? document.body).dispatchEvent(same);
  }
}

/** After the rooms: `<svelte:window onkeydown>`. */
export function left(event: KeyboardEvent): void {
  if (event.defaultPrevented || typing(event) || document.querySelector('dialog[open]')) return;
  const stroke = strokeOf(event);
  for (const id of LATE) if (stroke === actionOf(id).keys[0] && !(keymap.isChanged(id) && !ours.has(event)) && act(id)) event.preventDefault();
}

function isUsed(stroke: string, places: readonly Where[]): boolean {
  return find(stroke, places, keymap.changes).is === 'action';
}

function done(event: KeyboardEvent): void {
  event.preventDefault();
  event.stopImmediatePropagation();
}
