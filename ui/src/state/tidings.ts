//! Live changes for ears: at most one sentence in five seconds, many changes merged into one.
import { MARKS } from '../glyphs';
import * as frameText from '../text/frame';
import type { ConfirmedMark, DeskEvent } from '../wire';
import type { Fleet } from './fleet';

const APART_MS = 5000;
const FINAL: readonly ConfirmedMark[] = ['refuted', 'silent', 'failed', 'stopped', 'confirmed', 'claimed', 'cancelled'];

/** "3 runs confirmed, 1 silent": worst first. */
export function sentenceOf(counts: ReadonlyMap<ConfirmedMark, number>): string {
  const parts: string[] = [];
  for (const state of FINAL) {
    const n = counts.get(state) ?? 0;
    if (n > 0) parts.push(`${n}${parts.length === 0 ? (frameText.runs(n)) : ''} ${MARKS.C[state].word.toLowerCase()}`);
  }
  return parts.join(', ');
}

/** Counts runs that came to an end with this event. */
export function endingsIn(before: Fleet, event: DeskEvent, counts: Map<ConfirmedMark, number>): void {
  for (const mark of event.marks) {
    if (!FINAL.includes(mark.confirmed)) continue;
    const known = (before.lanes.get(mark.cue_id) ?? []).findLast((old) => old.occurrence_id === mark.occurrence_id);
    if (known?.confirmed !== mark.confirmed) counts.set(mark.confirmed, (counts.get(mark.confirmed) ?? 0) + 1);
  }
}

export class Tidings {
  #counts = new Map<ConfirmedMark, number>();
  #waiting = false;
  readonly #say: (text: string) => void;

  constructor(say: (text: string) => void) {
    this.#say = say;
  }

  note(before: Fleet, event: DeskEvent): void {
    endingsIn(before, event, this.#counts);
    if (this.#counts.size === 0 || this.#waiting) return;
    this.#waiting = true;
    setTimeout(() => {
      this.#say(sentenceOf(this.#counts));
      this.#counts.clear();
      this.#waiting = false;
    }, APART_MS);
  }
}
