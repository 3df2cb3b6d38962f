//! The record of alerts as the screen shows it: what to choose from, groups by what became of them, what can be done about each. Pure.
import { ago, DAY, hm, HOUR, MINUTE, offsetAt, sameDay, startOfDay } from '../time';
import type { AlertRules, AlertView, ChannelView } from '../wire';
import { isSnoozed } from '../words';

export type AlertKind = 'all' | 'open' | 'silent' | 'failed' | 'cost' | 'missed' | 'other';

const KIND_OF: Record<string, AlertKind> = {
  silent_run: 'silent', heartbeat_lost: 'silent', zombie: 'silent', check_failed: 'failed', outcome_failed: 'failed', delivery_failed: 'failed', crash_loop: 'failed', fallback_failed: 'failed', consecutive_failures: 'failed',
  fuse_tripped: 'cost', cost_spike: 'cost', loop_detected: 'cost', out_of_envelope: 'cost', missed_occurrence: 'missed', cadence_drift: 'missed'
};

export function kindOf(alert: Pick<AlertView, 'kind'>): AlertKind {
  return KIND_OF[alert.kind] ?? 'other';
}

/** The kinds there is something of; All and Open are always there. */
export function kindsIn(alerts: readonly AlertView[]): { key: AlertKind; label: string }[] {
  const open = alerts.filter((alert) => alert.state === 'open').length;
  const there = new Set(alerts.map(kindOf));
  const more = ([['silent', 'Silent'], ['failed', 'Failed or refuted'], ['cost', 'Cost'], ['missed', 'Missed'], ['other', 'Tower']] as const).filter(([key]) => there.has(key));
  return [{ key: 'all', label: 'All' }, { key: 'open', label: open > 0 ? `Open ${open}` : 'Open' }, ...more.map(([key, label]) => ({ key, label }))];
}

export interface Group {
  key: 'open' | 'snoozed' | 'today' | 'seen' | 'resolved';
  title: string;
  alerts: AlertView[];
}

/** Open first, then what is snoozed, what was seen today and before, and what resolved by itself; in each the latest first. */
export function groupsOf(alerts: readonly AlertView[], kind: AlertKind, now_ms: number, zone: string): Group[] {
  const shown = alerts.filter((alert) => kind === 'all' || (kind === 'open' ? alert.state === 'open' : kindOf(alert) === kind));
  const latest = (a: AlertView, b: AlertView) => b.last_at_ms - a.last_at_ms || a.id.localeCompare(b.id);
  const groups: Group[] = ([['open', 'Open'], ['snoozed', 'Snoozed'], ['today', 'Today, seen'], ['seen', 'Seen before'], ['resolved', 'Resolved by itself']] as const).map(([key, title]) => ({ key, title, alerts: [] }));
  const place = (alert: AlertView): Group['key'] =>
    alert.state === 'resolved' ? 'resolved' : alert.state === 'open' ? (isSnoozed(alert, now_ms) ? 'snoozed' : 'open') : sameDay(alert.last_at_ms, now_ms, zone) ? 'today' : 'seen';
  for (const alert of [...shown].sort(latest)) groups.find((group) => group.key === place(alert))?.alerts.push(alert);
  return groups;
}

/** The line below its time: how often, how it was told, what became of it. */
export function toldWords(alert: AlertView, now_ms: number, zone: string): string {
  const times = alert.count > 1 ? `${alert.count} times` : '';
  const became = alert.state === 'resolved' && alert.resolved_at_ms !== null ? `resolved ${ago(alert.resolved_at_ms, now_ms)}` : isSnoozed(alert, now_ms) ? `until ${hm(alert.snoozed_until_ms ?? 0, zone)}${(alert.snoozed_until_ms ?? 0) - now_ms > DAY ? ', not today' : ''}` : '';
  return [times, became, alert.told.join(', ')].filter((words) => words !== '').join(', ');
}

export type Act = 'restart' | 'stop' | 'rerun' | 'answer' | 'fire' | 'raise' | 'channels' | 'snooze' | 'open' | 'edit' | 'acknowledge';

