import { describe, expect, it } from 'vitest';
import { agent, alert, cue, event, login, mark, NOW } from '../testing';
import type { ConfirmedMark } from '../wire';
import { EMPTY_FLEET, fleetFrom } from './fleet';
import type { ActionId } from '../actions/list';
import { itemsFor, parts, readQuery, wholeRows, type World } from './palette';
import { hashOf, routeFrom, type Route } from './route';
import { endingsIn, sentenceOf } from './tidings';

describe('addresses', () => {
  it.each<[string, Route]>([
    ['#/board', { at: 'board' }], ['', { at: 'board' }], ['#/nowhere', { at: 'board' }], ['#/run/run_1', { at: 'run', runId: 'run_1' }], ['#/run/', { at: 'board' }], ['#/cue/c%2F1', { at: 'cue', cueId: 'c/1' }],
    ['#/cue/new', { at: 'new', from: null }], ['#/cue/new?from=nightly', { at: 'new', from: 'nightly' }], ['#/alerts', { at: 'alerts' }], ['#/settings', { at: 'settings' }], ['#/settings/keys', { at: 'settings', section: 'keys' }], ['#/agents', { at: 'agents' }], ['#/agents/a%2Fb', { at: 'agents', name: 'a/b', account: null }], ['#/key', { at: 'key' }]
  ])('%s', (hash, route) => expect(routeFrom(hash)).toEqual(route));
  it.each<[Route]>([[{ at: 'board' }], [{ at: 'run', runId: 'a/b c' }], [{ at: 'cue', cueId: 'x' }], [{ at: 'new', from: null }], [{ at: 'new', from: 'cue_1' }], [{ at: 'secrets' }], [{ at: 'agents', name: 'a?b', account: 'acc_1' }], [{ at: 'settings', section: 'keys' }], [{ at: 'settings', find: 'Text size' }], [{ at: 'costs' }], [{ at: 'costs', prices: true }]])('%j is read back', (route) => expect(routeFrom(hashOf(route))).toEqual(route));
});

describe('what is said aloud', () => {
  it.each<[[ConfirmedMark, number][], string]>([
    [[['confirmed', 3], ['silent', 1]], '1 run silent, 3 confirmed'], [[['confirmed', 1]], '1 run confirmed'], [[['confirmed', 2]], '2 runs confirmed'], [[], '']
  ])('%j', (counts, words) => expect(sentenceOf(new Map(counts))).toBe(words));
  it('counts an ending once', () => {
    const before = fleetFrom({ seq: 1, now_ms: NOW, cues: [cue()], marks: [mark({ confirmed: 'working' }), mark({ occurrence_id: 'o2', confirmed: 'silent' })], alerts: [], bands: [], truncated: false });
    const counts = new Map<ConfirmedMark, number>();
    endingsIn(before, event(2, { marks: [mark({ confirmed: 'confirmed' }), mark({ occurrence_id: 'o2', confirmed: 'silent' }), mark({ occurrence_id: 'o3', confirmed: 'working' })] }), counts);
    expect([...counts]).toEqual([['confirmed', 1]]);
  });
});

