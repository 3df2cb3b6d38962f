//! What the palette offers for what was typed. Pure: the fleet in, a list out, each with what choosing it means.
import { ACTIONS, actionOf, type ActionId, type ActionSpec } from '../actions/list';
import { glyphOf, type Family, type IconName } from '../glyphs';
import { shownChord } from '../keys';
import * as actionsText from '../text/actions';
import { hm, sameDay, day, placeOf } from '../time';
import type { AgentView, CueView, GateView, LoginView, Mark } from '../wire';
import { alertFace, confirmedWord, dueTimes } from '../words';
import { standsAs } from './agents';
import { busyOf, newestFirst, type Fleet } from './fleet';
import { leftWords, nameOf } from './gates';
import { programOf } from './logins';
import { momentOf } from './moment';
import { plain } from '../plain';
import { needsOf } from './needs';
import { SETTING_PLACES } from './settingsfind';
import type { Route } from './route';

export type Act =
  | { do: 'go'; to: Route }
  | { do: 'select'; cueId: string }
  | { do: 'fire' | 'pause' | 'resume'; cue: CueView }
  | { do: 'ask'; what: 'pause' | 'fire'; cue: CueView }
  | { do: 'answer'; mark: Mark; run: boolean }
  | { do: 'look'; mode: 'timeline' | 'ledger' | 'ahead' }
  | { do: 'pauseAll' | 'resumeAll' }
  | { do: 'action'; id: ActionId }
  | { do: 'time'; at_ms: number }
  | { do: 'type'; text: string }
  | { do: 'login'; login: LoginView; approve: boolean }
  | { do: 'gate'; gate: GateView; approve: boolean };

export interface Item {
  key: string;
  section: string;
  /** An icon, or a mark of the glyph grammar. */
  icon: IconName | { v: Family; state: string };
  text: string;
  /** Where a search found it: pieces of the text around. */
  snippet?: readonly { text: string; hit: boolean }[];
  side: string;
  keys: string;
  act: Act;
}

export interface World {
  fleet: Fleet;
  /** Gates that wait. */
  gates: readonly GateView[];
  /** Programs that wait for a yes. */
  logins: readonly LoginView[];
  agents: readonly AgentView[];
  paused: boolean;
  now_ms: number;
  zone: string;
  /** The key of an action as the owner has it; without this, as it usually is. */
  keys?: (id: ActionId) => string;
  /** Whether an action has something to do now; without this, all do. */
  can?: (id: ActionId) => boolean;
}

const AT_MOST = 5;
/** Actions among everything else; all of them stand behind `>`. */
const ACTIONS_MOST = 4;
/** Of those alone. */
const WHOLE_MOST = 60;
/** Actions of cues that are looked at. */
const LOOKED_MOST = 300;

interface Corner {
  text: string;
  action: ActionId | null;
  icon: IconName;
  to: Route;
  /** Other words for it. */
  also?: string;
}

const ROOMS: readonly Corner[] = [
  { text: actionsText.board, action: 'go.board', icon: 'board', to: { at: 'board' } },
  { text: actionsText.gates, action: 'go.gates', icon: 'gates', to: { at: 'gates' } },
  { text: actionsText.agents, action: 'go.agents', icon: 'agents', to: { at: 'agents' } },
  { text: actionsText.costs, action: 'go.costs', icon: 'costs', to: { at: 'costs' }, also: actionsText.alsoCosts },
  { text: actionsText.alerts, action: 'go.alerts', icon: 'alerts', to: { at: 'alerts' } },
  { text: actionsText.secrets, action: 'go.secrets', icon: 'secrets', to: { at: 'secrets' } },
  { text: actionsText.settings, action: 'go.settings', icon: 'settings', to: { at: 'settings' } },
  { text: actionsText.keyToTheMarks, action: 'key', icon: 'info', to: { at: 'key' }, also: actionsText.alsoKey }
];

