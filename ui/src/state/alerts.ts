//! The record of alerts as the screen shows it: kinds to choose from, groups by what became of them. Pure.
import type { AlertView } from '../wire';

export type AlertKind = 'all' | 'open' | 'silent' | 'failed' | 'missed' | 'other';

const KIND_OF: Record<string, AlertKind> = {
  silent_run: 'silent', check_failed: 'failed', outcome_failed: 'failed', delivery_failed: 'failed', crash_loop: 'failed', fuse_tripped: 'failed', fallback_failed: 'failed', missed_occurrence: 'missed'
};

export function kindOf(alert: AlertView): AlertKind {
  return KIND_OF[alert.kind] ?? 'other';
}

/** The kinds there is something of; All and Open are always there. */
export function kindsIn(alerts: readonly AlertView[]): { key: AlertKind; label: string }[] {
  const open = alerts.filter((alert) => alert.state === 'open').length;
  const there = new Set(alerts.map(kindOf));
  const more = ([['silent', 'Silent'], ['failed', 'Failed or refuted'], ['missed', 'Missed'], ['other', 'Tower']] as const).filter(([key]) => there.has(key));
  return [{ key: 'all', label: 'All' }, { key: 'open', label: open > 0 ? `Open ${open}` : 'Open' }, ...more.map(([key, label]) => ({ key, label }))];
}

export interface Group {
  state: 'open' | 'acknowledged' | 'resolved';
  title: string;
  alerts: AlertView[];
}

/** Open first, then seen, then resolved; in each the latest first. */
export function groupsOf(alerts: readonly AlertView[], kind: AlertKind): Group[] {
  const shown = alerts.filter((alert) => kind === 'all' || (kind === 'open' ? alert.state === 'open' : kindOf(alert) === kind));
  const latest = (a: AlertView, b: AlertView) => b.last_at_ms - a.last_at_ms || a.id.localeCompare(b.id);
  return ([['open', 'Open'], ['acknowledged', 'Acknowledged'], ['resolved', 'Resolved']] as const).map(([state, title]) => ({
    state, title, alerts: shown.filter((alert) => alert.state === state).sort(latest)
  }));
}
