//! Whose things are whose: the addresses of accounts that registered, asked for as soon as something of theirs is seen.
import { refusalFrom } from '../bridge';
import type { AccountView, Keys } from '../wire';
import { desk } from './desk.svelte';
import { following } from './following';

class AccountsState {
  /** What opens the agents' door; null until the tower has said. */
  keys = $state.raw<Keys | null>(null);
  trouble = $state<string | null>(null);
  #byId = $derived(new Map<string, AccountView>((this.keys?.accounts ?? []).map((account) => [account.id, account])));
  #watchers = 0;
  #stop: (() => void) | null = null;

  /** Keeps them up to date until the answer is called. */
  watch(): () => void {
    if (this.#watchers++ === 0) this.#stop = following(['accounts', 'logins'], () => this.#load());
    return () => {
      if (--this.#watchers === 0) this.#stop?.();
    };
  }

  take(answer: Keys): void {
    this.keys = answer;
    this.trouble = null;
  }

  /** How an account is called: by its address; null for the owner's own. */
  nameOf(id: string | null | undefined): string | null {
    return id === null || id === undefined || id === '' ? null : (this.#byId.get(id)?.email ?? id);
  }

  async #load(): Promise<void> {
    if (desk.phase !== 'ready') return;
    try {
      this.take(await desk.ask('keys', {}));
    } catch (error) {
      const refusal = refusalFrom(error);
      if (refusal.code !== 'unreachable') this.trouble = refusal.message;
    }
  }
}

export const accounts = new AccountsState();
