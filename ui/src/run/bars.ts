//! The waterfall's time: its axis, where a step's bar lies on it, and what is said beside the bar. Pure; `now` is handed in.
import * as runText from '../text/run';
import { DAY, HOUR, lasting, MINUTE, SECOND } from '../time';
import type { GateView, RunStory, StepView, StepsSummary } from '../wire';

/** Silence of a live run's open step that is worth a word. */
const QUIET_MS = 30 * SECOND;
/** Of the width of a letter in the bar's small print, on the safe side. */
const LETTER_PX = 5.9;
const GAP_PX = 8;
const TICK_PX = 74;
/** Of a letter of a tick. */
export const CHAR_PX = 6.6;
/** Of the steps' time, behind the last of them. */
const LABEL_SHARE = 0.13;

export interface Axis {
  from_ms: number;
  /** Its length. */
  span_ms: number;
}

const NICE = [1, 2, 5, 10, 20, 50, 100, 200, 500].concat([1, 2, 5, 10, 15, 30].map((s) => s * SECOND), [1, 2, 5, 10, 15, 30].map((m) => m * MINUTE), [1, 2, 3, 6, 12].map((h) => h * HOUR), [1, 2, 7, 14, 30].map((d) => d * DAY));

/** Those that were asked while the run went on. One before its delivery lies before all that the axis shows. */
export function amongSteps(gates: readonly GateView[]): GateView[] {
  return gates.filter((gate) => gate.about !== 'delivery').sort((a, b) => a.asked_at_ms - b.asked_at_ms);
}

/** The axis reaches to the end of what was waited for. */
function lastOfGates(gates: readonly GateView[]): number | null {
  const ends = amongSteps(gates).flatMap((gate) => (gate.settled_at_ms === null ? [] : [gate.settled_at_ms]));
  return ends.length === 0 ? null : Math.max(...ends);
}

/** What the bars of a run lie on. While it lives it grows in leaps, so that nothing creeps. */
export function axisOf(story: Pick<RunStory, 'mark' | 'attempts' | 'gates'>, steps: StepsSummary, live: boolean, now_ms: number): Axis {
  const began = story.attempts[0]?.began_at_ms ?? story.mark.started_at_ms ?? story.mark.due_ms;
  const first = steps.first_ms ?? began;
  const to = Math.max(steps.last_ms ?? first, lastOfGates(story.gates) ?? 0, live ? now_ms : 0, first + 1);
  // A wait before the first step is shown while it leaves the steps room; what was kept of an earlier run lies before all.
  const from = first <= began ? Math.min(began, to - 1) : first - began <= (to - began) / 4 ? began : first;
  const span = to - from;
  // What the last bar says stands beside it.
  if (!live) return { from_ms: from, span_ms: span * (1 + LABEL_SHARE) };
  const wanted = Math.max(span * 1.05, 10 * SECOND);
  const step = NICE.find((nice) => nice * 4 >= wanted) ?? 30 * DAY;
  return { from_ms: from, span_ms: Math.ceil(wanted / step) * step };
}

export interface Tick {
  share: number;
  label: string;
}

/** As many as fit into `width_px`, apart from each other's words; the first stands at 0. */
export function ticksOf(axis: Axis, width_px: number): Tick[] {
  const most = Math.max(1, Math.floor(width_px / TICK_PX));
  const apart = (step: number) => Math.max(...Array.from({ length: Math.floor(axis.span_ms / step) }, (_, i) => lasting((i + 1) * step).length)) * CHAR_PX + 10 <= (step / axis.span_ms) * width_px;
  const step = NICE.find((nice) => Math.floor(axis.span_ms / nice) <= most && (axis.span_ms < 2 * nice || apart(nice))) ?? Math.ceil(axis.span_ms / most / DAY) * DAY;
  const ticks: Tick[] = [];
  for (let at = 0; at <= axis.span_ms && ticks.length <= most; at += step) ticks.push({ share: at / axis.span_ms, label: at === 0 ? '0' : lasting(at) });
  return ticks;
}

/** How a bar is drawn. */
export type BarKind = 'done' | 'failed' | 'live' | 'left' | 'kept' | 'span' | 'span failed' | 'none';

export interface Bar {
  kind: BarKind;
  /** Shares of the axis, 0 to 1. */
  left: number;
  width: number;
  /** Whatever is silent at its end, as a share of the axis; 0: nothing. */
  quiet: number;
}

/** What the bars' time is judged by. */
export interface Scene {
  axis: Axis;
  now_ms: number;
  /** The run may still go on. */
  live: boolean;
  /** The attempt that works. */
  attempt: number;
  /** When the run ended, if it has. */
  ended_ms: number | null;
  /** When a step was last heard of. */
  last_ms: number | null;
  /** The ordinal of the step that was begun last, where that is known. */
  newest: number | null;
}

export function shareOf(axis: Axis, at_ms: number): number {
  return Math.max(0, Math.min(1, (at_ms - axis.from_ms) / axis.span_ms));
}

/** Begun, without an end so far, by the attempt that is working now. */
export function isWorking(step: StepView, scene: Scene): boolean {
  return step.state === 'started' && step.source !== 'kept' && scene.live && step.attempt >= scene.attempt;
}

