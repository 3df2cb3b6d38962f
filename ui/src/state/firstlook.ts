//! The tower and its newest marks, in one breath. The first time it is asked before anything else of the window is here: nothing but the bridge is needed for it.
import { bridge } from '../bridge';
import { DAY, HOUR } from '../time';
import type { Board, TowerStatus } from '../wire';

export const FIRST_RANGE_MS = 26 * HOUR;
/** Newest marks of the whole fleet; what is older comes lane by lane. */
export const MARKS_MAX = 2000;

export type Look = [TowerStatus, Board];

/** As of `now_ms`; again when the tower's clock is not what it was taken for. */
export async function look(now_ms: number): Promise<Look> {
  const answers = await Promise.all([bridge.call('tower_status', {}), bridge.call('board', { from_ms: Math.floor(now_ms - FIRST_RANGE_MS), to_ms: Math.ceil(now_ms + 31 * DAY), marks_max: MARKS_MAX })]);
  return Math.abs(answers[0].now_ms - now_ms) < HOUR ? answers : look(answers[0].now_ms);
}

let begun: Promise<Look> | null = null;

export const firstLook = {
  begin(): void {
    begun = look(Date.now());
    // Whoever takes it hears of its trouble.
    begun.catch(() => undefined);
  },
  /** What was begun, once; null afterwards. */
  take(): Promise<Look> | null {
    const taken = begun;
    begun = null;
    return taken;
  }
};
