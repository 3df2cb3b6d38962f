//! What is said about a run beside its verdicts: what it waits for, what stops it, what brought it about, how often it was started again. Pure.
import { objectAt } from '../draft/json';
import * as runText from '../text/run';
import { hms, lasting, SECOND, stamp } from '../time';
import type { AttemptView, CausedBy, CueView, RunStory, WaitView } from '../wire';
import { beside, headline, waitingSince } from '../words';

/** How each kind of wait begins, and the icon beside it. */
const WAITS: Record<string, { begins: string; icon: Wait['icon'] }> = {
  pool: { begins: runText.waitsFor, icon: 'pool' },
  preflight: { begins: runText.held, icon: 'list' },
  worker: { begins: '', icon: 'worker' },
  ping: { begins: '', icon: 'watch' },
  gate: { begins: '', icon: 'gates' }
};

export interface Wait {
  icon: 'pool' | 'list' | 'worker' | 'watch' | 'gates' | 'clock';
  /** "Waits for pool openai: 1 of 1 in use (by leads); 2nd in line, since 09:02:11." */
  sentence: string;
  /** "for 41 s" */
  for: string;
  /** "looked at again in 12 s"; null when nobody knows. */
  until: string | null;
}

/** What a run waits for, as of now. */
export function waitOf(wait: WaitView, now_ms: number, zone: string): Wait {
  const kind = WAITS[wait.by];
  const words = wait.words.replace(/^pre-flight: /i, '').replace(/[.\s]+$/, '');
  const left = wait.until_ms === null ? null : wait.until_ms - now_ms;
  const ends = wait.by === 'worker' || wait.by === 'ping' ? runText.givenUp : runText.lookedAtAgain;
  const sentence = `${kind?.begins ?? runText.Waits}${words}`;
  return {
    icon: kind?.icon ?? 'clock',
    sentence: runText.since(sentence.charAt(0).toUpperCase(), sentence.slice(1), stamp(wait.since_ms, now_ms, zone)),
    for: waitingSince(wait.since_ms, now_ms),
    until: left === null ? null : left > SECOND ? runText.inOfEnds(ends, lasting(Math.ceil(left / SECOND) * SECOND)) : runText.nowOfEnds(ends)
  };
}

const HEADS: Record<string, string> = { pool: runText.waitsForRoom, preflight: runText.heldBeforeDelivery, worker: runText.waitsForAWorker, ping: runText.waitsForItsFirstPing, gate: runText.waitsForYourAnswer };

/** What heads a run that waits; null when it does not, or when nobody knows for what. */
export function waitHead(wait: WaitView | null): string | null {
  return wait === null ? null : (HEADS[wait.by] ?? null);
}

const STATES: Record<string, string> = { waiting: runText.stateWaits, retrying: runText.stateRetrying, pending_outcome: runText.stateWorking };

/** Where a run is, as the rest of the window calls it; one that has ended by its verdict. */
export function stateWords(story: Pick<RunStory, 'state' | 'waits' | 'mark'>): string {
  return story.waits?.by === 'gate' || story.mark.confirmed === 'gate' ? runText.stateAtAGate : (STATES[story.state] ?? story.state.replaceAll('_', ' '));
}

/** "3 restarts"; null for a command that was never started again. */
export function restartWords(restarts: number): string | null {
  return restarts === 0 ? null : `${restarts} ${restarts === 1 ? 'restart' : 'restarts'}`;
}

/** "stops at 10:05:00 by its budget of 1 h". `cue` as it is now: its budget is named only if there is one. */
export function fuseWords(fuse_at_ms: number, cue: CueView | undefined, now_ms: number, zone: string): string {
  const seconds = objectAt(objectAt(cue?.definition, 'budget'), 'run')['duration_seconds'];
  const budget = typeof seconds === 'number' ? runText.ofOfLasting(lasting(seconds * SECOND)) : '';
  return fuse_at_ms > now_ms ? runText.stopsAtByItsBudget(stamp(fuse_at_ms, now_ms, zone), budget) : runText.itsBudgetIsSpent(budget);
}

const CAUSES: Record<string, string> = { fallback: runText.fallbackFor, chain: runText.firedAfter, replay: runText.runsAgain, resume: runText.resumes, dynamic: runText.askedForIn };

/** The words before and behind the link to the run that caused this one: "Fallback for", "a run of leads". */
export function causeWords(cause: CausedBy): { before: string; link: string } {
  return { before: CAUSES[cause.how] ?? runText.causedBy, link: cause.cue_name === null ? runText.anEarlierRunOf : runText.aRunOf(cause.cue_name) };
}