const LABELS: Record<Act, string> = { restart: 'Restart', stop: 'Stop now', rerun: 'Run again', answer: 'Answer', fire: 'Run once now', raise: 'Raise the fuse', channels: 'Ways to reach me', snooze: 'Snooze 1 h', open: 'Open', edit: 'Edit cue', acknowledge: 'Acknowledge' };
/** What may be quiet for an hour: it says itself when it is over, or comes again. */
const SNOOZABLE = new Set(['silent_run', 'heartbeat_lost', 'zombie', 'cost_spike', 'loop_detected', 'crash_loop', 'cadence_drift', 'out_of_envelope', 'channel_failed', 'store_trouble', 'consecutive_failures']);
const RERUNS = new Set(['silent_run', 'check_failed', 'outcome_failed', 'delivery_failed', 'fallback_failed', 'consecutive_failures', 'heartbeat_lost', 'zombie']);
const STOPS = new Set(['crash_loop', 'cost_spike', 'loop_detected', 'heartbeat_lost', 'zombie']);
const RESTARTS = new Set(['heartbeat_lost', 'zombie']);

/** What is known of an alert's cue and run. */
export interface Facts {
  /** Its run goes on. */
  live: boolean;
  /** Somebody here can start it again: the tower that started it, or its runner. */
  owned: boolean;
  /** Its cue is there, and can be fired or edited. */
  cue: boolean;
}

/** What can be done about an open alert, what fits best first. */
export function actsOf(alert: Pick<AlertView, 'kind' | 'run_id' | 'agent' | 'state' | 'snoozed_until_ms'>, facts: Facts, now_ms: number): { act: Act; label: string }[] {
  const acts: Act[] = [];
  const add = (act: Act, when: boolean) => {
    if (when) acts.push(act);
  };
  const { kind, run_id } = alert;
  const waits = kind === 'gate_waiting';
  add('answer', waits && (run_id !== null || alert.agent !== null));
  add('restart', RESTARTS.has(kind) && facts.owned && (run_id !== null ? facts.live : alert.agent !== null));
  add('stop', STOPS.has(kind) && run_id !== null && facts.live);
  add('rerun', RERUNS.has(kind) && run_id !== null && !facts.live);
  add('fire', kind === 'missed_occurrence' && facts.cue);
  add('raise', kind === 'fuse_tripped');
  add('channels', kind === 'channel_failed');
  add('snooze', SNOOZABLE.has(kind) && !isSnoozed(alert, now_ms));
  add('acknowledge', true);
  add('open', !waits && (run_id !== null || alert.agent !== null));
  add('edit', facts.cue && (kind === 'cadence_drift' || kind === 'out_of_envelope' || kind === 'consecutive_failures'));
  return acts.map((act) => ({ act, label: LABELS[act] }));
}

/** What the owner may have told or kept to the record: one switch for kinds that are alike. */
export interface Rule {
  key: string;
  word: string;
  say: string;
  kinds: readonly string[];
}

export const RULES: readonly Rule[] = [
  { key: 'silent', word: 'An outcome is overdue', say: 'after the cue’s own deadline', kinds: ['silent_run'] },
  { key: 'refuted', word: 'A check disagrees', say: 'refuted, at once', kinds: ['check_failed'] },
  { key: 'fuse', word: 'A fuse trips', say: 'at once, also in quiet hours', kinds: ['fuse_tripped'] },
  { key: 'gate', word: 'A run waits for your word', say: 'at once', kinds: ['gate_waiting'] },
  { key: 'beats', word: 'Beats stop, or progress stops', say: 'within a second of their grace', kinds: ['heartbeat_lost', 'zombie'] },
  { key: 'spends', word: 'It spends much, or runs in circles', say: 'from 3 times its usual', kinds: ['cost_spike', 'loop_detected'] },
  { key: 'failed', word: 'A run fails for good', say: 'with its retries spent', kinds: ['outcome_failed', 'fallback_failed', 'consecutive_failures', 'crash_loop'] },
  { key: 'bounced', word: 'A delivery bounces', say: 'after the last attempt', kinds: ['delivery_failed'] },
  { key: 'missed', word: 'A due time is missed', say: 'while the tower was up', kinds: ['missed_occurrence'] },
  { key: 'unusual', word: 'A run leaves its envelope', say: 'cost, tokens, time or count', kinds: ['out_of_envelope'] },
  { key: 'drift', word: 'The cadence drifts', say: 'its runs begin later and later', kinds: ['cadence_drift'] },
  { key: 'tower', word: 'The tower was off, or has trouble', say: 'its store, or a way to reach you', kinds: ['tower_was_off', 'store_trouble', 'channel_failed'] }
];