/** How long nothing was heard of a step that is open, if that is long: it is the one begun last, and nobody else spoke since. */
export function quietFor(step: StepView, scene: Scene): number | null {
  if (!isWorking(step, scene) || step.ordinal !== scene.newest || scene.last_ms === null) return null;
  const since = scene.now_ms - Math.max(scene.last_ms, step.began_ms);
  return since >= QUIET_MS ? since : null;
}

export function barOf(step: StepView, scene: Scene): Bar {
  const { axis } = scene;
  const left = shareOf(axis, step.began_ms);
  if (step.source === 'kept') return { kind: 'kept', left, width: step.ended_ms === null ? 0 : shareOf(axis, step.ended_ms) - left, quiet: 0 };
  const working = isWorking(step, scene);
  const end = step.ended_ms ?? (working ? scene.now_ms : (scene.ended_ms ?? scene.last_ms ?? step.began_ms));
  const width = Math.max(0, shareOf(axis, end) - left);
  const silent = quietFor(step, scene);
  const quiet = silent === null ? 0 : Math.min(width, silent / axis.span_ms);
  const failed = step.state === 'failed';
  const kind = working ? 'live' : step.state === 'started' ? 'left' : step.source === 'span' ? (failed ? runText.spanFailed : runText.span2) : failed ? 'failed' : 'done';
  return { kind, left, width, quiet };
}

/** What stands beside a bar, in the colour of its meaning. */
export interface Label {
  text: string;
  tone: '' | 'bad' | 'warn' | 'live';
  /** Several tries, inside or out. */
  again: boolean;
}

function timesWords(times: number): string {
  return times === 1 ? 'once' : times === 2 ? runText.twice : runText.times(times);
}

/** "begun 3 times", "4 retries"; null: all went at the first try. */
export function againWords(step: Pick<StepView, 'tries' | 'retries'>): string | null {
  const words: string[] = [];
  if (step.tries > 1) words.push(runText.begun(timesWords(step.tries)));
  if ((step.retries ?? 0) > 0) words.push(`${step.retries} ${step.retries === 1 ? 'retry' : 'retries'}`);
  return words.length === 0 ? null : words.join(', ');
}

export function labelOf(step: StepView, scene: Scene): Label {
  const again = againWords(step);
  if (step.source === 'kept') return { text: step.state === 'completed' ? runText.keptNotDoneAgain : runText.notCompletedInTheRun, tone: '', again: false };
  const took = step.ended_ms === null ? '' : lasting(step.ended_ms - step.began_ms);
  if (step.state === 'failed') return { text: [took, again, step.error?.trim() || 'failed'].filter(Boolean).join(' · '), tone: 'bad', again: again !== null };
  if (step.state === 'started') {
    if (!isWorking(step, scene)) return { text: scene.live ? runText.leftOpenByAnEarlier : runText.noEndReported, tone: 'warn', again: false };
    const silent = quietFor(step, scene);
    const seconds = Math.floor((scene.now_ms - step.began_ms) / SECOND);
    // In its first second nothing is said: it is not over in 0 ms.
    const lasts = seconds > 0 ? lasting(seconds * SECOND) : '';
    return silent === null ? { text: [lasts, again].filter(Boolean).join(' · '), tone: 'live', again: again !== null } : { text: runText.noStepReportedFor(lasting(Math.floor(silent / SECOND) * SECOND)), tone: 'warn', again: false };
  }
  return again === null ? { text: took, tone: '', again: false } : { text: `${took} · ${again}`, tone: 'warn', again: true };
}

/** On which side of its bar a label stands, from where and how wide it may be, in px. */
const HARDLY_PX = 80;

export interface LabelPlace {
  side: 'right' | 'left';
  /** From the left edge; of one at the left, from the right edge. */
  offset_px: number;
  room_px: number;
  /** In the bar itself. */
  inside?: boolean;
}

/** Where there is hardly any room, no more than how long it took: two letters of what follows tell nothing. */
export function labelIn(room_px: number, text: string): string {
  return room_px < HARDLY_PX ? (text.split(' · ')[0] ?? text) : text;
}

/** `hollow`: there is nothing in the bar, so that words may stand in it where there is no room beside it. */
export function placeOfLabel(text: string, icon: boolean, bar: Bar, width_px: number, hollow = false): LabelPlace {
  const needs = text.length * LETTER_PX + (icon ? 18 : 0);
  const end = bar.left * width_px + Math.max(2, bar.width * width_px);
  const right = width_px - end - GAP_PX - 4;
  const left = bar.left * width_px - GAP_PX - 4;
  const inside = bar.width * width_px - 2 * GAP_PX;
  if (hollow && right < needs && left < needs && inside >= needs) return { side: 'right', offset_px: bar.left * width_px + GAP_PX, room_px: inside, inside: true };
  const onRight = right >= needs || (left < needs && right >= left);
  return onRight ? { side: 'right', offset_px: end + GAP_PX, room_px: Math.max(0, right) } : { side: 'left', offset_px: width_px - bar.left * width_px + GAP_PX, room_px: Math.max(0, left) };
}