/** Which try it is: "2 of 3"; a long-lived command counts its lives without an end. */
export function numberWords(attempt: Pick<AttemptView, 'number'>, story: Pick<RunStory, 'mark' | 'restarts'>): string {
  return story.restarts > 0 ? String(attempt.number) : runText.ofOfNumber(attempt.number, Math.max(story.mark.attempts_max, attempt.number));
}

/** Who has it, and for how long yet: "claimed by mac-mini, lease until 09:15:00"; null when nobody claimed it, or its own sentence says so. */
export function leaseWords(attempt: Pick<AttemptView, 'worker' | 'lease_until_ms' | 'ended_at_ms' | 'sentence'>, now_ms: number, zone: string): string | null {
  if (attempt.worker === null) return null;
  const words = attempt.sentence.includes(attempt.worker) ? [] : [runText.worker(attempt.worker)];
  if (attempt.lease_until_ms !== null && attempt.ended_at_ms === null) words.push(runText.lease(attempt.lease_until_ms > now_ms ? 'until' : 'lapsed', hms(attempt.lease_until_ms, zone)));
  return words.length === 0 ? null : words.join(', ');
}

/** True while the processes of an attempt may print and need memory. */
export function mayPrint(attempt: AttemptView, transport: string): boolean {
  return transport === 'command' && attempt.ended_at_ms === null && (attempt.state === 'delivering' || attempt.state === 'delivered' || attempt.state === 'unanswered');
}

/** What heads a run that somebody, or the tower itself, has to look at; null for any other. */
export function verificationHead(story: Pick<RunStory, 'verification' | 'checking_since_ms'> | null): string | null {
  if (story !== null && story.checking_since_ms !== null) return runText.reportedSuccessIt;
  return story?.verification === 'waiting' ? runText.claimedWaitsForYourWord : null;
}

/** What heads a run's page: what it waits for, who has to look at it, or its fact. Of a program that failed, the last line it wrote is part of it. */
export function headOf(story: Pick<RunStory, 'waits' | 'verification' | 'checking_since_ms' | 'mark'>, now_ms: number): string {
  return waitHead(story.waits) ?? verificationHead(story) ?? headline(story.mark, now_ms);
}

/** What is said below that head, which is nothing it says itself. */
export function belowHead(story: Pick<RunStory, 'waits' | 'verification' | 'checking_since_ms' | 'mark'>): string {
  return waitHead(story.waits) === null && verificationHead(story) === null ? beside(story.mark) : story.mark.sentence;
}

/** What will be confirmed of a run that has not ended, and by when: "at least 150 processed, by 19:50:00". Null: it has its end, or somebody else says so. */
export function awaitedWords(story: Pick<RunStory, 'mark' | 'proof' | 'outcome_deadline_ms' | 'cue'>, cue: CueView | undefined, now_ms: number, zone: string): string | null {
  const { mark } = story;
  const open = mark.confirmed === 'working' || (mark.confirmed === 'none' && mark.ended_at_ms === null && mark.delivered !== 'bounced' && (mark.scheduled === 'ran' || mark.scheduled === 'due' || mark.scheduled === 'held'));
  if (!open) return null;
  const [first, ...others] = story.proof;
  const confirm = String(objectAt({ cue: cue?.definition }, 'cue')['confirm'] ?? '');
  const what = first !== undefined ? `${first.claim.charAt(0).toLowerCase()}${first.claim.slice(1)}${others.length > 0 ? runText.andOthers(others.length) : ''}` : (AWAITED[confirm] ?? runText.itsReport);
  return story.outcome_deadline_ms === null ? what : runText.whatBy(what, stamp(story.outcome_deadline_ms, now_ms, zone));
}

const AWAITED: Record<string, string> = { exit_code: runText.itsExitCode, delivery: runText.thatItIsDelivered, checks: runText.whatThisMachineFinds };

/** Who looked at it, and why they say so: "Verified by the owner: the invoice is there."; null while nobody has. */
export function verifiedWords(story: Pick<RunStory, 'verification' | 'verification_words'>): string | null {
  if (story.verification !== 'valid' && story.verification !== 'invalid') return null;
  const by = (story.verification_words ?? '').replace(/^By /, runText.by).replace(/[.\s]+$/, '');
  return `${story.verification === 'valid' ? runText.verified : runText.foundToBeNotSo}${by === '' ? '' : ` ${by}`}.`;
}