/** The switch that an alert of this kind hangs on; null: it has none. */
export function ruleOf(kind: string): Rule | null {
  return RULES.find((rule) => rule.kinds.includes(kind)) ?? null;
}

const RANK: Record<string, number> = { info: 0, warning: 1, critical: 2 };

/** What the tower does when this happens again, as its rules and channels stand now: where it is told, when it is held back, when it gets louder. */
export function nextTime(alert: Pick<AlertView, 'kind' | 'severity'>, rules: AlertRules, channels: readonly ChannelView[]): string[] {
  if (rules.off.includes(alert.kind)) return ['It is only recorded: telling of it is off.'];
  const hears = channels.filter((channel) => channel.on && (RANK[alert.severity] ?? 1) >= (RANK[channel.min_severity] ?? 0) && (channel.kinds.length === 0 || channel.kinds.includes(alert.kind)));
  const name = (channel: ChannelView) => (channel.kind === 'native' || channel.kind === 'tray' ? 'this desktop' : channel.name);
  const listed = (of: readonly ChannelView[]) => of.map(name).join(', ');
  const [atOnce, louder] = [hears.filter((channel) => !channel.escalation), hears.filter((channel) => channel.escalation)];
  const words = [atOnce.length === 0 ? 'It is told nowhere at once: no channel that is on asks for it.' : `It is told on ${listed(atOnce)}${rules.cool_down_minutes > 0 ? `, once in ${rules.cool_down_minutes} min for the same problem` : ''}.`];
  if (louder.length > 0 && rules.escalate_minutes !== null) words.push(`Unseen for ${rules.escalate_minutes} min, it is told on ${listed(louder)} too.`);
  if (rules.nag_minutes !== null) words.push(`It comes again every ${rules.nag_minutes} min until it is seen.`);
  if (rules.quiet.on && alert.severity !== 'critical') words.push(`From ${rules.quiet.from} to ${rules.quiet.to} it waits until the quiet hours are over.`);
  return words;
}

/** What can be chosen as a snooze, in minutes: an hour, four, until nine tomorrow. */
export function snoozesOf(now_ms: number, zone: string): { minutes: number; words: string }[] {
  const midnight_ms = startOfDay(startOfDay(now_ms, zone) + 36 * HOUR, zone);
  const late_ms = midnight_ms + 9 * HOUR;
  const nine_ms = late_ms + offsetAt(zone, midnight_ms) - offsetAt(zone, late_ms);
  return [{ minutes: 60, words: '1 h' }, { minutes: 240, words: '4 h' }, { minutes: Math.ceil((nine_ms - now_ms) / MINUTE), words: 'tomorrow 09:00' }];
}

/** What became of an alert, step by step, the oldest first. */
export function storyOf(alert: AlertView): { at_ms: number; words: string }[] {
  const steps = [
    { at_ms: alert.opened_at_ms, words: alert.told.length > 0 ? `opened: ${alert.told.join(', ')}` : 'opened, recorded only' },
    ...(alert.count > 1 ? [{ at_ms: alert.last_at_ms, words: `happened again, ${alert.count} times in all` }] : []),
    ...(alert.escalated_at_ms === null ? [] : [{ at_ms: alert.escalated_at_ms, words: 'told louder: nobody had seen it' }]),
    ...(alert.resolved_at_ms === null ? [] : [{ at_ms: alert.resolved_at_ms, words: 'resolved by itself' }])
  ];
  return steps.sort((a, b) => a.at_ms - b.at_ms);
}

/** True when at least one of its kinds is told. */
export function isTold(rule: Pick<Rule, 'kinds'>, off: readonly string[]): boolean {
  return rule.kinds.some((kind) => !off.includes(kind));
}

/** The kinds that are off when this rule is switched. */
export function switched(rule: Pick<Rule, 'kinds'>, off: readonly string[], on: boolean): string[] {
  const rest = off.filter((kind) => !rule.kinds.includes(kind));
  return on ? rest : [...rest, ...rule.kinds];
}

/** "22:00" of what was typed: "22", "9:5" is none; null when it is no time of day. */
export function timeOfDay(typed: string): string | null {
  const [, h, m = '00'] = /^(\d{1,2})(?::(\d{2}))?$/.exec(typed.trim()) ?? [];
  if (h === undefined || Number(h) > 23 || Number(m) > 59) return null;
  return `${h.padStart(2, '0')}:${m}`;
}
