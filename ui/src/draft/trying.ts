//! What a test fire of the form leaves out, and what its result says about the form as it stands. Pure.
import * as editorText from '../text/editor';
import type { Mark } from '../wire';
import { isLive } from '../words';
import { comesAgain } from './schedule';
import type { Draft } from './draft';

/** Why this form cannot be fired; null when it can. */
export function untriable(draft: Pick<Draft, 'transport'>): string | null {
  return draft.transport === 'watch' ? editorText.theTowerDoesNotStart : null;
}

/** What a test fire leaves out of the form, in a sentence. */
export function leftOutWords(draft: Draft): string {
  const out = [comesAgain(draft.kind) || draft.kind === 'once' || draft.kind === 'after' ? editorText.noDueTime : '', Number(draft.attempts) > 1 ? editorText.noSecondAttempt : '', draft.transport === 'command' && draft.restart !== 'never' ? editorText.noSecondStart : '', draft.fallback !== '' || draft.onSuccess !== '' || draft.failWebhook !== '' || draft.pauseOnFailure ? editorText.nothingThatFollowsIt : ''].filter((words) => words !== '');
  return editorText.onceByThisFormNothing(out.length === 0 ? editorText.nothingIsLeftOut : `${out.join(', ')}`);
}

/** What the result means for whoever wants to arm the form; null while it goes on. */
export function tried(mark: Mark, changed: boolean): { words: string; good: boolean } | null {
  if (isLive(mark) || mark.confirmed === 'none' && mark.ended_at_ms === null && mark.delivered !== 'bounced') return null;
  if (changed) return { words: editorText.theFormHasChangedSince, good: false };
  switch (mark.confirmed) {
    case 'confirmed':
      return { words: editorText.itDidWhatTheForm, good: true };
    case 'claimed':
      return { words: editorText.itSaysItDidAsk, good: true };
    case 'refuted':
      return { words: editorText.itSaysItDid, good: false };
    case 'silent':
      return { words: editorText.itDidNotReport, good: false };
    default:
      return { words: editorText.itDidNotDo, good: false };
  }
}
