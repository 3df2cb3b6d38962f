//! The record of alerts as the screen shows it: what to choose from, groups by what became of them, what can be done about each. Pure.
import * as alertsText from '../text/alerts';
import { ago, DAY, hm, HOUR, MINUTE, offsetAt, sameDay, startOfDay } from '../time';
import type { AlertRules, AlertView, ChannelView, ToldView } from '../wire';
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
  const more = ([['silent', alertsText.silent], ['failed', alertsText.failedOrRefuted], ['cost', alertsText.cost], ['missed', alertsText.missed], ['other', alertsText.tower]] as const).filter(([key]) => there.has(key));
  return [{ key: 'all', label: alertsText.all }, { key: 'open', label: open > 0 ? alertsText.openOfOpen(open) : alertsText.Open }, ...more.map(([key, label]) => ({ key, label }))];
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
  const groups: Group[] = ([['open', alertsText.Open], ['snoozed', alertsText.snoozed], ['today', alertsText.todaySeen], ['seen', alertsText.seenBefore], ['resolved', alertsText.resolvedByItself]] as const).map(([key, title]) => ({ key, title, alerts: [] }));
  const place = (alert: AlertView): Group['key'] =>
    // A question is over when it was answered: that is not by itself.
    alert.state === 'resolved' && alert.kind !== 'gate_waiting' ? 'resolved' : alert.state === 'open' ? (isSnoozed(alert, now_ms) ? 'snoozed' : 'open') : sameDay(alert.last_at_ms, now_ms, zone) ? 'today' : 'seen';
  for (const alert of [...shown].sort(latest)) groups.find((group) => group.key === place(alert))?.alerts.push(alert);
  return groups;
}

/** One way on which it was told, or was not, and whether it arrived there. */
export interface Told {
  /** "slack: ops", "this desktop". */
  way: string;
  /** `sent`: whoever keeps the way has taken it, or the desktop shows it. */
  state: 'sent' | 'waits' | 'lost' | 'none';
  words: string;
  /** The channel that it is, as the tower names it; null: it is none. */
  channel: Pick<ChannelView, 'kind' | 'name'> | null;
}

const WAITS: Record<string, string> = { waiting: alertsText.isBeingSent, merged: alertsText.joinedWithOthers };

function toldBy({ by, channel, state, until_ms }: ToldView, zone: string): Told {
  const told = (how: Told['state'], words: string, way = channel === null ? alertsText.thisDesktop2 : `${by}: ${channel}`): Told => ({ way, state: how, words, channel: channel === null ? null : { kind: by, name: channel } });
  if (state === 'kind_off') return told('none', alertsText.thisKindIsOff, alertsText.notTold);
  if (state === 'again_too_soon') return told('none', alertsText.theSameWasToldShortly, alertsText.notToldAgainYet);
  if (state === 'given_up') return told('lost', alertsText.didNotArrive);
  if (state === 'held' && until_ms !== null) return told('waits', alertsText.heldUntil(hm(until_ms, zone)));
  const waits = WAITS[state];
  if (waits !== undefined) return told('waits', waits);
  return told('sent', by === 'briefing' ? alertsText.inTheBriefing : channel === null ? alertsText.shownHere : alertsText.arrived);
}

/** Each way on which an alert was told, and whether it arrived. None where it is only recorded. */
export function toldOn(alert: Pick<AlertView, 'told'>, zone: string): Told[] {
  return alert.told.map((told) => toldBy(told, zone));
}

/** In the row of a list: "shown on this desktop; slack: ops, arrived; email: me, did not arrive". */
function waysInBrief(alert: Pick<AlertView, 'told' | 'account'>, zone: string, noWay: boolean): string {
  const ways = toldOn(alert, zone);
  // What is an account's own goes to its web hook, of which the tower says nothing here.
  if (ways.length === 0) return alert.account === null && !noWay ? alertsText.toldNowhere : '';
  return ways.map(({ way, words, state }) => (state === 'none' ? alertsText.wayWhy(way, words) : alertsText.wayHow(way, words))).join('; ');
}

