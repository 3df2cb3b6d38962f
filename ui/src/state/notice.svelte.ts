//! What the window says by itself: a short notice on screen, and one polite line for ears.

interface Notice {
  text: string;
  tone: 'plain' | 'bad';
}

const state = $state<{ notice: Notice | null; spoken: string; warned: string }>({ notice: null, spoken: '', warned: '' });
let timer: ReturnType<typeof setTimeout> | undefined;

export const notices = {
  get notice(): Notice | null {
    return state.notice;
  },
  get spoken(): string {
    return state.spoken;
  },
  /** Shows a sentence for a few seconds; trouble stays longer. */
  tell(text: string, tone: Notice['tone'] = 'plain'): void {
    clearTimeout(timer);
    state.notice = { text, tone };
    timer = setTimeout(() => (state.notice = null), tone === 'bad' ? 12_000 : 4_000);
  },
  close(): void {
    clearTimeout(timer);
    state.notice = null;
  },
  /** For ears only, and at once. */
  get warned(): string {
    return state.warned;
  },
  warn(text: string): void {
    state.warned = text;
  },
  /** For ears only, replaced by the next. */
  say(text: string): void {
    state.spoken = text;
  }
};
