//! What the owner is asked before it happens, as it stands in the form: before the delivery, before named steps, before a success counts. Pure.
import * as readbackText from '../text/readback';
import { lasting, SECOND } from '../time';
import type { TransportWord } from './delivering';
import { objectAt, one, text, without, type Json } from './json';
import { secondsOf, spanOf, type Span } from './span';

export const NO_ANSWER = ['keep_waiting', 'proceed', 'stop', 'escalate'] as const;

export interface GatingDraft {
  askDelivery: boolean;
  askConfirm: boolean;
  /** Keys or names of steps, one a line. */
  askSteps: string;
  /** How long an answer may take; empty: as long as you like. */
  askDeadline: Span;
  onNoAnswer: (typeof NO_ANSWER)[number];
}

export type GatingField = keyof GatingDraft;

const STEPS_MOST = 50;
const STEP_BYTES_MOST = 200;
const DEADLINE_S_MOST = 30 * 86_400;

export function blankGating(): GatingDraft {
  return { askDelivery: false, askConfirm: false, askSteps: '', askDeadline: spanOf(null), onNoAnswer: 'keep_waiting' };
}

export function readGating(d: Json): GatingDraft {
  const gate = objectAt(d, 'gate');
  const steps = gate['steps'];
  return {
    askDelivery: gate['before_delivery'] === true, askConfirm: gate['before_confirmation'] === true, askSteps: Array.isArray(steps) ? steps.map((step) => text(step)).join('\n') : '',
    askDeadline: spanOf(gate['deadline_seconds']), onNoAnswer: one(gate['on_no_answer'], NO_ANSWER, 'keep_waiting')
  };
}

type Whole = GatingDraft & { transport: TransportWord; confirm: string };

export function stepsOf(draft: Pick<GatingDraft, 'askSteps'>): string[] {
  return [...new Set(draft.askSteps.split('\n').map((line) => line.trim()).filter((line) => line !== ''))];
}

/** What is only watched is started by somebody else: nobody can be asked before. */
function holdsDelivery(draft: Pick<Whole, 'askDelivery' | 'transport'>): boolean {
  return draft.askDelivery && draft.transport !== 'watch';
}

/** Something is asked whose answer has a deadline: a success that waits to be confirmed has none. */
export function asksBefore(draft: Whole): boolean {
  return holdsDelivery(draft) || stepsOf(draft).length > 0;
}

/** `gate`; left out when nothing is asked. */
export function makeGating(draft: Whole, base: Json, wrong: (place: GatingField, sentence: string) => void): Json {
  const gate = without(objectAt(base, 'gate'), ['before_delivery', 'before_confirmation', 'steps', 'deadline_seconds', 'on_no_answer']);
  const steps = stepsOf(draft);
  if (holdsDelivery(draft)) gate['before_delivery'] = true;
  if (draft.askConfirm) gate['before_confirmation'] = true;
  if (steps.length > 0) gate['steps'] = steps;
  if (steps.length > STEPS_MOST) wrong('askSteps', readbackText.atMostStepsTheseAre(STEPS_MOST, steps.length));
  else if (steps.some((step) => new TextEncoder().encode(step).length > STEP_BYTES_MOST)) wrong('askSteps', readbackText.theNameOfAStep(STEP_BYTES_MOST));
  else if (steps.length > 0 && draft.confirm === 'delivery') wrong('askSteps', readbackText.aRunThatIsOver);
  if (asksBefore(draft)) {
    const seconds = secondsOf(draft.askDeadline);
    if (seconds !== null && !(seconds >= 1 && seconds <= DEADLINE_S_MOST)) wrong('askDeadline', readbackText.aLengthFrom1SecondTo);
    else if (seconds !== null) gate['deadline_seconds'] = seconds;
    else if (draft.onNoAnswer !== 'keep_waiting') wrong('askDeadline', readbackText.withinHowLongSuch);
    if (draft.onNoAnswer !== 'keep_waiting') gate['on_no_answer'] = draft.onNoAnswer;
  }
  return Object.keys(gate).length > 0 ? { gate } : {};
}

const THEN: Record<GatingDraft['onNoAnswer'], string> = { keep_waiting: readbackText.itStaysParkedAndWaits, proceed: readbackText.itGoesOn, stop: readbackText.theRunIsStopped, escalate: readbackText.youAreToldOnceMore };

const listed = (words: readonly string[]) => (words.length < 2 ? (words[0] ?? '') : readbackText.andOfWords(words.slice(0, -1).join(', '), words[words.length - 1] ?? ''));

/** "Nothing is delivered before your yes. With no answer within 1 h the run is stopped." */
export function gateSentences(draft: Whole): string[] {
  const out: string[] = [];
  const steps = stepsOf(draft);
  if (holdsDelivery(draft)) out.push(readbackText.nothingIsDeliveredBefore);
  if (steps.length > 0) out.push(readbackText.itsStepsBeginWithYour(steps.length, listed(steps)));
  if (asksBefore(draft)) {
    const seconds = secondsOf(draft.askDeadline);
    out.push(seconds !== null && seconds >= 1 ? readbackText.withNoAnswerWithin(lasting(seconds * SECOND), THEN[draft.onNoAnswer]) : readbackText.itWaitsUntilYouAnswer);
  }
  if (draft.askConfirm) out.push(readbackText.itsSuccessCountsWhenYou);
  return out;
}

/** In few words, for the fold's head. */
export function gateWords(draft: Whole): string {
  const steps = stepsOf(draft);
  const parts = [holdsDelivery(draft) ? readbackText.beforeItsDelivery : '', steps.length > 0 ? readbackText.before(listed(steps)) : '', draft.askConfirm ? readbackText.beforeItsSuccessCounts : ''].filter((words) => words !== '');
  return parts.length === 0 ? 'nothing' : parts.join('; ');
}
