//! The names of what the keyring holds, kept up to date while somebody looks, and what became of one of them.
import { refusalFrom, type Stop } from '../bridge';
import type { Secrets, SecretStory } from '../wire';
import { desk } from './desk.svelte';
import { following } from './following';

/** Lending makes no event of its own. */
const EVERY_MS = 15_000;

class SecretsState {
  /** Null until the tower has said. */
  known = $state.raw<Secrets | null>(null);
  trouble = $state<string | null>(null);
  story = $state.raw<SecretStory | null>(null);

  /** Keeps them up to date until the answer is called. Which cues borrow one changes with the cues. */
  watch(): Stop {
    return following((event) => event.cues.length > 0 || event.cues_removed.length > 0 || event.status_changed, () => this.load(), EVERY_MS);
  }

  /** Shows what a command answered with. */
  take(answer: Secrets): void {
    [this.known, this.trouble] = [answer, null];
  }

  async load(): Promise<void> {
    if (desk.phase !== 'ready') return;
    try {
      this.take(await desk.ask('secrets', {}));
    } catch (error) {
      const refusal = refusalFrom(error);
      if (refusal.code !== 'unreachable') this.trouble = refusal.message;
    }
  }

  /** What happened with one of them, until the answer is called. */
  tell(name: string): Stop {
    this.story = null;
    return following((event) => event.marks.length > 0, async () => {
      try {
        const story = await desk.ask('secret_story', { name });
        if (story.secret.name === name) this.story = story;
      } catch {
        // It may be gone meanwhile; the list says so.
      }
    }, EVERY_MS);
  }
}

export const secrets = new SecretsState();
