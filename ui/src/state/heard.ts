//! What arrived since somebody began to listen: the first sign of an agent that was not there, or of the one that is waited for, as a sentence and where it is to be seen. Pure.
import { plain } from '../plain';
import * as frameText from '../text/frame';
import { hms } from '../time';
import type { AgentView, ApartView, CueView, Mark } from '../wire';
import { keyOfAgent } from './agents';
import type { Route } from './route';

/** What was there when the listening began. */
export interface Before {
  at_ms: number;
  cues: ReadonlySet<string>;
  runs: ReadonlySet<string>;
  /** By agent. */
  spans: ReadonlyMap<string, number>;
  /** Agents that had a name here already; null: not known yet, and so none is new. */
  agents: ReadonlySet<string> | null;
}

/** What is there now. */
export interface World {
  agents: readonly AgentView[];
  cues: readonly CueView[];
  lanes: ReadonlyMap<string, readonly Mark[]>;
  apart: readonly ApartView[];
  zone: string;
  /** What the lines to copy call their agent: its sign counts, whether it was there before or not. */
  name: string;
  /** Cues of the demo: nothing that they do comes from the owner. */
  demo: ReadonlySet<string>;
}

export interface Heard {
  kind: 'run' | 'beat' | 'spans' | 'cue';
  /** One sentence that names it. */
  words: string;
  /** What the link says, and where it leads. A lane is selected on the board. */
  link: string;
  to: Route;
  cueId: string | null;
}

/** Spans by agent: days are summed up. */
export function spansOf(apart: readonly ApartView[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const day of apart) sums.set(day.agent, (sums.get(day.agent) ?? 0) + day.spans);
  return sums;
}

/** A run says more than a beat, a beat more than telemetry, and all of them more than a cue that is only there. */
export function heardOf(before: Before, world: World): Heard | null {
  return aRun(before, world) ?? aBeat(before, world) ?? someSpans(before, world) ?? aCue(before, world);
}

/** Agents that were there by the first look at them: it may come a moment after the listening began. */
export function agentsBefore(agents: readonly AgentView[], at_ms: number): Set<string> {
  const fresh = (agent: AgentView) => agent.last_beat_ms !== null && agent.last_beat_ms >= at_ms && agent.pulse.reduce((sum, n) => sum + n, 0) <= 1;
  return new Set(agents.filter((agent) => !fresh(agent)).map(keyOfAgent));
}

function aRun(before: Before, world: World): Heard | null {
  let newest: { mark: Mark; cue: CueView } | null = null;
  for (const cue of world.cues) {
    if (world.demo.has(cue.id) || (before.cues.has(cue.id) && cue.name !== world.name && cue.agent !== world.name)) continue;
    // What the tower starts by itself is no sign of somebody else.
    if (cue.transport !== 'watch' && cue.transport !== 'worker') continue;
    const mark = world.lanes.get(cue.id)?.findLast((one) => one.run_id !== null && one.started_at_ms !== null && !before.runs.has(one.occurrence_id));
    if (mark && (newest === null || mark.due_ms > newest.mark.due_ms)) newest = { mark, cue };
  }
  if (newest === null) return null;
  const { mark, cue } = newest;
  const words = mark.ended_at_ms === null ? frameText.beganToWorkAt(cue.name, hms(mark.started_at_ms ?? mark.due_ms, world.zone)) : frameText.toldHowItWent(cue.name, plain(mark.sentence));
  return { kind: 'run', words, link: frameText.openTheRun, to: { at: 'run', runId: mark.run_id ?? '' }, cueId: cue.id };
}

function aBeat(before: Before, { agents, zone, name, demo }: World): Heard | null {
  const counts = (one: AgentView) => one.name === name || (before.agents !== null && !before.agents.has(keyOfAgent(one)) && !one.cues.some((cue) => demo.has(cue.id)));
  const [agent] = agents.filter((one) => one.last_beat_ms !== null && one.last_beat_ms >= before.at_ms && counts(one)).sort((a, b) => (b.last_beat_ms ?? 0) - (a.last_beat_ms ?? 0));
  if (!agent) return null;
  const said = agent.message ? frameText.andSaid(plain(agent.message)) : '.';
  return { kind: 'beat', words: frameText.beatAt(agent.name, hms(agent.last_beat_ms ?? 0, zone), said), link: frameText.show(agent.name), to: { at: 'agents', name: agent.name, account: agent.account }, cueId: null };
}

function someSpans(before: Before, { apart, zone, name }: World): Heard | null {
  for (const [agent, n] of spansOf(apart)) {
    const fresh = n - (before.spans.get(agent) ?? 0);
    if (fresh <= 0 || (before.spans.has(agent) && agent !== name)) continue;
    const newest = apart.find((day) => day.agent === agent);
    const when = newest?.last_ms ? frameText.at(hms(newest.last_ms, zone)) : '';
    return { kind: 'spans', words: frameText.ofCame(fresh === 1 ? frameText.oneSpan : frameText.spans(fresh), agent, when), link: frameText.show(agent), to: { at: 'agents', name: agent, account: newest?.account ?? null }, cueId: null };
  }
  return null;
}

function aCue(before: Before, { cues, demo }: World): Heard | null {
  for (const cue of cues) {
    if (before.cues.has(cue.id) || demo.has(cue.id)) continue;
    const plan = cue.words === '' ? '' : `: ${cue.words}`;
    return { kind: 'cue', words: frameText.theCueIsHere(cue.name, plan), link: frameText.showItsLane, to: { at: 'board' }, cueId: cue.id };
  }
  return null;
}
