//! A test fire of what stands in the editor: asked for, and followed until it is over. The tower saves nothing of the form.
import { refusalFrom, type Stop } from '../bridge';
import type { RunStory } from '../wire';
import { desk } from './desk.svelte';

const AGAIN_MS = 1000;

export class Trial {
  story = $state.raw<RunStory | null>(null);
  runId = $state<string | null>(null);
  /** The definition that it ran, as JSON. */
  of = $state('');
  firing = $state(false);

  /** Fires it once. A refusal is thrown; what was fired before stays. */
  async fire(definition: unknown, json: string, cueId: string | null): Promise<void> {
    if (this.firing) return;
    this.firing = true;
    try {
      const fired = await desk.ask('cue_try', { definition, ...(cueId === null ? {} : { cue_id: cueId }) });
      this.story = null;
      this.of = json;
      this.runId = fired.run_id;
    } finally {
      this.firing = false;
    }
  }

  /** Looks at the run now, and whenever the tower tells of it. */
  follow(runId: string): Stop {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let stopped = false;
    const look = async () => {
      clearTimeout(timer);
      try {
        const story = await desk.ask('run_get', { run_id: runId });
        if (!stopped) this.story = story;
      } catch (error) {
        if (!stopped && refusalFrom(error).code === 'unreachable') timer = setTimeout(() => void look(), AGAIN_MS);
      }
    };
    void look();
    const stops = [
      desk.onEvent((event) => {
        const told = event.marks.some((mark) => mark.run_id === runId) || event.runs_stepped.includes(runId) || event.topics.includes('gates');
        if (!told || stopped) return;
        clearTimeout(timer);
        timer = setTimeout(() => void look(), 60);
      }),
      desk.onRound(() => void look())
    ];
    return () => {
      stopped = true;
      clearTimeout(timer);
      for (const stop of stops) stop();
    };
  }

  forget(): void {
    this.story = null;
    this.runId = null;
    this.of = '';
  }
}

// eslint-disable-next-line svelte/prefer-svelte-reactivity -- nobody looks at the list, only at what is in it
const trials = new Map<string, Trial>();

/** Of the form that is kept under this key: leaving the editor and coming back finds its result again. */
export function trialOf(key: string): Trial {
  const known = trials.get(key) ?? new Trial();
  trials.set(key, known);
  return known;
}
