//! The steps of a run as a few short lines: what the inspector has room for. Pure.
import type { StepView } from '../wire';

export interface StepLine {
  ordinal: number;
  name: string;
  state: string;
  /** Where it lies in the run: both between 0 and 1. */
  from: number;
  share: number;
  took_ms: number;
}

/** Steps at the top, against the time from the first's beginning to the last's end; one that goes on reaches to now. */
export function stepLines(steps: readonly StepView[], now_ms: number): StepLine[] {
  const end = (step: StepView) => Math.max(step.began_ms, step.ended_ms ?? now_ms);
  const first = Math.min(...steps.map((step) => step.began_ms));
  const whole = Math.max(1, Math.max(...steps.map(end)) - first);
  return steps.map((step) => ({ ordinal: step.ordinal, name: step.name, state: step.state, from: (step.began_ms - first) / whole, share: (end(step) - step.began_ms) / whole, took_ms: end(step) - step.began_ms }));
}
