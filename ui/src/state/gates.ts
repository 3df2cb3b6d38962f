//! Gates as the inbox shows them: their groups, their words, how long an answer is held back before it is sent. Pure.
import * as gatesText from '../text/gates';
import { ago, day, DAY, hm, lasting, MINUTE, sameDay, SECOND, stamp } from '../time';
import type { AlertView, Gates, GateView, GateWord, RunToVerify } from '../wire';

/** What one does about a gate. */
export type GateAct = 'approve' | 'edit' | 'deny' | 'later';

/** An answer that was given and not yet sent: it can be taken back until then. */
export interface Held {
  gate: GateView;
  act: GateAct;
  /** Of an edit: JSON as text. */
  payload: string | null;
  comment: string;
  /** Of `later`. */
  minutes: number;
  given_ms: number;
  /** It is sent then, on the tower's clock. */
  sent_ms: number;
  /** It is on its way: there is nothing left to take back. */
  going: boolean;
}

/** Sent this much before a deadline that would end the wait. */
const AHEAD_MS = SECOND;

/** When an answer given now is sent: after `back_ms`, or later if the gate asks for it. One that came in time is not held back past the deadline. */
export function sentAt(gate: Pick<GateView, 'take_back_ms' | 'deadline_ms' | 'on_no_answer'>, back_ms: number, now_ms: number): number {
  const held_ms = now_ms + Math.max(back_ms, gate.take_back_ms ?? 0);
  const ends = gate.deadline_ms !== null && (gate.on_no_answer === 'proceed' || gate.on_no_answer === 'stop');
  return ends ? Math.max(now_ms, Math.min(held_ms, (gate.deadline_ms ?? 0) - AHEAD_MS)) : held_ms;
}

/** An answer that a sleep of the machine overtook was meant for then, not for now. */
export function isOvertaken(held: Pick<Held, 'sent_ms'>, now_ms: number): boolean {
  return now_ms - held.sent_ms > 10 * SECOND;
}

export const WORD_OF: Record<Exclude<GateAct, 'later'>, GateWord> = { approve: 'approve', edit: 'edit', deny: 'deny' };
const DONE: Record<GateAct, string> = { approve: gatesText.approved, edit: gatesText.approvedWithYourChanges, deny: gatesText.denied, later: gatesText.later };
const MARK_OF: Record<GateAct, string> = { approve: 'approved', edit: 'edited', deny: 'denied', later: 'later' };

export const heldMark = (held: Pick<Held, 'act'>): string => MARK_OF[held.act];

/** "Approved. invoice-clerk is told in 4 s." */
export function heldWords(held: Held, now_ms: number, zone: string): string {
  if (held.act === 'later') return gatesText.laterItAsksAgainAt(atWords(held.given_ms + held.minutes * MINUTE, now_ms, zone));
  const left = leftOf(held, now_ms);
  const who = toldName(held.gate);
  return held.going ? gatesText.isToldNow(DONE[held.act], who) : gatesText.isToldInS(DONE[held.act], who, left);
}

/** The window's clock moves once a second: it may be a little behind the key press. */
function leftOf(held: Held, now_ms: number): number {
  return Math.max(1, Math.ceil((held.sent_ms - Math.max(now_ms, held.given_ms)) / SECOND));
}

/** In the list, where the time stands: "told in 4 s". */
export function heldSide(held: Held, now_ms: number): string {
  return held.act === 'later' ? 'later' : held.going ? gatesText.toldNow : gatesText.toldInS(leftOf(held, now_ms));
}

function toldName(gate: GateView): string {
  return gate.about === 'delivery' ? (gate.cue_name ?? gatesText.itsCue) : askerOf(gate);
}

/** Who asks: the agent, or the cue that asks by itself. */
export function askerOf(gate: Pick<GateView, 'agent' | 'cue_name' | 'about'>): string {
  if (gate.about === 'asked' && gate.agent !== '') return gate.agent;
  return gate.cue_name ?? (gate.agent === '' ? gatesText.anAgent : gate.agent);
}