describe('the palette', () => {
  const fleet = fleetFrom({ seq: 1, now_ms: NOW, cues: [cue(), cue({ id: 'c2', name: 'score-new', agent: 'scout', status: 'paused' })], marks: [mark(), mark({ occurrence_id: 'o2', cue_id: 'c2', run_id: 'r2', confirmed: 'refuted' })], alerts: [alert()], bands: [], truncated: false });
  const world: World = { fleet, gates: [], logins: [], agents: [agent({ name: 'scout', state: 'late' })], paused: false, now_ms: NOW, zone: 'Europe/Madrid' };
  const told = (query: string, w = world) => itemsFor(query, w).map((item) => `${item.section}: ${item.text}`);

  it('is useful before anything is typed', () => {
    expect(told('')).toEqual([
      'Needs you: lead-digest has gone quiet', 'Do: New cue', 'Do: Next 30 days', 'Do: Pause all firing', 'Cues: lead-digest', 'Cues: score-new', 'Go to: Board', 'Go to: Gates', 'Go to: Agents', 'Go to: Costs', 'Go to: Alerts', 'Go to: Secrets', 'Go to: Settings', 'Go to: Key to the marks'
    ]);
  });
  it('offers what can be done to what matches', () => {
    expect(told('score')).toEqual(['Do: Fire score-new now', 'Do: Edit score-new', 'Do: Resume score-new', 'Do: Fire score-new with…', 'Cues: score-new', 'Runs: score-new, 09:00 today']);
  });
  it('names four actions at most beside the rest, the best first; all of them behind >', () => {
    const many = { ...world, fleet: fleetFrom({ seq: 1, now_ms: NOW, cues: ['leads', 'more-leads', 'pause-leads'].map((name, i) => cue({ id: `c${i}`, name })), marks: [], alerts: [], bands: [], truncated: false }) };
    const done = (query: string) => itemsFor(query, many).filter((item) => item.section === 'Do').map((item) => item.text);
    expect(done('leads')).toEqual(['Fire leads now', 'Edit leads', 'Pause leads', 'Fire leads with…']);
    expect(done('pause')).toEqual(['Pause all firing', 'Pause leads', 'Pause more-leads', 'Pause pause-leads']);
    expect(done('more')).toEqual(['Fire more-leads now', 'Edit more-leads', 'Pause more-leads', 'Fire more-leads with…']);
    expect(done('>leads')).toHaveLength(18);
  });
  it.each([['> score fire', ['Do: Fire score-new now', 'Do: Fire score-new with…']], ['@scout', ['Agents: scout']], ['#lead', ['Cues: lead-digest']], ['zzz', []]])('%s', (query, list) => expect(told(query)).toEqual(list));
  it('leads to an agent, and says how it is', () => {
    const [item] = itemsFor('@scout', world);
    expect([item?.side, item?.act]).toEqual(['late', { do: 'go', to: { at: 'agents', name: 'scout', account: null } }]);
  });
  it('names the key of what has one', () => {
    const keyed = (query: string, can?: World['can']) => Object.fromEntries(itemsFor(query, can ? { ...world, can } : world).filter((item) => item.keys !== '').map((item) => [item.text, item.keys]));
    expect(keyed('')).toMatchObject({ 'lead-digest has gone quiet': 'Q', 'New cue': 'N', 'Board': 'G B', 'Key to the marks': '?' });
    expect(keyed('> timeline')).toEqual({});
    expect(keyed('> ledger')).toEqual({ Ledger: 'L' });
  });
  it('offers what the open room does by a key, and nothing of another room', () => {
    const onBoard = (id: ActionId) => id === 'board.rerun' || id === 'board.follow';
    const found = itemsFor('> again', { ...world, can: onBoard });
    expect(found.map((item) => [item.text, item.keys, item.act])).toEqual([['Run the selected one again', 'R', { do: 'action', id: 'board.rerun' }]]);
    expect(told('> follow', { ...world, can: onBoard })).toEqual(['Do: Follow now']);
    expect(told('> again')).toEqual([]);
  });
  it('answers a program that asks to sign in', () =>
    expect(told('sign-in', { ...world, logins: [login()] })).toEqual(['Needs you: Approve the sign-in WXYZ-1234 of cueapi-cli/0.2.0', 'Needs you: Deny the sign-in WXYZ-1234 of cueapi-cli/0.2.0']));
  it('offers to arm a paused tower', () => expect(told('> tower', { ...world, paused: true })).toEqual(['Do: Arm the tower: due times fire again']));
  it('works on an empty tower', () => expect(told('qq', { ...world, fleet: EMPTY_FLEET })).toEqual([]));
  it('reads the kind', () => expect(readQuery('  # a b ')).toEqual({ kind: 'cues', typed: 'a b' }));
  it('is as high as whole rows', () => expect([wholeRows([], 100), wholeRows([32, 64], 100), wholeRows([32, 64, 96, 128], 100), wholeRows([120, 150], 100)]).toEqual([100, 100, 96, 100]));
  it('cuts a text where the words are', () => {
    expect(parts('Fire score-new now', 'score now')).toEqual([{ text: 'Fire ', hit: false }, { text: 'score', hit: true }, { text: '-new ', hit: false }, { text: 'now', hit: true }]);
    expect(parts('a(b', '(')).toEqual([{ text: 'a', hit: false }, { text: '(', hit: true }, { text: 'b', hit: false }]);
  });
});