/** Offered only to one who types. */
const CORNERS: readonly Corner[] = [
  { text: actionsText.keysAndAccounts, action: null, icon: 'secrets', to: { at: 'settings', section: 'keys' } },
  { text: actionsText.pricesOfModels, action: null, icon: 'costs', to: { at: 'costs', prices: true } },
  { text: actionsText.pools, action: null, icon: 'pool', to: { at: 'settings', section: 'pools' } },
  { text: actionsText.fuses, action: null, icon: 'shield', to: { at: 'settings', section: 'fuses' } },
  { text: actionsText.waysToReachMe, action: null, icon: 'alerts', to: { at: 'alerts' }, also: actionsText.alsoWays },
  { text: actionsText.backups, action: null, icon: 'shield', to: { at: 'settings', section: 'backups' }, also: actionsText.alsoBackups },
  { text: actionsText.whatIsKept, action: null, icon: 'clock', to: { at: 'settings', section: 'retention' }, also: actionsText.alsoKept },
  { text: actionsText.theTowersSettings, action: null, icon: 'settings', to: { at: 'settings', section: 'tower' } },
  { text: actionsText.keyboard, action: null, icon: 'settings', to: { at: 'settings', section: 'keyboard' } },
  { text: actionsText.workers, action: null, icon: 'worker', to: { at: 'settings', section: 'workers' } },
  ...SETTING_PLACES.map(({ text, also }): Corner => ({ text, also, action: null, icon: 'settings', to: { at: 'settings', find: text } }))
];

/** True when every word typed is somewhere in the text. */
export function fits(text: string, typed: string): boolean {
  const low = text.toLowerCase();
  return typed.toLowerCase().split(/\s+/).every((word) => low.includes(word));
}

const KINDS: Record<string, 'actions' | 'agents' | 'cues' | 'time'> = { '>': 'actions', '@': 'agents', '#': 'cues', ':': 'time' };

/** `>` actions, `@` agents, `#` cues, `:` a time; anything else looks everywhere. */
export function readQuery(query: string): { kind: 'all' | 'actions' | 'agents' | 'cues' | 'time'; typed: string } {
  const kind = KINDS[query.trimStart().charAt(0)] ?? 'all';
  return { kind, typed: (kind === 'all' ? query : query.trimStart().slice(1)).trim() };
}

export function itemsFor(query: string, world: World): Item[] {
  const { kind, typed } = readQuery(query);
  const { fleet } = world;
  const keys = world.keys ?? ((id: ActionId) => shownChord(actionOf(id).keys[0] ?? ''));
  if (kind === 'time') return moments(typed, world);
  const cues = [...fleet.cues.values()].sort((a, b) => a.name.localeCompare(b.name));
  const all = kind === 'all';
  const items: Item[] = [];
  if (all) items.push(...needs(world, typed, keys('needs')));
  if (all || kind === 'actions') items.push(...actions(world, cues, typed, keys, kind === 'actions'));
  if (all || kind === 'cues') {
    for (const cue of cues.filter((c) => fits(`${c.name} ${c.agent}`, typed)).slice(0, all ? AT_MOST : 50)) {
      items.push({ key: `cue ${cue.id}`, section: actionsText.cues, icon: cue.transport === 'command' ? 'command' : 'webhook', text: cue.name, side: cue.words, keys: '', act: { do: 'select', cueId: cue.id } });
    }
  }
  if (kind === 'agents' || (all && typed !== '')) {
    const asking = new Set(world.gates.map((gate) => gate.cue_id));
    const found = world.agents.filter((agent) => fits(`${agent.name} ${agent.kind ?? ''}`, typed));
    for (const agent of found.slice(0, all ? AT_MOST : 50)) {
      const face = standsAs(agent, busyOf(fleet, agent.cues.map((cue) => cue.id), asking));
      items.push({ key: `agent ${agent.account ?? ''}/${agent.name}`, section: actionsText.agents, icon: { v: face.v, state: face.state }, text: agent.name, side: face.word.toLowerCase(), keys: '', act: { do: 'go', to: { at: 'agents', name: agent.name, account: agent.account } } });
    }
  }
  if (all && typed !== '') items.push(...runs(world, typed));
  if (all) for (const room of typed === '' ? ROOMS : [...ROOMS, ...CORNERS]) if (fits(`${room.text} ${typed === '' ? '' : (room.also ?? '')}`, typed)) items.push({ key: `room ${room.text}`, section: actionsText.goTo, icon: room.icon, text: room.text, side: '', keys: room.action === null ? '' : keys(room.action), act: { do: 'go', to: room.to } });
  return items;
}

