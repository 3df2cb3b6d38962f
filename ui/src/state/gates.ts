//! Gates as the inbox shows them: their groups, their words, how long an answer is held back before it is sent. Pure.
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
const DONE: Record<GateAct, string> = { approve: 'Approved', edit: 'Approved with your changes', deny: 'Denied', later: 'Later' };
const MARK_OF: Record<GateAct, string> = { approve: 'approved', edit: 'edited', deny: 'denied', later: 'later' };

export const heldMark = (held: Pick<Held, 'act'>): string => MARK_OF[held.act];

/** "Approved. invoice-clerk is told in 4 s." */
export function heldWords(held: Held, now_ms: number, zone: string): string {
  if (held.act === 'later') return `Later: it asks again at ${atWords(held.given_ms + held.minutes * MINUTE, now_ms, zone)}.`;
  const left = leftOf(held, now_ms);
  const who = toldName(held.gate);
  return held.going ? `${DONE[held.act]}. ${who} is told now.` : `${DONE[held.act]}. ${who} is told in ${left} s.`;
}

/** The window's clock moves once a second: it may be a little behind the key press. */
function leftOf(held: Held, now_ms: number): number {
  return Math.max(1, Math.ceil((held.sent_ms - Math.max(now_ms, held.given_ms)) / SECOND));
}

/** In the list, where the time stands: "told in 4 s". */
export function heldSide(held: Held, now_ms: number): string {
  return held.act === 'later' ? 'later' : held.going ? 'told now' : `told in ${leftOf(held, now_ms)} s`;
}

function toldName(gate: GateView): string {
  return gate.about === 'delivery' ? (gate.cue_name ?? 'Its cue') : askerOf(gate);
}

/** Who asks: the agent, or the cue that asks by itself. */
export function askerOf(gate: Pick<GateView, 'agent' | 'cue_name' | 'about'>): string {
  if (gate.about === 'asked' && gate.agent !== '') return gate.agent;
  return gate.cue_name ?? (gate.agent === '' ? 'An agent' : gate.agent);
}

/** Whose the gate is, in the list: the cue, or the agent that asked outside of any run. */
export function nameOf(gate: Pick<GateView, 'agent' | 'cue_name'>): string {
  return gate.cue_name ?? (gate.agent === '' ? 'an agent' : gate.agent);
}

/** "asks, before its step send", in front of the run it is in. */
export function askedWords(gate: Pick<GateView, 'about' | 'key' | 'run_id'>): string {
  if (gate.about === 'delivery') return 'asks before anything is delivered, for';
  if (gate.about === 'step') return `asks before its step ${gate.key}, in`;
  return gate.run_id === null ? 'asks, outside of any run' : 'asks, in';
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
  if (isPutOff(gate, now_ms)) return `at ${atWords(gate.put_off_until_ms ?? 0, now_ms, zone)}`;
  if (gate.overdue_at_ms !== null) return 'overdue';
  if (gate.deadline_ms !== null) return leftWords(gate.deadline_ms, now_ms);
  return `for ${roughly(now_ms - gate.asked_at_ms)}`;
}

/** "57 min left", "41 s left" */
export function leftWords(deadline_ms: number, now_ms: number): string {
  const left = deadline_ms - now_ms;
  return left <= 0 ? 'its time is over' : `${roughly(left)} left`;
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
  keep_waiting: 'With no answer it stays parked.', proceed: 'With no answer it goes on.', stop: 'With no answer its run is stopped.', escalate: 'With no answer you are told once more, louder, and it waits on.'
};

/** What if nothing is said, in one sentence. */
export function noAnswerWords(gate: Pick<GateView, 'deadline_ms' | 'on_no_answer'>): string {
  return gate.deadline_ms === null ? 'It waits until you answer.' : (NO_ANSWER[gate.on_no_answer] ?? '');
}

/** Until when, and what if nothing is said. */
export function untilFact(gate: GateView, now_ms: number, zone: string): { head: string; text: string } {
  const never = 'The agent is told “no answer”, never “denied”.';
  if (gate.deadline_ms !== null) {
    const ends = gate.on_no_answer === 'proceed' || gate.on_no_answer === 'stop';
    return { head: `Answer by ${atWords(gate.deadline_ms, now_ms, zone)}`, text: [sentence(leftWords(gate.deadline_ms, now_ms)), NO_ANSWER[gate.on_no_answer] ?? '', ends ? never : ''].filter((words) => words !== '').join(' ') };
  }
  if (gate.overdue_at_ms !== null) return { head: `Overdue since ${atWords(gate.overdue_at_ms, now_ms, zone)}`, text: 'It stays parked until you answer. No answer is never a denial.' };
  return { head: 'No deadline', text: 'It waits until you answer. No answer is never a denial.' };
}

