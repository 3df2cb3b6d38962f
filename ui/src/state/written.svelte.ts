//! How numbers and dates are written in this window: as the system says, or as the owner chose.
import { writeAs, writtenIn } from '../locale';
import { keep, kept } from './keep';

let tag = $state(kept('locale', (text) => text, ''));
let week = $state(kept<number | null>('week-start', (text) => ([0, 1, 6].includes(Number(text)) ? Number(text) : null), null));
/** Grows with each change: what is on screen is drawn again. */
let revision = $state(0);

function apply(): void {
  writeAs(writtenIn(tag === '' ? navigator.language : tag, week));
  revision++;
}

export const writing = {
  /** Empty: the system's. */
  get tag(): string {
    return tag;
  },
  /** Null: as the locale has it. */
  get weekStart(): number | null {
    return week;
  },
  get revision(): number {
    return revision;
  },
  choose(next: string): void {
    tag = next;
    keep('locale', next === '' ? null : next);
    apply();
  },
  chooseWeekStart(next: number | null): void {
    week = next;
    keep('week-start', next === null ? null : String(next));
    apply();
  },
  start: apply
};
