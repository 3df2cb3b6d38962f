//! What is known of an alert's cue and run, and how each of its buttons acts: the same in the record and in the bay.
import { acknowledge, commandAgent, fireNow, restartRun, runAgain, snooze, stopRun } from '../actions';
import type { AlertView } from '../wire';
import { isLive, subjectOf } from '../words';
import type { Act, Facts } from './alerts';
import { cannot } from './agents';
import { agents } from './agents.svelte';
import { desk } from './desk.svelte';
import { markOfRun } from './fleet';
import { focusWhenThere } from './focus';
import { gatesOfAlert } from './gates';
import { gates } from './gates.svelte';
import type { Route } from './route';
import { router } from './router.svelte';

/** Kinds that are over with their run: while one is open, its run goes on. */
export const OF_LIVE_RUNS = new Set(['crash_loop', 'heartbeat_lost', 'zombie', 'cost_spike', 'loop_detected']);

/** True while an open alert is about an agent: what can be done about it is known by that agent. */
export function someOfAgents(): boolean {
  return [...desk.fleet.alerts.values()].some((alert) => alert.state === 'open' && alert.agent !== null);
}

export function factsFor(alert: AlertView): Facts {
  const mark = alert.run_id === null ? undefined : markOfRun(desk.fleet, alert.run_id);
  const cue = alert.cue_id === null ? undefined : desk.fleet.cues.get(alert.cue_id);
  const agent = agents.list?.find((one) => one.name === alert.agent && one.account === alert.account);
  // As long as the agents are not known, the button is there; asking says why it cannot be.
  const owned = alert.agent === null ? cue?.transport === 'command' : agent === undefined || cannot(agent, 'restart') === null;
  return { live: mark ? isLive(mark) : alert.run_id !== null && OF_LIVE_RUNS.has(alert.kind), owned, cue: cue !== undefined };
}

/** Where one sees what an alert is about; null: nowhere. */
export function placeOf(alert: AlertView): Route | null {
  const [gate] = gatesOfAlert(alert, gates.waiting);
  if (gate) return { at: 'gates', gateId: gate.id };
  if (alert.run_id !== null) return { at: 'run', runId: alert.run_id };
  if (alert.agent !== null) return { at: 'agents', name: alert.agent, account: alert.account };
  return alert.cue_id !== null && desk.fleet.cues.has(alert.cue_id) ? { at: 'cue', cueId: alert.cue_id } : null;
}

/** Takes one to what an alert is about. */
export function openSubject(alert: AlertView): void {
  const place = placeOf(alert);
  if (place) router.go(place);
}

/** Does what a button says. True when it was done. */
export async function respond(alert: AlertView, act: Act): Promise<boolean> {
  const name = subjectOf(alert, desk.fleet.names);
  const cue = alert.cue_id === null ? undefined : desk.fleet.cues.get(alert.cue_id);
  switch (act) {
    case 'restart':
      if (alert.run_id !== null) return restartRun(alert.run_id, name);
      return alert.agent === null ? false : commandAgent({ name: alert.agent, account: alert.account }, 'restart');
    case 'stop':
      return alert.run_id === null ? false : stopRun(alert.run_id);
    case 'rerun':
      return alert.run_id === null ? false : runAgain(alert.run_id);
    case 'fire':
      return cue ? fireNow(cue) : false;
    case 'snooze':
      return snooze(alert, 60);
    case 'acknowledge':
      return acknowledge(alert);
    case 'raise':
    case 'edit':
      router.go(cue ? { at: 'cue', cueId: cue.id } : { at: 'settings', section: 'fuses' });
      return true;
    case 'channels':
      router.go({ at: 'alerts' });
      focusWhenThere('#reach');
      return true;
    case 'answer':
    case 'open':
      openSubject(alert);
      return true;
  }
}