/** `key`: leads to the first of them, wherever one is. */
function needs({ fleet, gates, logins, now_ms }: World, typed: string, key: string): Item[] {
  const items: Item[] = [];
  for (const [i, need] of needsOf(fleet, gates, logins, now_ms).entries()) {
    const first = i === 0 ? key : '';
    if (need.kind === 'gate') {
      const { gate } = need;
      const what = `${plain(nameOf(gate))}: ${plain(gate.title)}`;
      const icon = { v: 'G' as const, state: 'waiting' };
      if (fits(what, typed)) items.push({ key: `gate ${gate.id}`, section: actionsText.needsYou, icon, text: what, side: gate.deadline_ms === null ? actionsText.asksYou : leftWords(gate.deadline_ms, now_ms), keys: first, act: { do: 'go', to: { at: 'gates', gateId: gate.id } } });
      // An answer is offered only to one who types for it.
      for (const approve of [true, false]) {
        const text = `${approve ? actionsText.approve : actionsText.deny} ${what}`;
        if (typed !== '' && fits(text, typed) && !fits(what, typed)) items.push({ key: `${approve ? 'approve' : 'deny'} ${gate.id}`, section: actionsText.needsYou, icon: { v: 'G', state: approve ? 'approved' : 'denied' }, text, side: actionsText.canBeTakenBack, keys: '', act: { do: 'gate', gate, approve } });
      }
      continue;
    }
    if (need.kind === 'ask') {
      const name = fleet.names.get(need.mark.cue_id) ?? actionsText.aDeletedCue;
      for (const run of [true, false]) {
        const text = actionsText.thatPassed(run ? actionsText.run : actionsText.skip, name, run ? actionsText.onceFor : '', dueTimes(need.due));
        if (fits(text, typed)) items.push({ key: `${run ? 'run' : 'skip'} ${need.key}`, section: actionsText.needsYou, icon: { v: 'S', state: 'held' }, text, side: 'held', keys: '', act: { do: 'answer', mark: need.mark, run } });
      }
      continue;
    }
    if (need.kind === 'login') {
      const { login } = need;
      for (const approve of [true, false]) {
        const text = actionsText.theSignInOf(approve ? actionsText.approve : actionsText.deny, login.code, programOf(login));
        if (fits(text, typed)) items.push({ key: `${approve ? 'approve' : 'deny'} ${login.code}`, section: actionsText.needsYou, icon: { v: 'P', state: 'asks' }, text, side: actionsText.asksForAKey, keys: '', act: { do: 'login', login, approve } });
      }
      continue;
    }
    const { alert } = need;
    if (!fits(alert.title, typed)) continue;
    const face = alertFace(alert.kind);
    const to: Route = alert.run_id ? { at: 'run', runId: alert.run_id } : alert.agent !== null ? { at: 'agents', name: alert.agent, account: alert.account } : { at: 'alerts' };
    items.push({ key: `alert ${alert.id}`, section: actionsText.needsYou, icon: { v: face.family, state: face.state }, text: alert.title, side: face.word.toLowerCase(), keys: first, act: { do: 'go', to } });
  }
  return items.slice(0, AT_MOST);
}

function moments(typed: string, { now_ms, zone }: World): Item[] {
  const at = typed === '' ? null : momentOf(typed, now_ms, zone);
  if (at !== null) return [{ key: 'time', section: actionsText.goTo, icon: 'clock', text: actionsText.timeOfDay(day(at, zone), hm(at, zone), placeOf(zone)), side: at > now_ms ? actionsText.toCome : '', keys: '', act: { do: 'time', at_ms: at } }];
  return [actionsText.yesterday0900, '-2h', '-7d', `${day(now_ms, zone).split(' ').slice(1).join(' ')} 08:05`]
    .filter((example) => typed === '' || example.includes(typed))
    .map((example) => ({ key: `such ${example}`, section: actionsText.goTo, icon: 'clock' as const, text: example, side: actionsText.suchAs, keys: '', act: { do: 'type' as const, text: `:${example}` } }));
}

