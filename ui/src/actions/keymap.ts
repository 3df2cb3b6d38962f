//! Which keys stand for which action, with what the owner changed. Pure.
import * as actionsText from '../text/actions';
import { ACTIONS, actionOf, type ActionId, type ActionSpec, type Where } from './list';

/** What the owner changed: the chord of an action, or null for none. */
export type Changes = Readonly<Partial<Record<ActionId, string | null>>>;

/** The chords of an action, as they stand. */
export function chordsOf(id: ActionId, changes: Changes): readonly string[] {
  const changed = changes[id];
  return changed === undefined ? actionOf(id).keys : changed === null ? [] : [changed];
}

/** Reads what was kept; what no longer is an action is left out. */
export function readChanges(text: string): Changes | null {
  try {
    const value = JSON.parse(text) as Record<string, unknown>;
    if (typeof value !== 'object' || value === null) return null;
    return Object.fromEntries(ACTIONS.flatMap(({ id }) => (typeof value[id] === 'string' || value[id] === null ? [[id, value[id] as string | null]] : []))) as Changes;
  } catch {
    return null;
  }
}

/** True where both could be meant by one stroke at one place. */
function meet(a: Where, b: Where): boolean {
  return a === b || a === 'everywhere' || b === 'everywhere';
}

/** True when one chord is the other, or its beginning. */
function begins(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b} `) || b.startsWith(`${a} `);
}

/** The action that has this chord already, where both could be meant. */
export function conflictOf(id: ActionId, chord: string, changes: Changes): ActionSpec | null {
  const { where } = actionOf(id);
  return ACTIONS.find((other) => other.id !== id && meet(where, other.where) && chordsOf(other.id, changes).some((known) => begins(known, chord))) ?? null;
}

/** A chord that may be given to an action: keys that move, open, close and tick stay what they are, and so does what the system takes. */
export function wrongChord(chord: string): string | null {
  const last = chord.split(' ').at(-1) ?? '';
  if (/^(shift\+)?(enter|escape|tab|space|arrow(left|right|up|down)|backspace|delete)$/.test(last)) return actionsText.thisKeyMovesOpensCloses;
  if (/^mod\+(c|v|x|a|z|w|q|t|n|r|l)$/.test(last)) return actionsText.thisKeyBelongs;
  return null;
}

export type Found = { is: 'action'; action: ActionSpec; chord: string } | { is: 'beginning' } | { is: 'gone' } | { is: 'nothing' };

/**
 * What the strokes so far mean at these places, the nearest first. `gone`: the key of an action that was given another one, so that it does
 * nothing any more.
 */
export function find(strokes: string, places: readonly Where[], changes: Changes): Found {
  let beginning = false;
  let gone = false;
  for (const place of [...places, 'everywhere' as const]) {
    for (const action of ACTIONS) {
      if (action.where !== place) continue;
      const chords = chordsOf(action.id, changes);
      if (chords.includes(strokes)) return { is: 'action', action, chord: strokes };
      if (chords.some((chord) => chord.startsWith(`${strokes} `))) beginning = true;
      if (!chords.includes(strokes) && (action.keys as readonly string[]).includes(strokes)) gone = true;
    }
  }
  return beginning ? { is: 'beginning' } : gone ? { is: 'gone' } : { is: 'nothing' };
}
