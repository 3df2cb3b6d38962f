//! What needs the owner, in one order for the bay, the strip, the palette and the window's title. Pure.
import * as boardText from '../text/board';
import { countdown, money } from '../time';
import type { AlertView, GateView, LoginView, Mark } from '../wire';
import { isLive, needsYou, waitingSince } from '../words';
import { markOfRun, type Fleet } from './fleet';
import { byUrgency, gatesOfAlert, isPutOff, leftWords } from './gates';

export type Need =
  /** A question that waits for an answer; its own alert is counted with it. */
  | { kind: 'gate'; key: string; since_ms: number; gate: GateView }
  /** A trouble: of a run all that was told of it, which is one, led by what says how it ended. `spends`: its run goes on, and goes on spending. */
  | { kind: 'alert'; key: string; since_ms: number; alert: AlertView; also: readonly AlertView[]; spends: boolean }
  /** A held occurrence that runs only when the owner says so; `due` counts the due times it stands for. */
  | { kind: 'ask'; key: string; since_ms: number; mark: Mark; due: number }
  /** A program that wants a key of its own, and waits for a yes. */
  | { kind: 'login'; key: string; since_ms: number; login: LoginView };

/** Due times that a held occurrence stands for: its own, and those that merged into it. */
export function dueOf(lane: readonly Mark[], held: Mark): number {
  let due = held.count;
  for (const mark of lane) if (mark.coalesced_into === held.occurrence_id) due += mark.count;
  return due;
}

/** What waiting costs most first, as docs/gates.md has it: the nearest deadline, then most money by the hour, then what spends meanwhile, then the longest wait. `gates`: those that wait; `logins`: those that wait. */
export function needsOf(fleet: Fleet, gates: readonly GateView[], logins: readonly LoginView[], now_ms: number): Need[] {
  const open = gates.filter((gate) => !isPutOff(gate, now_ms));
  const needs: Need[] = open.map((gate) => ({ kind: 'gate', key: gate.id, since_ms: gate.asked_at_ms, gate }));
  needs.push(...troublesOf(fleet, needsYou(fleet.alerts.values(), now_ms).filter((alert) => gatesOfAlert(alert, gates).length === 0)));
  for (const lane of fleet.lanes.values()) {
    for (const mark of lane) if (mark.asks && mark.scheduled === 'held') needs.push({ kind: 'ask', key: mark.occurrence_id, since_ms: mark.due_ms, mark, due: dueOf(lane, mark) });
  }
  for (const login of logins) needs.push({ kind: 'login', key: `login ${login.code}`, since_ms: login.asked_at_ms, login });
  return needs.sort((a, b) => {
    const [first, second] = [costing(a), costing(b)];
    if (first && second) return byUrgency(first, second);
    return Number(second !== null) - Number(first !== null) || Number(spends(b)) - Number(spends(a)) || a.since_ms - b.since_ms || a.key.localeCompare(b.key);
  });
}

/** Nothing moves while somebody is in the list: what is known keeps its place, what is new comes last. */
export function needsInPlace(before: readonly string[], now: readonly Need[]): Need[] {
  const rank = (need: Need) => (before.includes(need.key) ? before.indexOf(need.key) : before.length);
  return [...now].sort((a, b) => rank(a) - rank(b));
}

/** Why it stands where it stands. `then`: what else is to be known of the wait, in a few words. */
export interface WaitWords {
  first: string;
  then: string;
  warn: boolean;
}

const AFTER: Record<string, string> = { proceed: boardText.thenItGoesOn, stop: boardText.thenItIsStopped, escalate: boardText.thenItGetsLouder, keep_waiting: boardText.thenItWaitsOn };

/** "57 min left, then it goes on"; "$2.00 an hour, for 3 h"; "still spends, for 6 min"; "for 3 h". */
export function waitWords(need: Need, now_ms: number): WaitWords {
  if (need.kind === 'gate') {
    const { gate } = need;
    const since = waitingSince(gate.asked_at_ms, now_ms);
    if (gate.deadline_ms !== null) return { first: leftWords(gate.deadline_ms, now_ms), then: AFTER[gate.on_no_answer] ?? '', warn: true };
    if ((gate.usd_per_hour ?? 0) > 0) return { first: boardText.anHour(money(gate.usd_per_hour ?? 0)), then: since, warn: true };
    return gate.overdue_at_ms === null ? { first: since, then: '', warn: false } : { first: boardText.overdue, then: since, warn: true };
  }
  if (need.kind === 'login') return { first: boardText.left(countdown(need.login.expires_at_ms, now_ms)), then: boardText.thenItHasToAskAgain, warn: false };
  const since = waitingSince(need.since_ms, now_ms);
  if (need.kind === 'ask') return { first: since, then: '', warn: false };
  const often = need.alert.count > 1 ? boardText.times(need.alert.count) : '';
  return need.spends ? { first: boardText.stillSpends, then: since, warn: true } : { first: since, then: often, warn: false };
}

/** Alerts that say how a run ended. */
const VERDICTS: ReadonlySet<string> = new Set(['check_failed', 'fuse_tripped', 'silent_run', 'outcome_failed', 'delivery_failed', 'fallback_failed']);

/** Alerts by the trouble they are about: those of one run are one, as the tower counts them. A question is none of them: it is answered, not mended. */
function troublesOf(fleet: Fleet, alerts: readonly AlertView[]): Need[] {
  const troubles = new Map<string, AlertView[]>();
  for (const alert of alerts) {
    const about = alert.run_id === null || alert.kind === 'gate_waiting' ? alert.id : `run ${alert.run_id}`;
    troubles.set(about, [...(troubles.get(about) ?? []), alert]);
  }
  const rank = (alert: AlertView) => (VERDICTS.has(alert.kind) ? 0 : alert.severity === 'critical' ? 1 : 2);
  return [...troubles.values()].flatMap((told): Need[] => {
    const [alert, ...also] = told.sort((a, b) => rank(a) - rank(b) || a.opened_at_ms - b.opened_at_ms);
    return alert ? [{ kind: 'alert', key: alert.id, since_ms: Math.min(...told.map((one) => one.opened_at_ms)), alert, also, spends: spending(fleet, told) }] : [];
  });
}

/** Alerts that say that money goes on being spent. */
const SPENDING: ReadonlySet<string> = new Set(['cost_spike', 'loop_detected']);

/** True while the run that they tell of still runs. An agent outside of any run has nothing here that says so. */
function spending(fleet: Fleet, told: readonly AlertView[]): boolean {
  const runId = told.find((alert) => SPENDING.has(alert.kind))?.run_id ?? null;
  const mark = runId === null ? undefined : markOfRun(fleet, runId);
  return mark !== undefined && isLive(mark);
}

function spends(need: Need): boolean {
  return need.kind === 'alert' && need.spends;
}

/** A gate that may not just wait as long as it likes. */
function costing(need: Need): GateView | null {
  return need.kind === 'gate' && (need.gate.deadline_ms !== null || (need.gate.usd_per_hour ?? 0) > 0) ? need.gate : null;
}
