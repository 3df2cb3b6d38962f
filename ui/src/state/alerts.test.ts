import { describe, expect, it } from 'vitest';
import { alert, NOW } from '../testing';
import { DAY, HOUR } from '../time';
import type { AlertRules, ChannelView, ToldView } from '../wire';
import { actsOf, groupsOf, isTold, kindsIn, nextTime, ruleOf, RULES, snoozesOf, storyOf, switched, timeOfDay, toldOn, toldWords, type Facts } from './alerts';

const ZONE = 'Europe/Madrid';
const ids = (kind: Parameters<typeof groupsOf>[1], list: Parameters<typeof groupsOf>[0]) => Object.fromEntries(groupsOf(list, kind, NOW, ZONE).map((group) => [group.key, group.alerts.map((one) => one.id)]));
const told = (by: string, channel: string | null, state = 'sent', until_ms: number | null = null): ToldView => ({ by, channel, state, until_ms, words: '' });
const FACTS: Facts = { live: false, owned: true, cue: true };
const acts = (change: Parameters<typeof alert>[0], facts: Partial<Facts> = {}) => actsOf(alert(change), { ...FACTS, ...facts }, NOW).map((one) => one.act);

describe('the record', () => {
  const list = [
    alert({ id: 'a', last_at_ms: NOW - 9 }), alert({ id: 'b', kind: 'outcome_failed', last_at_ms: NOW }), alert({ id: 'c', state: 'resolved' }), alert({ id: 'd', kind: 'missed_occurrence', state: 'acknowledged' }),
    alert({ id: 'e', kind: 'cost_spike', state: 'acknowledged', last_at_ms: NOW - DAY }), alert({ id: 'f', kind: 'zombie', snoozed_until_ms: NOW + HOUR }), alert({ id: 'g', kind: 'zombie', snoozed_until_ms: NOW - 1, last_at_ms: NOW - 99 })
  ];
  it('what is open stands first, what is snoozed apart, what was seen by its day', () => {
    expect(ids('all', list)).toEqual({ open: ['b', 'a', 'g'], snoozed: ['f'], today: ['d'], seen: ['e'], resolved: ['c'] });
    expect(ids('silent', list)).toEqual({ open: ['a', 'g'], snoozed: ['f'], today: [], seen: [], resolved: ['c'] });
    expect(ids('open', list)).toMatchObject({ open: ['b', 'a', 'g'], today: [] });
  });
  it('only kinds that there are can be chosen', () => expect(kindsIn(list).map((kind) => kind.label)).toEqual(['All', 'Open 4', 'Silent', 'Failed or refuted', 'Cost', 'Missed']));
  it('how it was told, how often, and until when nothing more is said of it', () => {
    expect(toldWords(alert({ count: 3, told: [told('desktop', null), told('slack', '#ops')] }), NOW, ZONE)).toBe('3 times; this desktop (shown); slack: #ops (arrived)');
    expect(toldWords(alert({ state: 'resolved', resolved_at_ms: NOW - 120_000, told: [told('desktop', null, 'held', NOW + 3 * HOUR)] }), NOW, ZONE)).toBe('resolved 2 min ago; this desktop (held until 12:00)');
    expect(toldWords(alert({ snoozed_until_ms: NOW + HOUR }), NOW, ZONE)).toBe('until 10:00; told nowhere: only recorded');
    expect(toldWords(alert({ snoozed_until_ms: NOW + HOUR }), NOW, ZONE, true), 'said once above all of them').toBe('until 10:00');
    expect(toldWords(alert({ account: 'acme' }), NOW, ZONE)).toBe('');
  });
  it('each way says whether it arrived', () => {
    const ways = [told('desktop', null), told('briefing', null), told('slack', 'ops'), told('email', 'me', 'held', NOW + HOUR), told('ntfy', 'phone', 'waiting'), told('discord', 'room (a)', 'given_up'), told('webhook', 'hub', 'merged'), told('channel', 'gone'), told('desktop', null, 'kind_off'), told('desktop', null, 'again_too_soon')];
    expect(toldOn({ told: ways }, ZONE).map(({ way, state, words }) => `${way} | ${state} | ${words}`)).toEqual([
      'this desktop | sent | shown', 'this desktop | sent | told in the briefing', 'slack: ops | sent | arrived', 'email: me | waits | held until 10:00', 'ntfy: phone | waits | being sent', 'discord: room (a) | lost | did not arrive, given up', 'webhook: hub | waits | joined with others in one message',
      'channel: gone | sent | arrived', 'not told | none | this kind is off', 'not told again yet | none | the same was told shortly before'
    ]);
  });
});