function actions({ paused, can }: World, cues: readonly CueView[], typed: string, keysOf: (id: ActionId) => string, whole: boolean): Item[] {
  const items: Item[] = [];
  const add = (key: string, icon: IconName, text: string, keys: string, act: Act, also = '') => {
    if (fits(`${text} ${also}`, typed)) items.push({ key, section: actionsText.do2, icon, text, side: '', keys, act });
  };
  add('new', 'plus', actionsText.newCue, keysOf('new'), { do: 'go', to: { at: 'new', from: null } });
  if (typed !== '') {
    for (const cue of cues) {
      if (items.length >= LOOKED_MOST) break;
      add(`fire ${cue.id}`, 'play', actionsText.fireNowOfCue(cue.name), '', { do: 'fire', cue });
      add(`with ${cue.id}`, 'play', actionsText.fireWithOfCue(cue.name), '', { do: 'ask', what: 'fire', cue });
      add(`edit ${cue.id}`, 'edit', actionsText.editOfCue(cue.name), '', { do: 'go', to: { at: 'cue', cueId: cue.id } });
      if (cue.status === 'paused') add(`resume ${cue.id}`, 'play', actionsText.resumeOfCue(cue.name), '', { do: 'resume', cue });
      else if (cue.status === 'active') add(`pause ${cue.id}`, 'pause', actionsText.pauseOfCue(cue.name), '', { do: 'pause', cue });
      if (cue.status === 'active') add(`until ${cue.id}`, 'clock', actionsText.pauseUntilOfCue(cue.name), '', { do: 'ask', what: 'pause', cue });
      add(`copy ${cue.id}`, 'copy', actionsText.duplicateOfCue(cue.name), '', { do: 'go', to: { at: 'new', from: cue.id } });
    }
  }
  add('ahead', 'clock', actionsText.next30Days, '', { do: 'look', mode: 'ahead' });
  add('tower', paused ? 'play' : 'pause', paused ? actionsText.armTheTowerDueTimes : actionOf('tower.pause').name, keysOf('tower.pause'), { do: paused ? 'resumeAll' : 'pauseAll' });
  if (typed === '' && !whole) return items;
  add('ledger', 'list', actionsText.ledger, keysOf('board.ledger'), { do: 'look', mode: 'ledger' }, actionsText.alsoLedger);
  for (const { id, name, icon, offered, also, where } of ACTIONS as readonly ActionSpec[]) {
    const action = id as ActionId;
    // What the open room does by a key is found here by its name, with its key.
    const here = where !== 'everywhere' && can !== undefined;
    if ((offered || here) && !OTHERWISE.has(action) && (can?.(action) ?? true)) add(id, icon ?? 'arrow', name, keysOf(action), { do: 'action', id: action }, also);
  }
  return whole ? items.slice(0, WHOLE_MOST) : bestOf(items, typed);
}

/** What is done to a cue most, first; what has nothing to do with one stands as it fits. */
const OFTEN: readonly string[] = ['fire', 'edit', 'pause', 'resume', 'with', 'until', 'copy'];

/** How well an action fits: it begins so, a word of it does, or it is somewhere in it; then what is done most. */
function bestOf(items: readonly Item[], typed: string): Item[] {
  const low = typed.toLowerCase();
  const fit = ({ text }: Item) => (text.toLowerCase().startsWith(low) ? 0 : ` ${text.toLowerCase()}`.includes(` ${low}`) ? 1 : 2);
  const often = ({ act, key }: Item) => ('cue' in act || key.startsWith('edit ') || key.startsWith('copy ') ? OFTEN.findIndex((kind) => key.startsWith(`${kind} `)) : -1);
  return [...items].sort((a, b) => fit(a) - fit(b) || often(a) - often(b)).slice(0, ACTIONS_MOST);
}

/** Offered above in other words. */
const OTHERWISE: ReadonlySet<ActionId> = new Set<ActionId>(['new', 'tower.pause', 'board.ledger']);

function runs({ fleet, now_ms, zone }: World, typed: string): Item[] {
  const found = newestFirst(fleet, (mark) => mark.run_id !== null && fits(fleet.names.get(mark.cue_id) ?? '', typed), AT_MOST);
  return found.map((mark) => {
    const when = sameDay(mark.due_ms, now_ms, zone) ? actionsText.today(hm(mark.due_ms, zone)) : `${day(mark.due_ms, zone)} ${hm(mark.due_ms, zone)}`;
    const known = mark.confirmed !== 'none';
    return {
      key: `run ${mark.occurrence_id}`, section: actionsText.runs, icon: known ? { v: 'C' as const, state: mark.confirmed } : { v: 'D' as const, state: mark.delivered },
      text: `${fleet.names.get(mark.cue_id) ?? actionsText.aDeletedCue}, ${when}`, side: (known ? confirmedWord(mark) : glyphOf('D', mark.delivered).word).toLowerCase(), keys: '',
      act: { do: 'go' as const, to: { at: 'run' as const, runId: mark.run_id ?? '' } }
    };
  });
}

/** The text cut where the typed words are, so that they can be set strong. */
export function parts(text: string, typed: string): { text: string; hit: boolean }[] {
  const words = typed.split(/\s+/).filter((word) => word !== '').map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  if (words.length === 0) return [{ text, hit: false }];
  return text.split(new RegExp(`(${words.join('|')})`, 'i')).map((piece, i) => ({ text: piece, hit: i % 2 === 1 })).filter((piece) => piece.text !== '');
}

/** How high a list may be so that it ends where a row does. `ends`: where each row ends; `most`: how high it may be at all. */
export function wholeRows(ends: readonly number[], most: number): number {
  const last = ends[ends.length - 1];
  if (last === undefined || last <= most) return most;
  return Math.max(0, ...ends.filter((end) => end <= most)) || most;
}
