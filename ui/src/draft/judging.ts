//! What the tower says of the proof a form asks for, before it is saved: it alone can read every expression and every check. Pure.
import type { CueProblem } from '../wire';
import { fieldFor, type Draft, type Errors } from './draft';
import { objectAt, text, type Json } from './json';
import { writtenPlaces } from './places';

const OF_PROOF = ['expect', 'checks', 'preflight'] as const;

/** What of this definition the tower judges, as one text: another one is asked about anew. Null when it asks for no proof that only the tower can read. */
export function proofIn(definition: Json): string | null {
  const asserts = objectAt(definition, 'expect')['assert'];
  const listed = [asserts, definition['checks'], definition['preflight']].some((list) => Array.isArray(list) && list.length > 0);
  return listed ? JSON.stringify([...OF_PROOF, 'transport', 'confirm'].map((key) => definition[key] ?? null)) : null;
}

/** What it is asked: all of it, under some name while it has none. */
export function judgeable(definition: Json): Json {
  return { ...definition, name: text(definition['name']).trim() || 'unnamed' };
}

export interface Judged {
  errors: Errors;
  /** Lines that are no expression. */
  unread: ReadonlySet<string>;
}

/** Its problems with the proof, at the form's fields; what is empty is only not filled in yet. */
export function judgedProof(problems: readonly Pick<CueProblem, 'field' | 'message'>[], definition: Json, draft: Draft): Judged {
  const errors: Errors = {};
  const unread = new Set<string>();
  const asserts = objectAt(definition, 'expect')['assert'];
  for (const { field, message } of problems) {
    if (!OF_PROOF.some((section) => field === section || field.startsWith(`${section}.`) || field.startsWith(`${section}[`))) continue;
    const place = fieldFor(field, draft);
    if (place === null) continue;
    errors[place] = errors[place] === undefined ? message : `${errors[place]} ${message}`;
    const [, at] = /^expect\.assert\[(\d+)\]/.exec(field) ?? [];
    const line: unknown = at !== undefined && Array.isArray(asserts) ? asserts[Number(at)] : undefined;
    if (typeof line === 'string') unread.add(line);
  }
  return { errors: writtenPlaces(draft, errors), unread };
}
