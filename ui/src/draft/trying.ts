//! What a test fire of the form leaves out, and what its result says about the form as it stands. Pure.
import type { Mark } from '../wire';
import { isLive } from '../words';
import { comesAgain } from './schedule';
import type { Draft } from './draft';

/** Why this form cannot be fired; null when it can. */
export function untriable(draft: Pick<Draft, 'transport'>): string | null {
  return draft.transport === 'watch' ? 'The tower does not start what it only watches: save it, and send its first ping.' : null;
}

/** What a test fire leaves out of the form, in a sentence. */
export function leftOutWords(draft: Draft): string {
  const out = [comesAgain(draft.kind) || draft.kind === 'once' || draft.kind === 'after' ? 'no due time' : '', Number(draft.attempts) > 1 ? 'no second attempt' : '', draft.transport === 'command' && draft.restart !== 'never' ? 'no second start' : '', draft.fallback !== '' || draft.onSuccess !== '' || draft.failWebhook !== '' || draft.pauseOnFailure ? 'nothing that follows it' : ''].filter((words) => words !== '');
  return `Once, by this form: ${out.length === 0 ? 'nothing is left out' : `${out.join(', ')}`}. Nothing is saved.`;
}

/** What the result means for whoever wants to arm the form; null while it goes on. */
export function tried(mark: Mark, changed: boolean): { words: string; good: boolean } | null {
  if (isLive(mark) || mark.confirmed === 'none' && mark.ended_at_ms === null && mark.delivered !== 'bounced') return null;
  if (changed) return { words: 'The form has changed since.', good: false };
  switch (mark.confirmed) {
    case 'confirmed':
      return { words: 'It did what the form asks for, and proved it.', good: true };
    case 'claimed':
      return { words: 'It says it did. Ask for proof in the form, and the tower looks itself.', good: true };
    case 'refuted':
      return { words: 'It says it did, and the proof disagrees. Armed like this, it would need you.', good: false };
    case 'silent':
      return { words: 'It did not report in time. Armed like this, it would need you.', good: false };
    default:
      return { words: 'It did not do it. Mend the form or the agent, and fire again.', good: false };
  }
}