/** Whose the gate is, in the list: the cue, or the agent that asked outside of any run. */
export function nameOf(gate: Pick<GateView, 'agent' | 'cue_name'>): string {
  return gate.cue_name ?? (gate.agent === '' ? gatesText.anAgent2 : gate.agent);
}

/** "asks, before its step send", in front of the run it is in. */
export function askedWords(gate: Pick<GateView, 'about' | 'key' | 'run_id'>): string {
  if (gate.about === 'delivery') return gatesText.asksBeforeAnything;
  if (gate.about === 'step') return gatesText.asksBeforeItsStepIn(gate.key);
  return gate.run_id === null ? gatesText.asksOutsideOfAnyRun : gatesText.asksIn;
}

export function isPutOff(gate: Pick<GateView, 'state' | 'put_off_until_ms'>, now_ms: number): boolean {
  return gate.state === 'waiting' && gate.put_off_until_ms !== null && gate.put_off_until_ms > now_ms;
}

/** The glyph of a gate. */
export function markOf(gate: Pick<GateView, 'state' | 'put_off_until_ms'>, now_ms: number): string {
  return isPutOff(gate, now_ms) ? 'later' : gate.state;
}

export interface Groups {
  waiting: readonly GateView[];
  confirm: readonly RunToVerify[];
  later: readonly GateView[];
  settled: readonly GateView[];
}

export function groupsOf(gates: Gates, now_ms: number): Groups {
  return {
    waiting: gates.waiting.filter((gate) => !isPutOff(gate, now_ms)),
    confirm: gates.confirm,
    later: gates.waiting.filter((gate) => isPutOff(gate, now_ms)),
    settled: gates.settled
  };
}

/** Nothing moves while somebody is in the list: what is known keeps its place, what is new comes last. */
export function inPlace(before: readonly string[], now: readonly GateView[]): GateView[] {
  const rank = (gate: GateView) => (before.includes(gate.id) ? before.indexOf(gate.id) : before.length);
  return [...now].sort((a, b) => rank(a) - rank(b));
}

/** "57 min left", "overdue", "for 3 h": beside a gate that waits; "at 11:00" beside one that was put off; when it was answered. */
export function sideWords(gate: GateView, now_ms: number, zone: string): string {
  if (gate.state !== 'waiting') return gate.settled_at_ms === null ? '' : dayWords(gate.settled_at_ms, now_ms, zone);
  if (isPutOff(gate, now_ms)) return gatesText.at(atWords(gate.put_off_until_ms ?? 0, now_ms, zone));
  if (gate.overdue_at_ms !== null) return 'overdue';
  if (gate.deadline_ms !== null) return leftWords(gate.deadline_ms, now_ms);
  return gatesText.forIt(roughly(now_ms - gate.asked_at_ms));
}

/** "57 min left", "41 s left" */
export function leftWords(deadline_ms: number, now_ms: number): string {
  const left = deadline_ms - now_ms;
  return left <= 0 ? gatesText.itsTimeIsOver : gatesText.left(roughly(left));
}

/** Without the seconds, where minutes say enough. */
function roughly(length_ms: number): string {
  const unit = length_ms < MINUTE ? SECOND : MINUTE;
  return lasting(Math.max(SECOND, Math.floor(length_ms / unit) * unit));
}

/** "08:11", "Thu", "12 Nov" */
function dayWords(at_ms: number, now_ms: number, zone: string): string {
  if (sameDay(at_ms, now_ms, zone)) return hm(at_ms, zone);
  const [name = '', ...date] = day(at_ms, zone).split(' ');
  return now_ms - at_ms < 6 * DAY ? name : date.join(' ');
}

/** "10:00", "Mon 23 Nov 09:00" */
export function atWords(at_ms: number, now_ms: number, zone: string): string {
  return sameDay(at_ms, now_ms, zone) ? hm(at_ms, zone) : `${day(at_ms, zone)} ${hm(at_ms, zone)}`;
}

const NO_ANSWER: Record<string, string> = {
  proceed: gatesText.withNoAnswerItGoes, stop: gatesText.withNoAnswerItsRun, escalate: gatesText.withNoAnswerYou
};