/** Whether it can be undone, and what goes on meanwhile. */
export function undoneFact(gate: GateView): string {
  const can = gate.reversible === null ? 'It does not say: take it for a no.' : gate.reversible ? 'Yes, as it says.' : 'No, it cannot.';
  if (gate.state !== 'waiting') return can;
  const meanwhile = gate.about === 'delivery' ? 'Nothing has gone out yet.' : gate.blocking ? 'While it waits its clocks stand still, and its room in pools is free for others.' : 'It works on meanwhile.';
  return `${can} ${meanwhile}`;
}

/** What whoever asked was told. */
export function toldFact(gate: Pick<GateView, 'state' | 'on_no_answer'>): string {
  switch (gate.state) {
    case 'approved':
      return 'It was told to go on.';
    case 'edited':
      return 'It was told to go on, with what you made of it.';
    case 'denied':
      return 'It was told no.';
    case 'no_answer':
      return `It was told “no answer”, never “denied”${gate.on_no_answer === 'proceed' ? ', and went on' : gate.on_no_answer === 'stop' ? ', and its run was stopped' : ''}.`;
    default:
      return 'Its run ended, or it asked anew with other contents.';
  }
}

/** "Waiting costs $2 an hour."; empty when nobody says so. */
export function costOfWaiting(gate: Pick<GateView, 'cost_of_waiting' | 'usd_per_hour'>): string {
  const said = gate.cost_of_waiting.trim().replace(/\.$/, '');
  if (said !== '') return `Waiting costs ${said}.`;
  return gate.usd_per_hour === null || gate.usd_per_hour === 0 ? '' : `Waiting costs $${gate.usd_per_hour} an hour.`;
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}

const PLACES: Record<string, string> = { window: 'in the window', browser: 'in the browser', notification: 'in the notification', tray: 'in the tray', cli: 'on the command line' };
const SETTLED: Record<string, string> = { approved: 'Approved', edited: 'Approved with changes', denied: 'Denied', no_answer: 'Nobody answered in time', withdrawn: 'Withdrawn' };
const AFTER_NONE: Record<string, string> = { proceed: ' It went on, told “no answer”.', stop: ' Its run was stopped, told “no answer”.' };

/** "Approved in the notification at 09:02:51, 40 s after it was asked." */
export function settledWords(gate: GateView, now_ms: number, zone: string): string {
  const where = gate.face === null ? '' : ` ${PLACES[gate.face] ?? ''}`;
  const at = gate.settled_at_ms === null ? '' : ` at ${stamp(gate.settled_at_ms, now_ms, zone)}`;
  const after = gate.face === null || gate.settled_at_ms === null ? '' : `, ${roughly(gate.settled_at_ms - gate.asked_at_ms)} after it was asked`;
  const then = gate.state === 'no_answer' ? (AFTER_NONE[gate.on_no_answer] ?? '') : gate.state === 'withdrawn' ? ' Nobody waits for an answer any more.' : '';
  return `${SETTLED[gate.state] ?? gate.state}${where}${at}${after}.${then}`;
}

/** Below the title of one that was answered: "in the window, after 40 s", "“order was delivered”". */
export function settledSide(gate: GateView): string {
  if (gate.comment !== null && gate.comment !== '') return `“${gate.comment}”`;
  if (gate.state === 'no_answer') return gate.on_no_answer === 'proceed' ? 'it went on' : gate.on_no_answer === 'stop' ? 'its run was stopped' : 'its time passed';
  if (gate.face === null || gate.settled_at_ms === null) return '';
  return `${PLACES[gate.face] ?? ''}, after ${roughly(gate.settled_at_ms - gate.asked_at_ms)}`;
}

/** What may stand behind "Later". */
export const LATER: readonly { minutes: number; words: string }[] = [
  { minutes: 10, words: 'in 10 min' }, { minutes: 30, words: 'in 30 min' }, { minutes: 60, words: 'in 1 h' }, { minutes: 180, words: 'in 3 h' }, { minutes: 24 * 60, words: 'in a day' }
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
export const askedAgo = (gate: Pick<GateView, 'asked_at_ms'>, now_ms: number): string => `Asked ${ago(gate.asked_at_ms, now_ms)}`;

/** What is waited for and has less than this left is said aloud. */
const SOON_MS = 5 * MINUTE;

/** The gates that end soon if nobody answers: said once each. */
export function endingSoon(waiting: readonly GateView[], told: readonly string[], now_ms: number): GateView[] {
  return waiting.filter((gate) => gate.deadline_ms !== null && gate.deadline_ms > now_ms && gate.deadline_ms - now_ms < SOON_MS && !isPutOff(gate, now_ms) && !told.includes(gate.id));
}
