//! Which tab a run opens on: the one that says most of it. Pure.
import type { AttemptView, RunStory } from '../wire';

/** A run under way shows what it prints, or what it will be given while nothing has begun. One that has ended is beside the last good one, unless there is none, it has no steps to compare and printed, or never reached its agent. `comparable`: null while nobody knows. */
export function opensOn(story: Pick<RunStory, 'steps'>, attempt: Pick<AttemptView, 'stdout' | 'stderr' | 'state' | 'delivered_at_ms'> | undefined, live: boolean, comparable: boolean | null): 'output' | 'payload' | 'compare' | 'attempts' {
  const printed = attempt !== undefined && (attempt.stdout.trim() !== '' || attempt.stderr.trim() !== '');
  if (live) return attempt === undefined || (!printed && (attempt.state === 'waiting' || attempt.state === 'offered')) ? 'payload' : 'output';
  const stepped = story.steps !== null && story.steps.begun > 0;
  const unreached = attempt !== undefined && attempt.delivered_at_ms === null;
  if (!stepped && (printed || unreached)) return 'output';
  if (comparable !== false) return 'compare';
  // Without steps the attempts stand above the tabs already.
  return printed || !stepped ? 'output' : 'attempts';
}
