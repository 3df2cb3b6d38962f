//! Gates among the steps of a run: which of them the waterfall shows, above which row each stands, how long it waited. Pure.
import * as runText from '../text/run';
import { settledWord } from '../state/gates';
import { lasting, SECOND } from '../time';
import type { GateView } from '../wire';
import { amongSteps, shareOf, type Bar, type Label, type Scene } from './bars';
import { PAGE, type Outline, type Tree } from './tree';

/** A gate's line in the waterfall. */
export interface GateRow {
  gate: GateView;
  /** It stands above this row; as many as there are: below all of them. */
  above: number;
}

/** Each above the first step of its run that began later, as far as steps are known; what nothing followed stands last. */
export function gateRowsOf(tree: Tree, outline: Outline, gates: readonly GateView[]): GateRow[] {
  const rows = amongSteps(gates);
  if (rows.length === 0) return [];
  const tops = [...(tree.branches.get(0)?.pages ?? [])].sort(([a], [b]) => a - b).flatMap(([page, steps]) => steps.map((step, i) => ({ step, at: page * PAGE + i })));
  return rows.map((gate) => {
    const next = tops.find(({ step }) => step.source !== 'kept' && step.began_ms > gate.asked_at_ms);
    return { gate, above: next === undefined ? outline.count : Math.max(0, outline.indexOf({ under: 0, at: next.at })) };
  });
}

/** How many gates stand above a row. */
export function gatesBefore(rows: readonly GateRow[], index: number): number {
  return rows.filter((row) => row.above <= index).length;
}

/** Where each gate stands among steps and gates. */
export function placeOfGate(rows: readonly GateRow[], row: GateRow): number {
  return row.above + rows.indexOf(row);
}

/** When it was over: answered, or its run at its end. */
function endOf(gate: GateView, scene: Scene): number {
  return gate.settled_at_ms ?? (scene.live ? scene.now_ms : (scene.ended_ms ?? scene.now_ms));
}

export function gateBar(gate: GateView, scene: Scene): Bar {
  const left = shareOf(scene.axis, gate.asked_at_ms);
  return { kind: 'none', left, width: Math.max(0, shareOf(scene.axis, endOf(gate, scene)) - left), quiet: 0 };
}

/** "waits for you, 26 s so far"; "waited 1 min 42 s". One that held nothing up says so. */
export function gateLabel(gate: GateView, scene: Scene): Label {
  const length = endOf(gate, scene) - gate.asked_at_ms;
  const waits = gate.state === 'waiting' && scene.live;
  const words = lasting(waits ? Math.floor(length / SECOND) * SECOND : Math.max(0, length));
  const text = waits ? runText.waitsForYouSoFar(words) : gate.blocking ? runText.waitedFor(words) : runText.askedAndWorkedOn(words);
  return { text, tone: waits ? 'warn' : '', again: false };
}

/** Its bar for ears. */
export function gateSpoken(gate: Pick<GateView, 'state'>, asked: string, label: string): string {
  const became = settledWord(gate.state);
  const state = gate.state === 'waiting' ? runText.gateWaiting : `${became.charAt(0).toLowerCase()}${became.slice(1)}`;
  return runText.gateAsked(state, asked, label);
}
