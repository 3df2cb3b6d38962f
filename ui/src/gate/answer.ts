//! The yes that a gate's page stands ready to give: as it was asked, without some rows, or with changes. Pure.
import * as gatesText from '../text/gates';
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
    return same ? { act: 'approve', payload: null, label: gatesText.approveAsAsked, wrong: null } : { act: 'edit', payload: text, label: gatesText.approveWithChanges, wrong };
  }
  if (payload === null || rows === null) return { act: 'approve', payload: null, label: gatesText.approve, wrong: null };
  const all = rows.rows.length;
  if (out.size === 0) return { act: 'approve', payload: null, label: gatesText.approveOfAll(all), wrong: null };
  const wrong = out.size === all ? gatesText.nothingOfItIsChosen : null;
  return { act: 'edit', payload: leftOut(payload, rows, out), label: gatesText.approveOf(all - out.size, all), wrong };
}

/** Why a text may not stand in for the payload. */
export function unfit(payload: string, text: string): string | null {
  const wrong = wrongWith(text);
  if (wrong !== null) return text.trim() === '' ? gatesText.thisIsEmptyWriteJson : gatesText.thisIsNotJsonYet(wrong.replace(/\.$/, ''));
  const [asked, made] = [read(payload), read(text)];
  if (asked && made && asked.kind !== made.kind) return gatesText.thePayloadIsAndWhat(kindWords(asked.kind), kindWords(made.kind));
  return new TextEncoder().encode(text).length > BYTES_MOST ? gatesText.theChangedPayload : null;
}
