//! Which tab a run opens on: the one that says most of it. Pure.
import type { AttemptView, RunStory } from '../wire';

/** A run under way shows what it prints, or what it will be given while nothing has begun. One that has ended is beside the last good one, unless it has no steps to compare and printed, or never reached its agent. */
export function opensOn(story: Pick<RunStory, 'steps'>, attempt: Pick<AttemptView, 'stdout' | 'stderr' | 'state' | 'delivered_at_ms'> | undefined, live: boolean): 'output' | 'payload' | 'compare' {
  const printed = attempt !== undefined && (attempt.stdout.trim() !== '' || attempt.stderr.trim() !== '');
  if (live) return attempt === undefined || (!printed && (attempt.state === 'waiting' || attempt.state === 'offered')) ? 'payload' : 'output';
  const stepped = story.steps !== null && story.steps.begun > 0;
  const unreached = attempt !== undefined && attempt.delivered_at_ms === null;
  return !stepped && (printed || unreached) ? 'output' : 'compare';
}