describe('what can be done', () => {
  it('a stuck run that the tower owns is started again or stopped; any other is run again once it is over', () => {
    expect(acts({ kind: 'zombie' }, { live: true })).toEqual(['restart', 'stop', 'snooze', 'acknowledge', 'open']);
    expect(acts({ kind: 'zombie' }, { live: true, owned: false })).toEqual(['stop', 'snooze', 'acknowledge', 'open']);
    expect(acts({ kind: 'zombie' })).toEqual(['rerun', 'snooze', 'acknowledge', 'open']);
  });
  it('an agent outside any run is asked to start again, if somebody can', () => {
    const alone = { kind: 'heartbeat_lost', run_id: null, cue_id: null, agent: 'loner' };
    expect(acts(alone, { cue: false })).toEqual(['restart', 'snooze', 'acknowledge', 'open']);
    expect(acts(alone, { cue: false, owned: false })).toEqual(['snooze', 'acknowledge', 'open']);
  });
  it.each<[string, Partial<Facts>, string]>([['cost_spike', { live: true }, 'stop'], ['loop_detected', { live: true }, 'stop'], ['fuse_tripped', {}, 'raise'], ['gate_waiting', { live: true }, 'answer'], ['missed_occurrence', {}, 'fire'], ['channel_failed', {}, 'channels'], ['check_failed', {}, 'rerun'], ['out_of_envelope', {}, 'snooze'], ['cadence_drift', {}, 'snooze'], ['something_new', {}, 'acknowledge']])(
    'of %s, first: %s %s', (kind, facts, act) => expect(acts({ kind }, facts)[0]).toBe(act));
  it('what is snoozed already is not snoozed again', () => expect(acts({ kind: 'zombie', snoozed_until_ms: NOW + 1 })).not.toContain('snooze'));
});

describe('rules', () => {
  it('each kind stands in one of them', () => {
    const kinds = RULES.flatMap((rule) => rule.kinds);
    expect(new Set(kinds).size).toBe(kinds.length);
    expect(kinds).toHaveLength(19);
  });
  it('one switch for those that are alike; others stay as they are', () => {
    const beats = { kinds: ['heartbeat_lost', 'zombie'] };
    expect([isTold(beats, []), isTold(beats, ['zombie']), isTold(beats, ['zombie', 'heartbeat_lost'])]).toEqual([true, true, false]);
    expect(switched(beats, ['zombie', 'odd'], false)).toEqual(['odd', 'heartbeat_lost', 'zombie']);
    expect(switched(beats, ['zombie', 'odd', 'heartbeat_lost'], true)).toEqual(['odd']);
  });
  it.each([['22:00', '22:00'], ['7', '07:00'], ['9:30', '09:30'], ['24:00', null], ['7:5', null], ['07:60', null], ['', null], ['soon', null]])('%s is the time %s', (typed, time) => expect(timeOfDay(typed)).toBe(time));
});

describe('the next time', () => {
  const rules: AlertRules = { cool_down_minutes: 10, escalate_minutes: 15, nag_minutes: null, quiet: { on: true, from: '22:00', to: '07:00' }, report_at: null, off: [] };
  const channel = (change: Partial<ChannelView>): ChannelView => ({ name: 'desktop', kind: 'native', target: '', on: true, min_severity: 'info', kinds: [], escalation: false, smtp: null, state: 'ok', words: '', waiting: 0, last_told_ms: null, ...change });
  it('is told where a channel that is on asks for it, and waits for the quiet hours unless it is critical', () => {
    expect(nextTime({ kind: 'silent_run', severity: 'warning' }, rules, [channel({}), channel({ name: 'ops', kind: 'slack', min_severity: 'critical' }), channel({ name: 'off', kind: 'slack', on: false })])).toEqual([
      'It is told on this desktop, once in 10 min for the same problem.', 'From 22:00 to 07:00 it waits until the quiet hours are over.'
    ]);
    expect(nextTime({ kind: 'fuse_tripped', severity: 'critical' }, rules, [channel({ name: 'ops', kind: 'slack', kinds: ['fuse_tripped'] }), channel({ name: 'phone', kind: 'ntfy', escalation: true })])).toEqual([
      'It is told on ops, once in 10 min for the same problem.', 'Unseen for 15 min, it is told on phone too.'
    ]);
  });
  it('that nobody hears of it is said', () => {
    expect(nextTime({ kind: 'zombie', severity: 'warning' }, { ...rules, off: ['zombie'] }, [channel({})])).toEqual(['It is only recorded: telling of it is off.']);
    expect(nextTime({ kind: 'zombie', severity: 'info' }, { ...rules, quiet: { ...rules.quiet, on: false } }, [channel({ min_severity: 'warning' })])).toEqual(['It is told nowhere at once: no channel that is on asks for it.']);
  });
  it('every kind that can be told has one switch', () => expect([ruleOf('zombie')?.key, ruleOf('gate_waiting')?.key, ruleOf('weather')]).toEqual(['beats', 'gate', null]));
  it('a snooze until tomorrow ends at nine, also when the clock changes in between', () => {
    const before_ms = Date.UTC(2026, 9, 24, 20, 0);
    expect(snoozesOf(before_ms, ZONE).map((one) => one.minutes)).toEqual([60, 240, 12 * 60]);
    expect(new Date(before_ms + (snoozesOf(before_ms, ZONE)[2]?.minutes ?? 0) * 60_000).toISOString()).toBe('2026-10-25T08:00:00.000Z');
  });
  it('what became of it stands in order', () => {
    expect(storyOf(alert({ opened_at_ms: 5, last_at_ms: 9, count: 3, told: [told('desktop', null)], escalated_at_ms: 7, resolved_at_ms: 11 }))).toEqual([
      { at_ms: 5, words: 'opened' }, { at_ms: 7, words: 'told louder: nobody had seen it' }, { at_ms: 9, words: 'happened again, 3 times in all' }, { at_ms: 11, words: 'resolved by itself' }
    ]);
  });
});