/** What if nothing is said, in one sentence. */
export function noAnswerWords(gate: Pick<GateView, 'deadline_ms' | 'on_no_answer'>, now_ms: number, zone: string): string {
  if (gate.deadline_ms === null) return gatesText.itWaitsUntilYouAnswer;
  return gate.on_no_answer === 'keep_waiting' ? gatesText.afterIt(atWords(gate.deadline_ms, now_ms, zone)) : (NO_ANSWER[gate.on_no_answer] ?? '');
}

/** Until when, and what if nothing is said. */
export function untilFact(gate: GateView, now_ms: number, zone: string): { head: string; text: string } {
  const never = gatesText.theAgentIsToldNo;
  if (gate.deadline_ms !== null) {
    const ends = gate.on_no_answer === 'proceed' || gate.on_no_answer === 'stop';
    return { head: gatesText.answerBy(atWords(gate.deadline_ms, now_ms, zone)), text: [sentence(leftWords(gate.deadline_ms, now_ms)), noAnswerWords(gate, now_ms, zone), ends ? never : ''].filter((words) => words !== '').join(' ') };
  }
  if (gate.overdue_at_ms !== null) return { head: gatesText.overdueSince(atWords(gate.overdue_at_ms, now_ms, zone)), text: gatesText.itStaysParkedUntilYou };
  return { head: gatesText.noDeadline, text: gatesText.itWaitsUntilYouAnswerNo };
}

/** Whether it can be undone, and what goes on meanwhile. */
export function undoneFact(gate: GateView): string {
  const can = gate.reversible === null ? gatesText.notSaidWhether : gate.reversible ? gatesText.yesAsItSays : gatesText.noItCannot;
  if (gate.state !== 'waiting') return can;
  const meanwhile = gate.about === 'delivery' ? gatesText.nothingHasGoneOutYet : gate.blocking ? gatesText.whileItWaitsItsClocks : gatesText.itWorksOnMeanwhile;
  return `${can} ${meanwhile}`;
}

/** The same in a line of its own, where there is no room for three facts. A settled gate is beyond it. */
export function undoneLine(gate: Pick<GateView, 'reversible' | 'state'>): { words: string; tone: 'warn' | 'c2' } | null {
  if (gate.reversible === null) return gate.state === 'waiting' ? { words: gatesText.notSaidWhether, tone: 'warn' } : null;
  return gate.reversible ? { words: gatesText.yesItCanBeUndone, tone: 'c2' } : { words: gatesText.itCannotBeUndone, tone: 'warn' };
}

/** What whoever asked was told. */
export function toldFact(gate: Pick<GateView, 'state' | 'on_no_answer'>): string {
  switch (gate.state) {
    case 'approved':
      return gatesText.itWasToldToGo;
    case 'edited':
      return gatesText.itWasToldToGoOn;
    case 'denied':
      return gatesText.itWasToldNo;
    case 'no_answer':
      return gatesText.itWasToldNoAnswer(gate.on_no_answer === 'proceed' ? gatesText.andWentOn : gate.on_no_answer === 'stop' ? gatesText.andItsRunWasStopped : '');
    default:
      return gatesText.itsRunEnded;
  }
}

/** "Waiting costs $2 an hour."; empty when nobody says so. */
export function costOfWaiting(gate: Pick<GateView, 'cost_of_waiting' | 'usd_per_hour'>): string {
  const said = gate.cost_of_waiting.trim().replace(/\.$/, '');
  if (said !== '') return gatesText.waitingCosts(said);
  return gate.usd_per_hour === null || gate.usd_per_hour === 0 ? '' : gatesText.waitingCostsAnHour(gate.usd_per_hour);
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}

const PLACES: Record<string, string> = { window: gatesText.inTheWindow, browser: gatesText.inTheBrowser, notification: gatesText.inTheNotification, tray: gatesText.inTheTray, cli: gatesText.onTheCommandLine };
const SETTLED: Record<string, string> = { approved: gatesText.approved, edited: gatesText.approvedWithChanges, denied: gatesText.denied, no_answer: gatesText.nobodyAnsweredInTime, withdrawn: gatesText.withdrawn };
const AFTER_NONE: Record<string, string> = { proceed: gatesText.itWentOnToldNo, stop: gatesText.itsRunWasStoppedTold };

