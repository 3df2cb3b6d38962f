//! What needs the owner, in one order for the bay, the strip, the palette and the window's title. Pure.
import type { AlertView, LoginView, Mark } from '../wire';
import { needsYou } from '../words';
import type { Fleet } from './fleet';

export type Need =
  | { kind: 'alert'; key: string; since_ms: number; alert: AlertView }
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

/** The longest wait first. `logins`: those that wait. */
export function needsOf(fleet: Fleet, logins: readonly LoginView[], now_ms: number): Need[] {
  const needs: Need[] = needsYou(fleet.alerts.values(), now_ms).map((alert) => ({ kind: 'alert', key: alert.id, since_ms: alert.opened_at_ms, alert }));
  for (const lane of fleet.lanes.values()) {
    for (const mark of lane) if (mark.asks && mark.scheduled === 'held') needs.push({ kind: 'ask', key: mark.occurrence_id, since_ms: mark.due_ms, mark, due: dueOf(lane, mark) });
  }
  for (const login of logins) needs.push({ kind: 'login', key: `login ${login.code}`, since_ms: login.asked_at_ms, login });
  return needs.sort((a, b) => a.since_ms - b.since_ms || a.key.localeCompare(b.key));
}
