//! Secrets by their names: which of them a cue is lent, as what, and lending another. Pure. Values are never here.
import * as editorText from '../text/editor';
import type { TransportWord } from './delivering';
import { isObject, text, type Json } from './json';
import type { Pair } from './draft';

/** What its runs may ask for while they work; `tools` empty: for whatever asks. */
export interface LeaseDraft {
  name: string;
  tools: string[];
}

export interface LendingDraft {
  secrets: LeaseDraft[];
}

export const SECRET_NAME = /^[A-Z][A-Z0-9_]{0,63}$/;
export const NAMING = editorText.capitalLettersDigits;

export type How = 'variable' | 'header' | 'lease';

/** One secret of a cue. */
export interface Lent {
  secret: string;
  how: How;
  /** Of a variable or header: what it is called there; of a lease: the tools it is for. */
  as: string;
}

interface Holder extends LendingDraft {
  transport: TransportWord;
  env: Pair[];
  headers: Pair[];
}

export function blankLending(): LendingDraft {
  return { secrets: [] };
}

export function readLending(d: Json): LendingDraft {
  const list = Array.isArray(d['secrets']) ? (d['secrets'] as unknown[]) : [];
  return {
    secrets: list.flatMap((lend) => {
      const name = text(isObject(lend) ? lend['name'] : lend);
      const tools = isObject(lend) && Array.isArray(lend['tools']) ? lend['tools'].map((tool) => text(tool)) : [];
      return name === '' ? [] : [{ name, tools }];
    })
  };
}

export function makeLending(draft: LendingDraft): Json {
  return draft.secrets.length === 0 ? {} : { secrets: draft.secrets.map(({ name, tools }) => (tools.length === 0 ? name : { name, tools })) };
}

/** How a way of delivery can be lent one, the usual first. */
export function waysOf(transport: TransportWord): How[] {
  return transport === 'command' ? ['variable', 'lease'] : transport === 'webhook' ? ['header', 'lease'] : ['lease'];
}

const reference = (name: string) => `{{secret:${name}}}`;

function pairsOf(draft: Holder): { how: 'variable' | 'header'; pairs: Pair[] } | null {
  return draft.transport === 'command' ? { how: 'variable', pairs: draft.env } : draft.transport === 'webhook' ? { how: 'header', pairs: draft.headers } : null;
}

/** What this cue is lent, in the order of the form. */
export function lentOf(draft: Holder): Lent[] {
  const held = pairsOf(draft);
  const sent = (held?.pairs ?? []).flatMap((pair) => [...pair.value.matchAll(/\{\{\s*secret:([A-Z][A-Z0-9_]*)\s*\}\}/g)].map((match): Lent => ({ secret: match[1] ?? '', how: held?.how ?? 'variable', as: pair.name.trim() })));
  return [...sent, ...draft.secrets.map((lease): Lent => ({ secret: lease.name, how: 'lease', as: lease.tools.join(', ') }))];
}

/** The fields that change when one more is lent. A variable or header of that name is given the secret. */
export function withLent(draft: Holder, lent: Lent): Partial<Holder> {
  if (lent.how === 'lease') return draft.secrets.some((lease) => lease.name === lent.secret) ? {} : { secrets: [...draft.secrets, { name: lent.secret, tools: [] }] };
  const pair = { name: lent.as.trim() === '' ? lent.secret : lent.as.trim(), value: lent.how === 'header' && /^authorization$/i.test(lent.as.trim()) ? `Bearer ${reference(lent.secret)}` : reference(lent.secret) };
  const pairs = (lent.how === 'variable' ? draft.env : draft.headers).filter((one) => one.name.trim() !== pair.name && !(one.name.trim() === '' && one.value === ''));
  return lent.how === 'variable' ? { env: [...pairs, pair] } : { headers: [...pairs, pair] };
}

/** The fields that change when it is lent no more. */
export function withoutLent(draft: Holder, lent: Lent): Partial<Holder> {
  if (lent.how === 'lease') return { secrets: draft.secrets.filter((lease) => lease.name !== lent.secret) };
  const rest = (pairs: Pair[]) => pairs.filter((pair) => !(pair.name.trim() === lent.as && pair.value.includes(`secret:${lent.secret}`)));
  return lent.how === 'variable' ? { env: rest(draft.env) } : { headers: rest(draft.headers) };
}

/** "as the variable STRIPE_KEY", "when its agent asks" */
export function howWords(lent: Lent): string {
  if (lent.how === 'lease') return lent.as === '' ? editorText.whenItsAgentAsks : editorText.whenItsAgentAsksFor(lent.as);
  return editorText.as(lent.how === 'variable' ? 'variable' : 'header', lent.as || editorText.noNameYet);
}
