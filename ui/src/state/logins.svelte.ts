//! Programs that ask to sign in, kept up to date while the window is open; one that was not answered in time goes by itself.
import { untrack } from 'svelte';
import type { Logins, LoginView } from '../wire';
import { desk } from './desk.svelte';
import { following } from './following';

class LoginsState {
  /** Those that wait, oldest first. */
  list = $state.raw<readonly LoginView[]>([]);
  /** Programs on this machine get a key without a click; null until the tower has said. */
  allow = $state<boolean | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;

  start(): void {
    $effect.root(() => {
      $effect(() => {
        if (desk.round > 0) return untrack(() => following(['logins'], () => this.#load()));
      });
    });
  }

  /** Shows what a command answered with. */
  take(answer: Logins): void {
    const now_ms = desk.clock();
    this.allow = answer.allow;
    this.list = answer.logins.filter((login) => login.expires_at_ms > now_ms);
    clearTimeout(this.#timer);
    const next_ms = Math.min(...this.list.map((login) => login.expires_at_ms));
    if (Number.isFinite(next_ms)) this.#timer = setTimeout(() => this.take({ logins: [...this.list], allow: answer.allow }), Math.max(250, next_ms - now_ms));
  }

  async #load(): Promise<void> {
    try {
      this.take(await desk.ask('logins', {}));
    } catch {
      // Asked again after the next change, or when the tower is back.
    }
  }
}

export const logins = new LoginsState();
