//! Channels as they are typed, and in words. Pure.
import type { IconName } from '../glyphs';
import * as alertsText from '../text/alerts';
import { ago } from '../time';
import type { BeaconView, ChannelSet, ChannelView } from '../wire';
import { RULES } from './alerts';

/** Stands for a secret that is kept, and shown to nobody. */
export const KEPT = '••••';

export const CHANNEL_KINDS = ['slack', 'discord', 'pagerduty', 'ntfy', 'webhook', 'email'] as const;
export type ChannelKind = (typeof CHANNEL_KINDS)[number];

export const TILES: readonly { value: ChannelKind; label: string; say: string; icon: IconName }[] = [
  { value: 'slack', label: alertsText.slack, say: alertsText.anIncomingWebhook, icon: 'channel' },
  { value: 'discord', label: alertsText.discord, say: alertsText.aWebhookOfARoom, icon: 'channel' },
  { value: 'pagerduty', label: alertsText.pagerduty, say: alertsText.eventsV2, icon: 'alerts' },
  { value: 'ntfy', label: alertsText.ntfy, say: alertsText.aTopicToAPhone, icon: 'phone' },
  { value: 'webhook', label: alertsText.webhook, say: alertsText.signedToAnyAddress, icon: 'webhook' },
  { value: 'email', label: alertsText.email, say: alertsText.byYourSmtpServer, icon: 'mail' }
];

const WORDS: Record<string, string> = { native: alertsText.thisDesktop, tray: alertsText.tray, slack: alertsText.slack, discord: alertsText.discord, pagerduty: alertsText.pagerduty, ntfy: alertsText.ntfy, webhook: alertsText.webhook, email: alertsText.email };

export function kindWord(kind: string): string {
  return WORDS[kind] ?? kind;
}

/** True for the desktop's own: it is always there, and can only be switched. */
export function isOwn(channel: Pick<ChannelView, 'kind'>): boolean {
  return channel.kind === 'native' || channel.kind === 'tray';
}

const SEVERITIES: Record<string, string> = { info: alertsText.all2, warning: alertsText.fromWarningsUp, critical: alertsText.onlyWhatIsCritical };

/** What it is told: "only what is critical, of 2 kinds, when an alert escalates". */
export function askedWords(channel: Pick<ChannelView, 'min_severity' | 'kinds' | 'escalation'>): string {
  const kinds = channel.kinds.length;
  return [SEVERITIES[channel.min_severity] ?? channel.min_severity, ...(kinds === 0 ? [] : [alertsText.ofKinds(kinds)]), ...(channel.escalation ? [alertsText.whenNobodyHasSeenIt] : [])].join(', ');
}

/** How it stands: "told 4 min ago", "2 wait: connection refused". */
export function stateWords(channel: ChannelView, now_ms: number): { words: string; tone: 'c3' | 'ok' | 'bad' } {
  if (!channel.on) return { words: isOwn(channel) && channel.state === 'untried' ? alertsText.offOfWords(channel.words) : alertsText.off, tone: 'c3' };
  const waiting = channel.waiting > 0 ? `${channel.waiting} ${channel.waiting === 1 ? 'waits' : 'wait'}` : '';
  const told = channel.last_told_ms === null ? '' : alertsText.toldOfAgo(ago(channel.last_told_ms, now_ms));
  if (channel.state === 'failing') return { words: [waiting, channel.words].filter(Boolean).join(': '), tone: 'bad' };
  if (channel.state === 'ok') return { words: [told || channel.words, waiting].filter(Boolean).join(', '), tone: 'ok' };
  return { words: waiting || channel.words || alertsText.notTriedYet, tone: 'c3' };
}

/** Why the owner is told of nothing, whatever the rules say: no way is on, or each one that is fails. Null: there is a way. */
export function noWayWords(list: readonly ChannelView[]): string | null {
  const on = list.filter((channel) => channel.on);
  if (on.length > 0) return on.every((channel) => channel.state === 'failing') ? alertsText.everyWayFails : null;
  const own = list.find((channel) => isOwn(channel) && channel.state === 'untried' && channel.words !== '');
  return own ? alertsText.thisDesktopIsOff(own.words) : alertsText.noWayIsOn;
}

/** "It is pinged every 60 s; heard 8 s ago." */
export function beaconWords(beacon: BeaconView, now_ms: number): string {
  const heard = beacon.last_ok_ms === null ? alertsText.notHeardYet : alertsText.heard(ago(beacon.last_ok_ms, now_ms));
  return alertsText.toldEveryS(beacon.every_seconds, heard, beacon.words !== '' && beacon.words !== 'ok' ? ` ${beacon.words}` : '');
}

export interface ChannelDraft {
  name: string;
  /** `native`: of this desktop, which is there by itself and can be narrowed. */
  kind: ChannelKind | 'native';
  on: boolean;
  minSeverity: string;
  /** Keys of the rules it is told; all of them: no restriction. */
  rules: string[];
  escalation: boolean;
  url: string;
  routingKey: string;
  token: string;
  host: string;
  port: string;
  tls: string;
  user: string;
  password: string;
  from: string;
  to: string;
}

