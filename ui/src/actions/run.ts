//! What the frame's own actions do. Those of a room are served by the room itself while it is open.
import { setTowerPaused } from '../actions';
import { desk } from '../state/desk.svelte';
import { focusWhenThere } from '../state/focus';
import { gates } from '../state/gates.svelte';
import { notices } from '../state/notice.svelte';
import { palette } from '../state/palette.svelte';
import type { Route } from '../state/route';
import { router } from '../state/router.svelte';
import { scale } from '../state/scale.svelte';
import { zones } from '../state/zone.svelte';
import * as actionsText from '../text/actions';
import { isUtc, placeOf } from '../time';
import type { ActionId } from './list';

interface Runner {
  /** False: there is nothing to do now, and the key is left to others. */
  when?: () => boolean;
  run: () => void;
}

const go = (to: Route): Runner => ({ run: () => router.go(to) });

function resized(): void {
  notices.say(`${Math.round(scale.chosen * 100)} %`);
}

/** To the first strip of what needs you. */
export function toNeeds(): void {
  router.go({ at: 'board' });
  focusWhenThere('.fstrip');
}

const RUNNERS: Partial<Record<ActionId, Runner>> = {
  palette: { run: () => palette.open('') },
  needs: { run: toNeeds },
  'go.board': go({ at: 'board' }),
  'go.gates': go({ at: 'gates' }),
  'go.agents': go({ at: 'agents' }),
  'go.costs': go({ at: 'costs' }),
  'go.alerts': go({ at: 'alerts' }),
  'go.secrets': go({ at: 'secrets' }),
  'go.settings': go({ at: 'settings' }),
  'go.time': { run: () => palette.open(':') },
  back: { run: () => router.back() },
  new: go({ at: 'new', from: null }),
  key: go({ at: 'key' }),
  zone: {
    run: () => {
      const shown = zones.swap(desk.home);
      notices.tell(actionsText.timesAreShownIn(isUtc(shown) ? actionsText.utc : actionsText.time(placeOf(shown))));
    }
  },
  undo: { when: () => gates.held.some((held) => !held.going), run: () => void gates.takeBackLast() },
  'tower.pause': { when: () => desk.status !== null, run: () => void setTowerPaused(!(desk.status?.paused ?? false)) },
  larger: { run: () => (scale.step(1), resized()) },
  smaller: { run: () => (scale.step(-1), resized()) },
  'usual-size': { run: () => (scale.choose(1), resized()) }
};

const served = new Map<ActionId, Runner>();

/** A room serves an action while it is open: `$effect(() => serve('board.follow', () => board.followNow()))`. */
export function serve(id: ActionId, run: () => void, when?: () => boolean): () => void {
  const runner: Runner = { run, ...(when ? { when } : {}) };
  served.set(id, runner);
  return () => {
    if (served.get(id) === runner) served.delete(id);
  };
}

function runnerOf(id: ActionId): Runner | undefined {
  return served.get(id) ?? RUNNERS[id];
}

/** True where something happens here; the keys of other rooms are handled by them. */
export function isServed(id: ActionId): boolean {
  const runner = runnerOf(id);
  return runner !== undefined && (runner.when?.() ?? true);
}

/** Does it. False: there was nothing to do. */
export function act(id: ActionId): boolean {
  const runner = runnerOf(id);
  if (!runner || !(runner.when?.() ?? true)) return false;
  runner.run();
  return true;
}
