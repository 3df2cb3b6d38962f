//! What needs the owner, in one order for the bay, the strip, the palette and the window's title. Pure.
import type { AlertView, GateView, LoginView, Mark } from '../wire';
import { needsYou } from '../words';
import type { Fleet } from './fleet';
import { byUrgency, gatesOfAlert, isPutOff } from './gates';

export type Need =
  /** A question that waits for an answer; its own alert is counted with it. */
  | { kind: 'gate'; key: string; since_ms: number; gate: GateView }
  /** A trouble: of a run all that was told of it, which is one, led by what says how it ended. */
  | { kind: 'alert'; key: string; since_ms: number; alert: AlertView; also: readonly AlertView[] }
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

/** What waiting costs most first: gates with a deadline, then those that cost money, then the longest wait. `gates`: those that wait; `logins`: those that wait. */
export function needsOf(fleet: Fleet, gates: readonly GateView[], logins: readonly LoginView[], now_ms: number): Need[] {
  const open = gates.filter((gate) => !isPutOff(gate, now_ms));
  const needs: Need[] = open.map((gate) => ({ kind: 'gate', key: gate.id, since_ms: gate.asked_at_ms, gate }));
  needs.push(...troublesOf(needsYou(fleet.alerts.values(), now_ms).filter((alert) => gatesOfAlert(alert, gates).length === 0)));
  for (const lane of fleet.lanes.values()) {
    for (const mark of lane) if (mark.asks && mark.scheduled === 'held') needs.push({ kind: 'ask', key: mark.occurrence_id, since_ms: mark.due_ms, mark, due: dueOf(lane, mark) });
  }
  for (const login of logins) needs.push({ kind: 'login', key: `login ${login.code}`, since_ms: login.asked_at_ms, login });
  return needs.sort((a, b) => {
    const [first, second] = [costing(a), costing(b)];
    if (first && second) return byUrgency(first, second);
    return Number(second !== null) - Number(first !== null) || a.since_ms - b.since_ms || a.key.localeCompare(b.key);
  });
}

/** Alerts that say how a run ended. */
const VERDICTS: ReadonlySet<string> = new Set(['check_failed', 'fuse_tripped', 'silent_run', 'outcome_failed', 'delivery_failed', 'fallback_failed']);

/** Alerts by the trouble they are about: those of one run are one, as the tower counts them. A question is none of them: it is answered, not mended. */
function troublesOf(alerts: readonly AlertView[]): Need[] {
  const troubles = new Map<string, AlertView[]>();
  for (const alert of alerts) {
    const about = alert.run_id === null || alert.kind === 'gate_waiting' ? alert.id : `run ${alert.run_id}`;
    troubles.set(about, [...(troubles.get(about) ?? []), alert]);
  }
  const rank = (alert: AlertView) => (VERDICTS.has(alert.kind) ? 0 : alert.severity === 'critical' ? 1 : 2);
  return [...troubles.values()].flatMap((told): Need[] => {
    const [alert, ...also] = told.sort((a, b) => rank(a) - rank(b) || a.opened_at_ms - b.opened_at_ms);
    return alert ? [{ kind: 'alert', key: alert.id, since_ms: Math.min(...told.map((one) => one.opened_at_ms)), alert, also }] : [];
  });
}

/** A gate that may not just wait as long as it likes. */
function costing(need: Need): GateView | null {
  return need.kind === 'gate' && (need.gate.deadline_ms !== null || (need.gate.usd_per_hour ?? 0) > 0) ? need.gate : null;
}
