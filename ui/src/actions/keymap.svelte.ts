//! The owner's keys, kept; and what buttons and lists show of them.
import { ariaChord, shownChord } from '../keys';
import { keep, kept } from '../state/keep';
import { chordsOf, readChanges, type Changes } from './keymap';
import { ACTIONS, actionOf, type ActionId } from './list';

let changes = $state.raw<Changes>(kept('keys', readChanges, {}));

function set(next: Changes): void {
  changes = next;
  keep('keys', Object.keys(next).length === 0 ? null : JSON.stringify(next));
}

export const keymap = {
  get changes(): Changes {
    return changes;
  },
  /** The key that is shown with an action; empty: it has none. */
  shown(id: ActionId): string {
    const [chord] = chordsOf(id, changes);
    return chord === undefined ? '' : shownChord(chord);
  },
  isChanged(id: ActionId): boolean {
    return changes[id] !== undefined;
  },
  /** Null: no key. */
  give(id: ActionId, chord: string | null): void {
    const usual = actionOf(id).keys;
    const rest = Object.fromEntries(ACTIONS.flatMap((action) => (action.id !== id && changes[action.id] !== undefined ? [[action.id, changes[action.id]]] : []))) as Changes;
    set(chord !== null && usual[0] === chord ? rest : { ...rest, [id]: chord });
  },
  /** Of one, or of all. */
  reset(id?: ActionId): void {
    set(id === undefined ? {} : (Object.fromEntries(Object.entries(changes).filter(([one]) => one !== id)) as Changes));
  }
};

/** "Board  (G B)": what a button is called, with its key. */
export function hint(id: ActionId, name: string = actionOf(id).name): string {
  const shown = keymap.shown(id);
  return shown === '' ? name : `${name}  (${shown})`;
}

/** For `aria-keyshortcuts`. */
export function shortcut(id: ActionId): string | undefined {
  const [chord] = chordsOf(id, changes);
  return (chord === undefined ? null : ariaChord(chord)) ?? undefined;
}
