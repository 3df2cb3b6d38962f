import { describe, expect, it } from 'vitest';
import { NOW } from '../testing';
import type { ChannelView, Report } from '../wire';
import { RULES } from './alerts';
import { askedWords, beaconWords, blankChannel, channelDraft, channelField, channelOf, KEPT, noWayWords, stateWords, type ChannelDraft } from './channels';
import { figuresOf, otherDay, reportText } from './report';

const channel = (change: Partial<ChannelView> = {}): ChannelView => ({
  name: 'ops', kind: 'slack', target: `https://hooks.slack.com/${KEPT}`, on: true, min_severity: 'warning', kinds: [], escalation: false, smtp: null, state: 'untried', words: '', waiting: 0, last_told_ms: null, ...change
});
const draft = (change: Partial<ChannelDraft> = {}): ChannelDraft => ({ ...blankChannel(), name: 'ops', url: 'https://hooks.slack.com/services/x', ...change });
it('that nobody is told at all is known, and why', () => {
  const own = channel({ name: 'desktop', kind: 'native', target: '' });
  expect(noWayWords([{ ...own, on: false, words: 'the tower runs with --no-notifications' }, channel({ on: false })])).toBe('this desktop is off (the tower runs with --no-notifications).');
  expect([noWayWords([]), noWayWords([own]), noWayWords([{ ...own, on: false }, channel()]), noWayWords([channel({ state: 'failing' }), channel()])]).toEqual(['no way to reach you is on.', null, null, null]);
  expect(noWayWords([{ ...own, on: false }, channel({ state: 'failing' })])).toBe('every way to reach you fails.');
});

const wrong = (change: Partial<ChannelDraft>) => Object.keys(channelOf(draft(change)).errors);

describe('what is asked for', () => {
  it('an address goes along where there is one, and only there', () => {
    expect(channelOf(draft()).set).toMatchObject({ kind: 'slack', url: 'https://hooks.slack.com/services/x', routing_key: null, smtp: null, kinds: [], min_severity: 'warning' });
    expect(channelOf(draft({ kind: 'pagerduty', routingKey: ' R0 ' })).set).toMatchObject({ url: null, routing_key: 'R0', smtp: null });
    expect(channelOf(draft({ kind: 'ntfy', url: 'https://ntfy.sh/x', token: 'tk' })).set).toMatchObject({ url: 'https://ntfy.sh/x', token: 'tk' });
    expect(channelOf(draft({ kind: 'email', host: 'smtp.example.com', port: '465', tls: 'tls', from: 'a@example.com', to: 'b@example.com' })).set.smtp).toEqual({ host: 'smtp.example.com', port: 465, tls: 'tls', user: null, password: null, from: 'a@example.com', to: 'b@example.com' });
  });
  it('some kinds are named one by one; all of them are no restriction', () => {
    expect(channelOf(draft({ rules: ['beats', 'fuse'] })).set.kinds).toEqual(['fuse_tripped', 'heartbeat_lost', 'zombie']);
    expect(channelDraft(channel({ kinds: ['zombie'] })).rules).toEqual(['beats']);
    expect(channelDraft(channel()).rules).toHaveLength(RULES.length);
  });
  it.each<[Partial<ChannelDraft>, string[]]>([
    [{ name: ' ' }, ['name']], [{ url: 'hooks.slack.com' }, ['url']], [{ rules: [] }, ['rules']], [{ kind: 'pagerduty' }, ['routingKey']], [{ kind: 'email', port: '0' }, ['host', 'port', 'from', 'to']], [{ url: KEPT }, []]
  ])('%j', (change, fields) => expect(wrong(change)).toEqual(fields));
  it('what is kept is shown as kept, and sent back so', () => {
    expect(channelOf(channelDraft(channel())).set.url).toBe(KEPT);
    const mail = channel({ kind: 'email', smtp: { host: 'smtp.example.com', port: 587, tls: 'starttls', user: 'me', password: KEPT, from: 'a@example.com', to: 'b@example.com, c@example.com' } });
    expect(channelOf(channelDraft(mail))).toMatchObject({ errors: {}, set: { smtp: mail.smtp } });
  });
  it('this desktop is narrowed, and has no address', () => expect(channelOf({ ...channelDraft(channel({ name: 'desktop', kind: 'native', target: 'this machine' })), minSeverity: 'critical' })).toMatchObject({ errors: {}, set: { kind: 'native', url: null, smtp: null, min_severity: 'critical' } }));
  it.each([['smtp.host', 'host'], ['routing_key', 'routingKey'], ['kinds', 'rules'], ['odd', 'whole'], [null, 'whole']])('the host’s %s stands at %s', (field, place) => expect(channelField(field)).toBe(place));
});

describe('in words', () => {
  it.each<[Partial<ChannelView>, string, string]>([
    [{ on: false }, 'off', 'c3'], [{ kind: 'native', on: false, words: 'the tower runs with --no-notifications' }, 'off: the tower runs with --no-notifications', 'c3'], [{}, 'not tried yet', 'c3'], [{ state: 'ok', last_told_ms: NOW - 240_000 }, 'told 4 min ago', 'ok'], [{ state: 'failing', words: '404 no_team', waiting: 3 }, '3 wait: 404 no_team', 'bad'], [{ waiting: 1 }, '1 waits', 'c3']
  ])('%j', (change, words, tone) => expect(stateWords(channel(change), NOW)).toEqual({ words, tone }));
  it('what it is told', () => expect([askedWords(channel()), askedWords(channel({ min_severity: 'critical', kinds: ['zombie'], escalation: true }))]).toEqual(['from warnings up', 'only what is critical, of 1 kind, when nobody has seen it']));
  it('the outside ear', () => {
    expect(beaconWords({ url: 'x', every_seconds: 60, last_ok_ms: NOW - 8000, words: '' }, NOW)).toBe('Told every 60 s that the tower lives; heard 8 s ago.');
    expect(beaconWords({ url: 'x', every_seconds: 60, last_ok_ms: null, words: 'connection refused' }, NOW)).toBe('Told every 60 s that the tower lives; not heard yet. connection refused');
  });
});

describe('the report of a day', () => {
  const report: Report = { day: '2026-03-01', words: '6 runs.', ran: 6, confirmed: 5, claimed: 0, failed: 1, refuted: 0, silent: 0, missed: 2, stopped: 0, cost_usd: null, tokens: 0, needs_you: [], by_cue: [{ cue: 'leads', cue_id: 'c1', ran: 6, good: 5, bad: 1, missed: 2, cost_usd: 0.25 }] };
  it('figures that are worth one', () => expect(figuresOf(report).map((one) => `${one.word} ${one.value}`)).toEqual(['Ran 6', 'Confirmed 5', 'Failed 1', 'Missed 2', 'Cost not said']));
  it('the days beside it', () => expect([otherDay('2026-03-01', -1), otherDay('2026-12-31', 1), otherDay('soon', 1)]).toEqual(['2026-02-28', '2027-01-01', 'soon']));
  it('as text', () => expect(reportText(report)).toBe('2026-03-01: 6 runs.\nleads: 6 ran, 5 good, 1 not, 2 missed, $0.25\n'));
});
