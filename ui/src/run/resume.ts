//! What resuming a run keeps and does again, said before it is pressed. Pure.
import type { RunStory } from '../wire';
import { isLive } from '../words';
import type { StepsSummary, StepView } from './steps_wire';
import { kindWords, thousands } from './labels';

/** Steps that reach outside of the agent: done twice, they may have happened twice. */
const REACHES_OUT: ReadonlySet<string> = new Set(['tool', 'http']);
const NAMED_MOST = 6;

/** True for a run of which something can be kept: it has ended, and told of steps. */
export function isResumable(story: Pick<RunStory, 'mark'>, steps: StepsSummary | null): boolean {
  return !isLive(story.mark) && story.mark.ended_at_ms !== null && steps !== null && steps.begun > 0;
}

/** True for what an agent began itself; a span only tells of work, and cannot be handed back. */
export function isDurable(step: Pick<StepView, 'source'>): boolean {
  return step.source !== 'span';
}

/** The first of those at the top that is not completed. */
export function firstOpen(top: readonly StepView[]): StepView | null {
  return top.find((step) => isDurable(step) && step.state !== 'completed') ?? null;
}

/** "Resume from step 3" */
export function resumeLabel(number: string): string {
  return number === '' ? 'Resume' : `Resume from step ${number}`;
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

/** `top`: the steps at the top, as far as they were read; `total`: how many there are; `from`: the one it resumes from. */
export function resumeWords(top: readonly StepView[], total: number, from: Pick<StepView, 'ordinal' | 'name'>, number: string): ResumeWords {
  const durable = top.filter(isDurable);
  const before = durable.filter((step) => step.ordinal < from.ordinal);
  const kept = before.filter((step) => step.state === 'completed');
  const lost = before.length - kept.length;
  const after = durable.filter((step) => step.ordinal >= from.ordinal && step.ordinal !== from.ordinal);
  const reached = durable.filter((step) => step.ordinal >= from.ordinal && REACHES_OUT.has(step.kind));
  const unread = Math.max(0, total - top.length);
  const rest = after.length + unread;
  return {
    kept:
      kept.length === 0
        ? 'Nothing is kept: no step before it was completed.'
        : `${kept.length === 1 ? `Step ${kept[0]?.place ?? 1} (${kept[0]?.name ?? ''}) is` : `${thousands(kept.length)} completed steps before it are`} kept: asked for again, the recorded output comes back and the work is not done twice.${lost > 0 ? ` ${lost === 1 ? 'One step before it' : `${lost} steps before it`} had not been completed and ${lost === 1 ? 'is' : 'are'} done, too.` : ''}`,
    again: `Step ${number} (${from.name})${rest === 0 ? ' is' : ` and the ${rest === 1 ? 'one' : `${thousands(rest)}`} after it are`} done again, as a new run with the same payload.`,
    reaching: reached.slice(0, NAMED_MOST).map((step) => `${step.place > 0 ? `${step.place} ` : ''}${step.name} (${kindWords(step.kind)}${step.state === 'completed' ? ', completed once already' : step.state === 'failed' ? ', failed' : ', begun, end not known'})`),
    more: Math.max(0, reached.length - NAMED_MOST)
  };
}