export type ChannelField = Exclude<keyof ChannelDraft, 'kind' | 'on' | 'escalation'>;
export type ChannelErrors = Partial<Record<ChannelField | 'whole', string>>;

const ALL = RULES.map((rule) => rule.key);

export function blankChannel(): ChannelDraft {
  return { name: '', kind: 'slack', on: true, minSeverity: 'warning', rules: [...ALL], escalation: false, url: '', routingKey: '', token: '', host: '', port: '587', tls: 'starttls', user: '', password: '', from: '', to: '' };
}

/** A channel that is there, as its form begins: what is secret is only said to be kept. */
export function channelDraft(channel: ChannelView): ChannelDraft {
  const kind = channel.kind === 'native' ? 'native' : (CHANNEL_KINDS.find((one) => one === channel.kind) ?? 'webhook');
  const rules = channel.kinds.length === 0 ? [...ALL] : RULES.filter((rule) => rule.kinds.some((one) => channel.kinds.includes(one))).map((rule) => rule.key);
  const kept = (of: readonly string[]) => (of.includes(kind) ? KEPT : '');
  return {
    ...blankChannel(), name: channel.name, kind, on: channel.on, minSeverity: channel.min_severity, rules, escalation: channel.escalation, url: kept(['slack', 'discord', 'ntfy', 'webhook']), routingKey: kept(['pagerduty']),
    ...(channel.smtp === null ? {} : { host: channel.smtp.host, port: String(channel.smtp.port), tls: channel.smtp.tls, user: channel.smtp.user ?? '', password: channel.smtp.password ?? '', from: channel.smtp.from, to: channel.smtp.to })
  };
}

/** What its address is called in the form, and what one looks like. */
export const ADDRESS: Record<'slack' | 'discord' | 'ntfy' | 'webhook', { label: string; example: string }> = {
  slack: { label: alertsText.webhookAddress, example: 'https://hooks.slack.com/services/…' },
  discord: { label: alertsText.webhookAddress, example: 'https://discord.com/api/webhooks/…' },
  ntfy: { label: alertsText.topicAddress, example: 'https://ntfy.sh/my-tower-7f2' },
  webhook: { label: alertsText.address, example: 'https://example.com/alerts' }
};

/** What the form asks for, and what is wrong with it. */
export function channelOf(draft: ChannelDraft): { set: ChannelSet; errors: ChannelErrors } {
  const errors: ChannelErrors = {};
  const name = draft.name.trim();
  if (name === '') errors.name = alertsText.giveItANameSuch;
  else if (name.length > 40) errors.name = alertsText.atMost40Characters;
  if (draft.rules.length === 0) errors.rules = alertsText.toldNothing;
  const url = draft.url.trim();
  const addressed = draft.kind in ADDRESS;
  if (addressed && url !== KEPT && !/^https?:\/\/\S+$/i.test(url)) errors.url = alertsText.anAddressBeginsWithHttpOfExample(ADDRESS[draft.kind as 'slack'].example);
  if (draft.kind === 'pagerduty' && draft.routingKey.trim() === '') errors.routingKey = alertsText.theIntegrationKey;
  const mail = draft.kind === 'email';
  const port = Number(draft.port.trim());
  if (mail) {
    if (draft.host.trim() === '') errors.host = alertsText.yourMailServerSuch;
    if (!(Number.isInteger(port) && port >= 1 && port <= 65_535)) errors.port = alertsText.aPortFrom1;
    if (!draft.from.includes('@')) errors.from = alertsText.theAddressItComes;
    if (!draft.to.includes('@')) errors.to = alertsText.theAddressItGoes;
  }
  const all = draft.rules.length === ALL.length;
  const optional = (typed: string) => (typed.trim() === '' ? null : typed.trim());
  return {
    set: {
      name, kind: draft.kind, on: draft.on, min_severity: draft.minSeverity, kinds: all ? [] : RULES.filter((rule) => draft.rules.includes(rule.key)).flatMap((rule) => [...rule.kinds]), escalation: draft.escalation,
      url: addressed ? url : null, routing_key: draft.kind === 'pagerduty' ? draft.routingKey.trim() : null, token: draft.kind === 'ntfy' || draft.kind === 'webhook' ? optional(draft.token) : null,
      smtp: mail ? { host: draft.host.trim(), port, tls: draft.tls, user: optional(draft.user), password: draft.password === '' ? null : draft.password, from: draft.from.trim(), to: draft.to.trim() } : null
    },
    errors
  };
}

const FIELDS: Record<string, ChannelField> = {
  name: 'name', url: 'url', routing_key: 'routingKey', token: 'token', min_severity: 'minSeverity', kinds: 'rules', 'smtp.host': 'host', 'smtp.port': 'port', 'smtp.tls': 'tls', 'smtp.user': 'user', 'smtp.password': 'password',
  'smtp.from': 'from', 'smtp.to': 'to', smtp: 'host'
};

/** The form's field for a field of the host. */
export function channelField(field: string | null): ChannelField | 'whole' {
  return FIELDS[field ?? ''] ?? 'whole';
}
