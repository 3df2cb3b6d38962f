//! What the processes of agents need that tell nothing of it themselves: of those whose run the tower started, it sees it.
import type { Stop } from '../bridge';
import type { AgentView } from '../wire';
import { measurable, newestMb, type Measured } from './agents';
import { desk } from './desk.svelte';
import { following } from './following';

const EVERY_MS = 5000;
/** Runs asked for at once. */
const MOST = 24;

class AgentMemory {
  /** In MB, by run. */
  of = $state.raw<ReadonlyMap<string, number>>(new Map());

  /** Keeps that of the agents of a list up to date until the answer is called. */
  watch(list: () => readonly AgentView[]): Stop {
    return following([], () => this.#look(list()), EVERY_MS);
  }

  async #look(agents: readonly AgentView[]): Promise<void> {
    if (document.hidden) return;
    const runs = measurable(agents, desk.fleet).slice(0, MOST);
    const seen = await Promise.all(runs.map((run) => this.#ask(run)));
    this.of = new Map(runs.flatMap((run, i) => (typeof seen[i] === 'number' ? [[run.run_id, seen[i]] as const] : [])));
  }

  async #ask({ run_id, number }: Measured): Promise<number | null> {
    try {
      return newestMb(await desk.ask('run_usage', { run_id, number }));
    } catch {
      // Nothing is known then, and nothing is said.
      return null;
    }
  }
}

export const agentMemory = new AgentMemory();
