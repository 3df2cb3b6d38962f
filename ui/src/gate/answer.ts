//! The yes that a gate's page stands ready to give: as it was asked, without some rows, or with changes. Pure.
import { compact, kindWords, read, wrongWith } from './json';
import { leftOut, type Rows } from './rows';

/** Of what stands in for the payload, in bytes, as the tower has it. */
const BYTES_MOST = 256 * 1024;

export interface Yes {
  act: 'approve' | 'edit';
  /** Of an edit: JSON as text. */
  payload: string | null;
  /** What the button says. */
  label: string;
  /** Why it cannot be given; null: it can. */
  wrong: string | null;
}

/** `text`: the payload as it is being edited, null while it is not; `out`: rows that are left out. */
export function yesOf(payload: string | null, rows: Rows | null, text: string | null, out: ReadonlySet<number>): Yes {
  if (payload !== null && text !== null) {
    const wrong = unfit(payload, text);
    const same = wrong === null && compact(text) === compact(payload);
    return same ? { act: 'approve', payload: null, label: 'Approve as asked', wrong: null } : { act: 'edit', payload: text, label: 'Approve with changes', wrong };
  }
  if (payload === null || rows === null) return { act: 'approve', payload: null, label: 'Approve', wrong: null };
  const all = rows.rows.length;
  if (out.size === 0) return { act: 'approve', payload: null, label: `Approve ${all}`, wrong: null };
  const wrong = out.size === all ? 'Nothing of it is chosen. Deny it, or choose something.' : null;
  return { act: 'edit', payload: leftOut(payload, rows, out), label: `Approve ${all - out.size} of ${all}`, wrong };
}

/** Why a text may not stand in for the payload. */
export function unfit(payload: string, text: string): string | null {
  const wrong = wrongWith(text);
  if (wrong !== null) return text.trim() === '' ? 'This is empty. Write JSON, or discard your changes.' : `This is not JSON yet: ${wrong.replace(/\.$/, '')}.`;
  const [asked, made] = [read(payload), read(text)];
  if (asked && made && asked.kind !== made.kind) return `The payload is ${kindWords(asked.kind)}, and what you made of it is ${kindWords(made.kind)}.`;
  return new TextEncoder().encode(text).length > BYTES_MOST ? 'The changed payload is longer than 256 KiB.' : null;
}