/** The line below its time: how often, how it was told and whether that arrived, what became of it. `noWay`: that there is none is said above all of them. */
export function toldWords(alert: AlertView, now_ms: number, zone: string, noWay = false): string {
  const times = alert.count > 1 ? alertsText.times(alert.count) : '';
  const became = alert.state === 'resolved' && alert.resolved_at_ms !== null ? alertsText.resolved(ago(alert.resolved_at_ms, now_ms)) : isSnoozed(alert, now_ms) ? alertsText.untilOfHm(hm(alert.snoozed_until_ms ?? 0, zone), (alert.snoozed_until_ms ?? 0) - now_ms > DAY ? alertsText.notToday : '') : '';
  return [[times, became].filter((words) => words !== '').join(', '), waysInBrief(alert, zone, noWay)].filter((words) => words !== '').join('; ');
}

export type Act = 'restart' | 'stop' | 'rerun' | 'answer' | 'fire' | 'raise' | 'channels' | 'snooze' | 'open' | 'edit' | 'acknowledge';

const LABELS: Record<Act, string> = { restart: alertsText.restart, stop: alertsText.stopNow, rerun: alertsText.runAgain, answer: alertsText.answer, fire: alertsText.runOnceNow, raise: alertsText.raiseTheFuse, channels: alertsText.waysToReachMe, snooze: alertsText.snooze1H, open: alertsText.Open, edit: alertsText.editCue, acknowledge: alertsText.acknowledge };
/** What may be quiet for an hour: it says itself when it is over, or comes again. */
const SNOOZABLE = new Set(['silent_run', 'heartbeat_lost', 'zombie', 'cost_spike', 'loop_detected', 'crash_loop', 'cadence_drift', 'out_of_envelope', 'channel_failed', 'store_trouble', 'consecutive_failures']);
const RERUNS = new Set(['silent_run', 'check_failed', 'outcome_failed', 'delivery_failed', 'fallback_failed', 'consecutive_failures', 'heartbeat_lost', 'zombie']);
const STOPS = new Set(['crash_loop', 'cost_spike', 'loop_detected', 'heartbeat_lost', 'zombie']);
const RESTARTS = new Set(['heartbeat_lost', 'zombie']);

const LEADING: ReadonlySet<Act> = new Set<Act>(['answer', 'raise', 'channels', 'open', 'edit']);

/** True for what leads to another room, where the tower is not asked to do anything. */
export const leadsOn = (act: Act): boolean => LEADING.has(act);

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
  { key: 'silent', word: alertsText.anOutcomeIsOverdue, say: alertsText.afterTheCuesOwnDeadline, kinds: ['silent_run'] },
  { key: 'refuted', word: alertsText.aCheckDisagrees, say: alertsText.refutedAtOnce, kinds: ['check_failed'] },
  { key: 'fuse', word: alertsText.aFuseTrips, say: alertsText.atOnceAlsoInQuiet, kinds: ['fuse_tripped'] },
  { key: 'gate', word: alertsText.aRunWaitsForYour, say: alertsText.atOnce, kinds: ['gate_waiting'] },
  { key: 'beats', word: alertsText.beatsStopOrProgress, say: alertsText.withinASecondOfTheir, kinds: ['heartbeat_lost', 'zombie'] },
  { key: 'spends', word: alertsText.itSpendsMuchOrRuns, say: alertsText.from3TimesItsUsual, kinds: ['cost_spike', 'loop_detected'] },
  { key: 'failed', word: alertsText.aRunFailsForGood, say: alertsText.withItsRetriesSpent, kinds: ['outcome_failed', 'fallback_failed', 'consecutive_failures', 'crash_loop'] },
  { key: 'bounced', word: alertsText.aDeliveryBounces, say: alertsText.afterTheLastAttempt, kinds: ['delivery_failed'] },
  { key: 'missed', word: alertsText.aDueTimeIsMissed, say: alertsText.whileTheTowerWasUp, kinds: ['missed_occurrence'] },
  { key: 'unusual', word: alertsText.aRunLeavesItsEnvelope, say: alertsText.costTokensTimeOrCount, kinds: ['out_of_envelope'] },
  { key: 'drift', word: alertsText.theCadenceDrifts, say: alertsText.itsRunsBeginLater, kinds: ['cadence_drift'] },
  { key: 'tower', word: alertsText.theTowerWasOff, say: alertsText.itsStoreOrAWay, kinds: ['tower_was_off', 'store_trouble', 'channel_failed'] }
];

