//! The agents, kept up to date while somebody looks at them.
import { refusalFrom, type Stop } from '../bridge';
import type { AgentView, Agents } from '../wire';
import { keyOfAgent, ordered } from './agents';
import { desk } from './desk.svelte';
import { following } from './following';

/** The pulse moves on, and a late agent makes no event. */
const EVERY_MS = 5000;
/** How they stand is not to be known to the second. */
const GLANCE_APART_MS = 10_000;

class AgentsState {
  /** In the order of the screen; null until the tower has said. */
  list = $state.raw<readonly AgentView[] | null>(null);
  trouble = $state<string | null>(null);
  #watchers = 0;
  #stop: Stop | null = null;

  /** Keeps them up to date until the answer is called. */
  watch(): Stop {
    if (this.#watchers++ === 0) this.#stop = following(['agents', 'messages'], () => this.#load(), EVERY_MS);
    return () => {
      if (--this.#watchers === 0) this.#stop?.();
    };
  }

  /** The same at leisure, for what shows only how they stand. */
  glance(): Stop {
    return following(['agents', 'alerts'], () => (this.#watchers === 0 ? this.#load() : Promise.resolve()), null, GLANCE_APART_MS);
  }

  /** Shows what a command answered with. */
  take(answer: Agents): void {
    this.list = ordered(answer.agents);
    this.trouble = null;
  }

  /** One of them, as a command answered with it. */
  know(agent: AgentView): void {
    if (this.list) this.list = this.list.map((old) => (keyOfAgent(old) === keyOfAgent(agent) ? agent : old));
  }

  async #load(): Promise<void> {
    if (desk.phase !== 'ready' || (document.hidden && this.list)) return;
    try {
      this.take(await desk.ask('agents', {}));
    } catch (error) {
      const refusal = refusalFrom(error);
      if (refusal.code !== 'unreachable') this.trouble = refusal.message;
    }
  }
}

export const agents = new AgentsState();