/** "Approved": what became of one. */
export const settledWord = (state: string): string => SETTLED[state] ?? state;

/** "Approved in the notification at 09:02:51, 40 s after it was asked." */
export function settledWords(gate: GateView, now_ms: number, zone: string): string {
  const where = gate.face === null ? '' : ` ${PLACES[gate.face] ?? ''}`;
  const at = gate.settled_at_ms === null ? '' : gatesText.atOfStamp(stamp(gate.settled_at_ms, now_ms, zone));
  const after = gate.face === null || gate.settled_at_ms === null ? '' : gatesText.afterItWasAsked(roughly(gate.settled_at_ms - gate.asked_at_ms));
  const then = gate.state === 'no_answer' ? (AFTER_NONE[gate.on_no_answer] ?? '') : gate.state === 'withdrawn' ? gatesText.nobodyWaitsForAnAnswer : '';
  return `${settledWord(gate.state)}${where}${at}${after}.${then}`;
}

/** Below the title of one that was answered: "in the window, after 40 s", "“order was delivered”". */
export function settledSide(gate: GateView): string {
  if (gate.comment !== null && gate.comment !== '') return `“${gate.comment}”`;
  if (gate.state === 'no_answer') return gate.on_no_answer === 'proceed' ? gatesText.itWentOn : gate.on_no_answer === 'stop' ? gatesText.itsRunWasStopped : gatesText.itsTimePassed;
  if (gate.face === null || gate.settled_at_ms === null) return '';
  return gatesText.after(PLACES[gate.face] ?? '', roughly(gate.settled_at_ms - gate.asked_at_ms));
}

/** What may stand behind "Later". */
export const LATER: readonly { minutes: number; words: string }[] = [
  { minutes: 10, words: gatesText.in10Min }, { minutes: 30, words: gatesText.in30Min }, { minutes: 60, words: gatesText.in1H }, { minutes: 180, words: gatesText.in3H }, { minutes: 24 * 60, words: gatesText.inADay }
];

/** For how long it is put off: not past half of what is left of its deadline. */
export function laterMinutes(gate: Pick<GateView, 'deadline_ms'>, chosen: number, now_ms: number): number {
  if (gate.deadline_ms === null) return chosen;
  return Math.max(1, Math.min(chosen, Math.floor((gate.deadline_ms - now_ms) / 2 / MINUTE)));
}

/** The waiting gates that an alert speaks of. */
export function gatesOfAlert(alert: Pick<AlertView, 'kind' | 'run_id' | 'agent' | 'account' | 'cue_id'>, waiting: readonly GateView[]): GateView[] {
  if (alert.kind !== 'gate_waiting') return [];
  if (alert.run_id !== null) return waiting.filter((gate) => gate.run_id === alert.run_id);
  return alert.agent === null ? [] : waiting.filter((gate) => gate.run_id === null && gate.agent === alert.agent && gate.account === alert.account);
}

/** Beside each other by what waiting costs: a deadline first, then money, then age. */
export function byUrgency(a: GateView, b: GateView): number {
  return (a.deadline_ms ?? Infinity) - (b.deadline_ms ?? Infinity) || (b.usd_per_hour ?? 0) - (a.usd_per_hour ?? 0) || a.asked_at_ms - b.asked_at_ms || a.id.localeCompare(b.id);
}

/** "Asked 12 min ago" */
export const askedAgo = (gate: Pick<GateView, 'asked_at_ms'>, now_ms: number): string => gatesText.asked(ago(gate.asked_at_ms, now_ms));

/** What is waited for and has less than this left is said aloud. */
const SOON_MS = 5 * MINUTE;

/** The gates that end soon if nobody answers: said once each. */
export function endingSoon(waiting: readonly GateView[], told: readonly string[], now_ms: number): GateView[] {
  return waiting.filter((gate) => gate.deadline_ms !== null && gate.deadline_ms > now_ms && gate.deadline_ms - now_ms < SOON_MS && !isPutOff(gate, now_ms) && !told.includes(gate.id));
}
