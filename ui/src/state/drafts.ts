//! Forms that were begun and not saved, so that leaving the editor loses nothing. Kept for as long as the window is open.
import type { Draft } from '../draft/draft';

interface Begun {
  draft: Draft;
  /** Of the cue when the form was opened; null for a new cue. */
  revision: number | null;
}

const begun = new Map<string, Begun>();

export const drafts = {
  get(key: string): Begun | undefined {
    return begun.get(key);
  },
  keep(key: string, draft: Draft, revision: number | null): void {
    begun.set(key, { draft, revision });
  },
  drop(key: string): void {
    begun.delete(key);
  }
};
