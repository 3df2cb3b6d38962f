//! What the form asks for, read back in plain sentences. Pure.
import { lasting, placeOf, SECOND } from '../time';
import { joinWords, splitWords } from './argv';
import { EVIDENCE, type Draft } from './draft';

/** A run of words, plain, strong or as code. */
export interface Phrase {
  text: string;
  as: 'plain' | 'strong' | 'code';
}

/** The sentences of the read-back; `words` is the schedule as the host says it, when it could read it. */
export function readBack(draft: Draft, words: string | null): Phrase[] {
  const out: Phrase[] = [];
  const say = (text: string, as: Phrase['as'] = 'plain') => out.push({ text, as });
  if (draft.kind === 'manual') say('When you fire it', 'strong');
  else if (words === null) say('When it is due', 'strong');
  else say(words.charAt(0).toUpperCase() + words.slice(1), 'strong');
  if (draft.kind !== 'manual' && draft.zone.trim() !== '') say(`, ${placeOf(draft.zone.trim())} time`);
  if (draft.transport === 'webhook') {
    say(`, send ${draft.method} to `);
    say(draft.address.trim() || 'an address', draft.address.trim() ? 'code' : 'plain');
  } else {
    const split = draft.shell ? null : splitWords(draft.command);
    const program = split && 'words' in split ? startOf(split.words) : '';
    say(draft.shell ? ', run a shell line' : ', start ');
    if (!draft.shell) say(program || 'a program', program ? 'code' : 'plain');
    if (draft.folder.trim() !== '') {
      say(' in ');
      say(draft.folder.trim(), 'code');
    }
  }
  say(draft.agent.trim() !== '' ? ` for the agent ${draft.agent.trim()}. ` : '. ');
  if (draft.kind !== 'manual') say(`${LATE[draft.catchUp](draft)} `);
  say(`${BUSY[draft.overlap]} `);
  sayProof(draft, say);
  const attempts = Number(draft.attempts);
  if (attempts > 1) say(` A delivery that fails is tried ${attempts} times in all${draft.retryFailed ? ', and so is a reported failure' : ''}.`);
  if (draft.pauseOnFailure) say(' If a run fails for good, the cue is paused.');
  return out;
}

/** The program, and the script that it reads when one follows: "python3 -u leads.py". */
function startOf(words: readonly string[]): string {
  const at = words.findIndex((word, i) => i > 0 && !word.startsWith('-'));
  const script = at > 0 ? (words[at] ?? '') : '';
  const named = /^[^\s:]*[^\s:/]$/.test(script) && (script.includes('/') || /\w\.[a-z]{1,4}$/i.test(script));
  return joinWords(words.slice(0, named ? at + 1 : 1));
}

const LATE: Record<Draft['catchUp'], (draft: Draft) => string> = {
  latest: (draft) => `If the tower was off or asleep, it runs once when it is back${draft.within.trim() !== '' && Number(draft.within) > 0 ? `, unless that is more than ${lasting(Number(draft.within) * 60 * SECOND)} late` : ''}.`,
  all: () => 'If the tower was off or asleep, every missed run is made up, oldest first.',
  none: () => 'If the tower was off or asleep, the due time is missed, and said so.'
};

const BUSY: Record<Draft['overlap'], string> = {
  skip: 'While a run is going, a new due time is skipped.',
  queue: 'While a run is going, a new one waits.',
  allow: 'Runs may overlap.',
  replace: 'A new run stops the old one.'
};

function sayProof(draft: Draft, say: (text: string, as?: Phrase['as']) => void): void {
  const deadline = draft.deadline.trim() !== '' && Number(draft.deadline) > 0 ? lasting(Number(draft.deadline) * SECOND) : null;
  const proofs: string[] = [];
  if (draft.confirm === 'delivery') proofs.push(draft.transport === 'webhook' ? 'the agent accepts it' : 'the program starts');
  if (draft.confirm === 'exit_code') proofs.push(`the program exits with 0${deadline ? ` within ${deadline}` : ''}`);
  if (draft.minProcessed.trim() !== '') proofs.push(`at least ${draft.minProcessed.trim()} are processed`);
  if (draft.maxErrors.trim() !== '') proofs.push(`at most ${draft.maxErrors.trim()} % are errors`);
  for (const [key, name] of EVIDENCE) if (draft.evidence.includes(key)) proofs.push(`${name.toLowerCase()} is reported`);
  if (draft.confirm === 'outcome') say(`The agent has ${deadline ?? '5 min'} to report, then the run is silent. `);
  if (proofs.length === 0) {
    say('A reported success is only ');
    say('claimed', 'strong');
    say(': no proof is asked for.');
    return;
  }
  say('It counts as ');
  say('confirmed', 'strong');
  say(` only if ${proofs.length === 1 ? proofs[0] : `${proofs.slice(0, -1).join(', ')} and ${proofs[proofs.length - 1]}`}.`);
}
