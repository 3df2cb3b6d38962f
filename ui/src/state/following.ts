//! What is asked for again whenever the tower says that it would answer differently.
import { untrack } from 'svelte';
import type { Stop } from '../bridge';
import type { DeskEvent, Topic } from '../wire';
import { desk } from './desk.svelte';

const AFTER_MS = 80;
/** However often it changes, it is asked for no more often than this. */
const APART_MS = 1000;

/** Asks now, whenever the board is fetched anew, after each change of one of these topics (or each event that is one), and every `every_ms` where an answer changes as time passes, never twice within `apart_ms`. `ask` says itself what went wrong. */
export function following(of: readonly Topic[] | ((event: DeskEvent) => boolean), ask: () => Promise<void>, every_ms: number | null = null, apart_ms = APART_MS): Stop {
  const concerns = typeof of === 'function' ? of : (event: DeskEvent) => event.topics.some((topic) => of.includes(topic));
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asked_at = -Infinity;
  let [busy, wanted, live] = [false, false, true];

  async function now() {
    clearTimeout(timer);
    [asked_at, busy, wanted] = [performance.now(), true, false];
    await ask();
    busy = false;
    plan();
  }

  /** The next time, by what is wanted as of now. */
  function plan() {
    clearTimeout(timer);
    if (!live || busy || (!wanted && every_ms === null)) return;
    const at = wanted ? asked_at + apart_ms : asked_at + (every_ms ?? 0);
    timer = setTimeout(() => void now(), Math.max(AFTER_MS, at - performance.now()));
  }

  // Whatever it reads is no reason to begin anew.
  untrack(() => void now());
  const stop = desk.onEvent((event) => {
    if (wanted || !concerns(event)) return;
    wanted = true;
    plan();
  });
  const stopRounds = desk.onRound(() => {
    if (busy) wanted = true;
    else void now();
  });
  return () => {
    stopRounds();
    live = false;
    clearTimeout(timer);
    stop();
  };
}