/** The switch that an alert of this kind hangs on; null: it has none. */
export function ruleOf(kind: string): Rule | null {
  return RULES.find((rule) => rule.kinds.includes(kind)) ?? null;
}

const RANK: Record<string, number> = { info: 0, warning: 1, critical: 2 };

/** What the tower does when this happens again, as its rules and channels stand now: where it is told, when it is held back, when it gets louder. */
export function nextTime(alert: Pick<AlertView, 'kind' | 'severity'>, rules: AlertRules, channels: readonly ChannelView[]): string[] {
  if (rules.off.includes(alert.kind)) return [alertsText.itIsOnlyRecordedTelling];
  const hears = channels.filter((channel) => channel.on && (RANK[alert.severity] ?? 1) >= (RANK[channel.min_severity] ?? 0) && (channel.kinds.length === 0 || channel.kinds.includes(alert.kind)));
  const name = (channel: ChannelView) => (channel.kind === 'native' || channel.kind === 'tray' ? alertsText.thisDesktop2 : channel.name);
  const listed = (of: readonly ChannelView[]) => of.map(name).join(', ');
  const [atOnce, louder] = [hears.filter((channel) => !channel.escalation), hears.filter((channel) => channel.escalation)];
  const words = [atOnce.length === 0 ? alertsText.itIsToldNowhere : alertsText.itIsToldOn(listed(atOnce), rules.cool_down_minutes > 0 ? alertsText.onceInMin(rules.cool_down_minutes) : '')];
  if (louder.length > 0 && rules.escalate_minutes !== null) words.push(alertsText.unseenForMin(rules.escalate_minutes, listed(louder)));
  if (rules.nag_minutes !== null) words.push(alertsText.itComesAgainEveryMin(rules.nag_minutes));
  if (rules.quiet.on && alert.severity !== 'critical') words.push(alertsText.fromToItWaitsUntil(rules.quiet.from, rules.quiet.to));
  return words;
}

/** What can be chosen as a snooze, in minutes: an hour, four, until nine tomorrow. */
export function snoozesOf(now_ms: number, zone: string): { minutes: number; words: string }[] {
  const midnight_ms = startOfDay(startOfDay(now_ms, zone) + 36 * HOUR, zone);
  const late_ms = midnight_ms + 9 * HOUR;
  const nine_ms = late_ms + offsetAt(zone, midnight_ms) - offsetAt(zone, late_ms);
  return [{ minutes: 60, words: alertsText.oneH }, { minutes: 240, words: alertsText.fourH }, { minutes: Math.ceil((nine_ms - now_ms) / MINUTE), words: alertsText.tomorrow0900 }];
}

/** What became of an alert, step by step, the oldest first. */
export function storyOf(alert: AlertView): { at_ms: number; words: string }[] {
  const steps = [
    { at_ms: alert.opened_at_ms, words: alert.told.length > 0 ? alertsText.openedAlone : alertsText.openedRecordedOnly },
    ...(alert.count > 1 ? [{ at_ms: alert.last_at_ms, words: alertsText.happenedAgainTimesInAll(alert.count) }] : []),
    ...(alert.escalated_at_ms === null ? [] : [{ at_ms: alert.escalated_at_ms, words: alertsText.toldLouderNobodyHadSeen }]),
    ...(alert.resolved_at_ms === null ? [] : [{ at_ms: alert.resolved_at_ms, words: alertsText.resolvedByItself2 }])
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
