import { expect, it } from 'vitest';
import { NOW } from '../testing';
import type { StepView } from '../wire';
import { stepLines } from './stepline';

const step = (ordinal: number, began: number, ended: number | null): StepView => ({ ordinal, name: `step ${ordinal}`, state: ended === null ? 'started' : 'completed', began_ms: NOW + began, ended_ms: ended === null ? null : NOW + ended }) as StepView;

it('steps lie in the time from the first to the last, and one that goes on reaches to now', () => {
  const lines = stepLines([step(1, 0, 250), step(2, 250, null)], NOW + 1000);
  expect(lines.map((line) => [line.from, line.share, line.took_ms])).toEqual([[0, 0.25, 250], [0.25, 0.75, 750]]);
});

it('steps that took no time are still somewhere', () => {
  expect(stepLines([step(1, 0, 0)], NOW).map((line) => [line.from, line.share])).toEqual([[0, 0]]);
  expect(stepLines([], NOW)).toEqual([]);
});
