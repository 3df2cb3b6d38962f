//! A sentence of the host begins with the fact. What stands first on a strip and heads a run is that fact alone; the rest follows it. Pure.
import type { AlertView } from './wire';

/** Says no more than the verdict's own word, as runs that ended long ago begin. */
const NO_FACT = /^(?:Reported success|Said it worked|It said it worked)[^.?]*[.?]$/;
/** A sentence ends where another one begins: not within "$2.00" or "api.openai.com". */
const ENDS = /(?<=[.?])\s+(?=[\p{Lu}\d“"$])/u;

function sentencesOf(words: string): string[] {
  return words.trim().split(ENDS).filter((one) => one !== '');
}

/** The fact, and what is said beside it: ["Reported 3; at least 150 were expected.", "It said it worked."]. */
export function factOf(words: string): [fact: string, rest: string] {
  const all = sentencesOf(words);
  const at = all.findIndex((one) => !NO_FACT.test(one));
  if (at < 0) return [all[0] ?? '', all.slice(1).join(' ')];
  return [all[at] ?? '', all.filter((_, i) => i !== at).join(' ')];
}

/** Their titles say what the word in front of the strip says; their bodies begin with the fact. */
const FACT_IN_BODY: ReadonlySet<string> = new Set(['check_failed', 'outcome_failed', 'silent_run', 'delivery_failed', 'fallback_failed']);

/** What a strip shows of an alert, and all that is told of it. `title`: without the name that the strip has already. */
export function alertWords(alert: Pick<AlertView, 'kind' | 'body'>, title: string): { shown: string; whole: string } {
  const [fact, rest] = factOf(alert.body);
  const joined = (...parts: string[]) => parts.filter((part) => part !== '').join(' ');
  if (fact !== '' && FACT_IN_BODY.has(alert.kind)) return { shown: fact, whole: joined(fact, rest, title) };
  return { shown: joined(title, alert.body), whole: joined(title, alert.body) };
}
