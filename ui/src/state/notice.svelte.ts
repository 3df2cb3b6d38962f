//! What the window says by itself: a short notice on screen, and what is said for ears only.
import { Voice } from './voice';

interface Notice {
  text: string;
  /** `ok`: good news. What was simply done is `plain`. */
  tone: 'plain' | 'ok' | 'bad';
}

const state = $state<{ notice: Notice | null; spoken: string; warned: string }>({ notice: null, spoken: '', warned: '' });
let timer: ReturnType<typeof setTimeout> | undefined;
// The same words again are another message: they differ by a space that nobody hears.
const voice = new Voice((text) => (state.spoken = state.spoken === text ? `${text}\u00a0` : text));

export const notices = {
  get notice(): Notice | null {
    return state.notice;
  },
  get spoken(): string {
    return state.spoken;
  },
  /** Shows a sentence for a few seconds, in the region that is read out; trouble stays longer. It answers what the owner did, so that it never waits. */
  tell(text: string, tone: Notice['tone'] = 'plain'): void {
    clearTimeout(timer);
    state.notice = { text, tone };
    voice.said();
    timer = setTimeout(() => (state.notice = null), tone === 'bad' ? 12_000 : 4_000);
  },
  close(): void {
    clearTimeout(timer);
    state.notice = null;
  },
  /** For ears only, and at once: a gate that is about to end, the tower that stopped. */
  get warned(): string {
    return state.warned;
  },
  warn(text: string): void {
    state.warned = text;
  },
  /** For ears only: at most one message in five seconds, those that came meanwhile with the next. */
  say(text: string): void {
    voice.say(text);
  }
};
