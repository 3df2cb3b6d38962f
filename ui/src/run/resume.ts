//! From where a broken run goes on, and what that keeps and does again, said before it is pressed. Pure.
import * as runText from '../text/run';
import type { RunStory, StepsSummary, StepView } from '../wire';
import { isLive } from '../words';
import { kindWords, thousands } from './labels';
import type { Tree } from './tree';

/** Steps that reach outside of the agent: done twice, they may have happened twice. */
export const REACHES_OUT: ReadonlySet<string> = new Set(['tool', 'http']);
const NAMED_MOST = 6;

/** A step as one points at it: `number` is "3.4". */
export interface From {
  ordinal: number;
  number: string;
}

/** True for a run of which something can be kept: it has ended, and told of steps. */
export function isResumable(story: Pick<RunStory, 'mark'>, steps: StepsSummary | null): boolean {
  return !isLive(story.mark) && story.mark.ended_at_ms !== null && steps !== null && steps.begun > 0;
}

/** True for what an agent began itself; a span only tells of work, and cannot be handed back. */
export function isDurable(step: Pick<StepView, 'source'>): boolean {
  return step.source !== 'span';
}

/** The first step that is not completed, as deep as its own first one is known; null when all that is here are completed. */
export function brokeFirst(tree: Tree): From | null {
  let found: From | null = null;
  for (let under = 0; ; ) {
    const steps = [...(tree.branches.get(under)?.pages.values() ?? [])].flat().filter((step) => isDurable(step) && step.state !== 'completed');
    const first = steps.sort((a, b) => a.ordinal - b.ordinal)[0];
    if (first === undefined) return found;
    found = { ordinal: first.ordinal, number: found === null ? String(first.place) : `${found.number}.${first.place}` };
    under = first.ordinal;
  }
}

/** True when a run can go on somewhere: at a step that is here, or, among more than are here, at one that only the tower knows. */
export function offersResume(tree: Tree, steps: StepsSummary): boolean {
  if (brokeFirst(tree) !== null) return true;
  const top = tree.branches.get(0);
  const here = [...(top?.pages.values() ?? [])].flat();
  return steps.completed < steps.begun && here.length < (top?.total ?? 0) && here.some(isDurable);
}

/** "Resume from step 3" */
export function resumeLabel(number: string): string {
  return number === '' ? runText.resume : runText.resumeFromStep(number);
}

/** What the question says. */
export interface ResumeWords {
  kept: string;
  again: string;
  /** Steps that reached outside and come again, by name. */
  reaching: string[];
  /** How many of them are not named. */
  more: number;
}

/** `top`: the steps at the top, as far as they were read; `total`: how many there are; `from`: the one it resumes from, `number` "3.4". */
export function resumeWords(top: readonly StepView[], total: number, from: StepView, number: string): ResumeWords {
  const durable = top.filter(isDurable);
  const inside = number.includes('.') ? number.slice(0, number.indexOf('.')) : null;
  const before = durable.filter((step) => step.ordinal < from.ordinal && String(step.place) !== inside);
  const kept = before.filter((step) => step.state === 'completed');
  const after = durable.filter((step) => step.ordinal > from.ordinal);
  const rest = after.length + Math.max(0, total - top.length);
  const reached = [...(inside === null ? [] : [from]), ...durable.filter((step) => step.ordinal >= from.ordinal || step.state !== 'completed')].filter((step) => REACHES_OUT.has(step.kind));
  const again = [runText.step3(number, from.name), ...(inside === null ? [] : [runText.theRestOfStep(inside)]), ...(rest === 0 ? [] : [rest === 1 ? runText.theOneAfterIt : runText.theAfterIt(thousands(rest))])];
  const open = before.length - kept.length;
  return {
    kept: `${keptWords(kept, inside, number)}${open === 0 ? '' : runText.hadNotBeenCompleted(open === 1 ? runText.oneStepBeforeIt : runText.stepsBeforeIt(open), open)}`,
    again: runText.areDoneAgain(again.length < 3 ? again.join(runText.and) : runText.andOfAgain(again.slice(0, -1).join(', '), again[again.length - 1] ?? ''), again.length),
    reaching: reached.slice(0, NAMED_MOST).map((step) => `${step.place > 0 && step !== from ? `${step.place} ` : step === from ? `${number} ` : ''}${step.name} (${kindWords(step.kind)}${ENDS[step.state] ?? ''})`),
    more: Math.max(0, reached.length - NAMED_MOST)
  };
}

const ENDS: Record<string, string> = { completed: runText.completedOnceAlready, failed: runText.failedGoesOut, started: runText.endNotKnownGoesOut };

function keptWords(kept: readonly StepView[], inside: string | null, number: string): string {
  const within = inside === null ? '' : runText.whatWasCompletedInside(inside, number);
  const steps = kept.length === 0 ? '' : kept.length === 1 ? runText.stepOfPlace(kept[0]?.place ?? 1, kept[0]?.name ?? '') : runText.completedStepsBeforeIt(thousands(kept.length));
  if (steps === '' && within === '') return runText.nothingIsKeptNoStep;
  const both = [steps, within].filter((words) => words !== '').join(runText.and2);
  return runText.keptBegunAgain(both.charAt(0).toUpperCase(), both.slice(1), kept.length > 1 || (kept.length === 1 && within !== '') ? 'are' : 'is');
}
