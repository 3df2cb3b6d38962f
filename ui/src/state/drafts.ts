//! Forms that were begun and not saved, so that neither leaving the editor nor a reload loses them. Kept for as long as the window is open.
import type { Draft } from '../draft/draft';
import { withoutValues } from '../draft/keeping';

interface Begun {
  draft: Draft;
  /** Of the cue when the form was opened; null for a new cue. */
  revision: number | null;
}

const PREFIX = 'cuetower.draft.';
const begun = new Map<string, Begun>();

/** What a reload left behind. */
function stored(key: string): Begun | undefined {
  try {
    const text = sessionStorage.getItem(PREFIX + key);
    return text === null ? undefined : (JSON.parse(text) as Begun);
  } catch {
    return undefined;
  }
}

function store(key: string, known: Begun | null): void {
  try {
    if (known === null) sessionStorage.removeItem(PREFIX + key);
    else sessionStorage.setItem(PREFIX + key, JSON.stringify(known));
  } catch {
    // Without storage a form outlives the way to another screen, and no reload.
  }
}

export const drafts = {
  get(key: string): Begun | undefined {
    return begun.get(key) ?? stored(key);
  },
  keep(key: string, draft: Draft, revision: number | null): void {
    begun.set(key, { draft, revision });
    store(key, { draft: withoutValues(draft), revision });
  },
  drop(key: string): void {
    begun.delete(key);
    store(key, null);
  }
};
