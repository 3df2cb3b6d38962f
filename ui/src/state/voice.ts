//! What is said for ears: at most one message in five seconds, those that came meanwhile joined into the next. Pure but for its timer.
import * as frameText from '../text/frame';

const APART_MS = 5000;
/** Of those that waited; more would be a speech. */
const MOST = 3;

export class Voice {
  #spoke_at = -Infinity;
  #waiting: string[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #speak: (text: string) => void;
  readonly #now: () => number;

  constructor(speak: (text: string) => void, now: () => number = () => performance.now()) {
    this.#speak = speak;
    this.#now = now;
  }

  say(text: string): void {
    if (text === '') return;
    // The newest stands last, and nothing is said twice.
    this.#waiting = [...this.#waiting.filter((one) => one !== text), text];
    if (this.#timer !== undefined) return;
    const wait = this.#spoke_at + APART_MS - this.#now();
    if (wait <= 0) this.#flush();
    else this.#timer = setTimeout(() => this.#flush(), wait);
  }

  /** Something was said another way: what comes next waits its turn. */
  said(): void {
    this.#spoke_at = this.#now();
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#flush(), APART_MS);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const left = this.#waiting.length - MOST;
    this.#speak([...(left > 0 ? [frameText.moreBefore(left)] : []), ...this.#waiting.slice(-MOST)].map(sentence).join(' '));
    this.#waiting = [];
    this.#spoke_at = this.#now();
  }
}

function sentence(text: string): string {
  return /[.?!…]$/.test(text) ? text : `${text}.`;
}
