//! Channels as they are typed, and in words. Pure.
import type { IconName } from '../glyphs';
import { ago } from '../time';
import type { BeaconView, ChannelSet, ChannelView } from '../wire';
import { RULES } from './alerts';

/** Stands for a secret that is kept, and shown to nobody. */
export const KEPT = '••••';

export const CHANNEL_KINDS = ['slack', 'discord', 'pagerduty', 'ntfy', 'webhook', 'email'] as const;
export type ChannelKind = (typeof CHANNEL_KINDS)[number];

export const TILES: readonly { value: ChannelKind; label: string; say: string; icon: IconName }[] = [
  { value: 'slack', label: 'Slack', say: 'an incoming webhook', icon: 'channel' },
  { value: 'discord', label: 'Discord', say: 'a webhook of a room', icon: 'channel' },
  { value: 'pagerduty', label: 'PagerDuty', say: 'Events v2', icon: 'alerts' },
  { value: 'ntfy', label: 'ntfy', say: 'a topic, to a phone', icon: 'phone' },
  { value: 'webhook', label: 'Webhook', say: 'signed, to any address', icon: 'webhook' },
  { value: 'email', label: 'Email', say: 'by your SMTP server', icon: 'mail' }
];

const WORDS: Record<string, string> = { native: 'This desktop', tray: 'Tray', slack: 'Slack', discord: 'Discord', pagerduty: 'PagerDuty', ntfy: 'ntfy', webhook: 'Webhook', email: 'Email' };

export function kindWord(kind: string): string {
  return WORDS[kind] ?? kind;
}

/** True for the desktop's own: it is always there, and can only be switched. */
export function isOwn(channel: Pick<ChannelView, 'kind'>): boolean {
  return channel.kind === 'native' || channel.kind === 'tray';
}

const SEVERITIES: Record<string, string> = { info: 'all', warning: 'from warnings up', critical: 'only what is critical' };

/** What it is told: "only what is critical, of 2 kinds, when an alert escalates". */
export function askedWords(channel: Pick<ChannelView, 'min_severity' | 'kinds' | 'escalation'>): string {
  const kinds = channel.kinds.length;
  return [SEVERITIES[channel.min_severity] ?? channel.min_severity, ...(kinds === 0 ? [] : [`of ${kinds} ${kinds === 1 ? 'kind' : 'kinds'}`]), ...(channel.escalation ? ['when nobody has seen it'] : [])].join(', ');
}

/** How it stands: "told 4 min ago", "2 wait: connection refused". */
export function stateWords(channel: ChannelView, now_ms: number): { words: string; tone: 'c3' | 'ok' | 'bad' } {
  if (!channel.on) return { words: isOwn(channel) && channel.state === 'untried' ? `off: ${channel.words}` : 'off', tone: 'c3' };
  const waiting = channel.waiting > 0 ? `${channel.waiting} ${channel.waiting === 1 ? 'waits' : 'wait'}` : '';
  const told = channel.last_told_ms === null ? '' : `told ${ago(channel.last_told_ms, now_ms)}`;
  if (channel.state === 'failing') return { words: [waiting, channel.words].filter(Boolean).join(': '), tone: 'bad' };
  if (channel.state === 'ok') return { words: [told || channel.words, waiting].filter(Boolean).join(', '), tone: 'ok' };
  return { words: waiting || channel.words || 'not tried yet', tone: 'c3' };
}

/** "It is pinged every 60 s; heard 8 s ago." */
export function beaconWords(beacon: BeaconView, now_ms: number): string {
  const heard = beacon.last_ok_ms === null ? 'not heard yet' : `heard ${ago(beacon.last_ok_ms, now_ms)}`;
  return `Told every ${beacon.every_seconds} s that the tower lives; ${heard}.${beacon.words !== '' && beacon.words !== 'ok' ? ` ${beacon.words}` : ''}`;
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
  slack: { label: 'Webhook address', example: 'https://hooks.slack.com/services/…' },
  discord: { label: 'Webhook address', example: 'https://discord.com/api/webhooks/…' },
  ntfy: { label: 'Topic address', example: 'https://ntfy.sh/my-tower-7f2' },
  webhook: { label: 'Address', example: 'https://example.com/alerts' }
};

/** What the form asks for, and what is wrong with it. */
export function channelOf(draft: ChannelDraft): { set: ChannelSet; errors: ChannelErrors } {
  const errors: ChannelErrors = {};
  const name = draft.name.trim();
  if (name === '') errors.name = 'Give it a name, such as ops.';
  else if (name.length > 40) errors.name = 'At most 40 characters.';
  if (draft.rules.length === 0) errors.rules = 'Told nothing, it is of no use: choose at least one, or switch it off.';
  const url = draft.url.trim();
  const addressed = draft.kind in ADDRESS;
  if (addressed && url !== KEPT && !/^https?:\/\/\S+$/i.test(url)) errors.url = `An address begins with http:// or https://, such as ${ADDRESS[draft.kind as 'slack'].example}.`;
  if (draft.kind === 'pagerduty' && draft.routingKey.trim() === '') errors.routingKey = 'The integration key of an Events API v2 integration, 32 characters.';
  const mail = draft.kind === 'email';
  const port = Number(draft.port.trim());
  if (mail) {
    if (draft.host.trim() === '') errors.host = 'Your mail server, such as smtp.example.com.';
    if (!(Number.isInteger(port) && port >= 1 && port <= 65_535)) errors.port = 'A port from 1 to 65535, mostly 587 or 465.';
    if (!draft.from.includes('@')) errors.from = 'The address it comes from, such as tower@example.com.';
    if (!draft.to.includes('@')) errors.to = 'The address it goes to, such as you@example.com.';
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
