//! What a search found, as the palette and the page of results show it; and what can be typed to narrow it. Pure.
import { glyphOf, type Family, type IconName } from '../glyphs';
import * as actionsText from '../text/actions';
import { day, hm, sameDay } from '../time';
import type { SearchFound, SearchHit, SearchKind } from '../wire';
import { confirmedWord } from '../words';
import type { Item } from './palette';
import type { Route } from './route';

/** One hit, ready to be shown. */
export interface FoundRow {
  key: string;
  icon: IconName | { v: Family; state: string };
  title: string;
  snippet: readonly { text: string; hit: boolean }[];
  /** Where the words stand: "in its error". Empty for the name itself. */
  field: string;
  side: string;
  to: Route;
}

export const KIND_WORDS: Record<SearchKind, { one: string; many: string }> = {
  cue: { one: actionsText.cue, many: actionsText.cues }, agent: { one: actionsText.agent, many: actionsText.agents }, alert: { one: actionsText.alert, many: actionsText.alerts }, run: { one: actionsText.run, many: actionsText.runs }
};

const FIELDS: Record<string, string> = {
  description: actionsText.inItsDescription, summary: actionsText.inItsSummary, error: actionsText.inItsError, result: actionsText.inItsResult, step: actionsText.inAStep, check: actionsText.inACheck, output: actionsText.inItsOutput
};

function whenWords(at_ms: number | null, now_ms: number, zone: string): string {
  if (at_ms === null) return '';
  return sameDay(at_ms, now_ms, zone) ? actionsText.today(hm(at_ms, zone)) : `${day(at_ms, zone)} ${hm(at_ms, zone)}`;
}

function placeOf(hit: SearchHit): Route {
  if (hit.kind === 'run') return { at: 'run', runId: hit.id };
  if (hit.kind === 'cue') return { at: 'cue', cueId: hit.id };
  if (hit.kind === 'agent') return { at: 'agents', name: hit.title, account: hit.account };
  return hit.run_id !== null ? { at: 'run', runId: hit.run_id } : { at: 'alerts' };
}

/** A hit as a row. The snippet is left out where it only says the title again. */
export function rowOf(hit: SearchHit, now_ms: number, zone: string): FoundRow {
  const { mark } = hit;
  const known = mark !== null && mark.confirmed !== 'none';
  const icon: FoundRow['icon'] = mark !== null ? (known ? { v: 'C', state: mark.confirmed } : { v: 'D', state: mark.delivered }) : hit.kind === 'cue' ? 'list' : hit.kind === 'agent' ? 'agents' : 'alerts';
  const when = whenWords(hit.at_ms, now_ms, zone);
  const verdict = mark === null ? hit.state : (known ? confirmedWord(mark) : glyphOf('D', mark.delivered).word).toLowerCase();
  const says = hit.snippet.map((piece) => piece.text).join('');
  return {
    key: `${hit.kind} ${hit.id === '' ? hit.title : hit.id}`, icon, title: hit.kind === 'run' && when !== '' ? `${hit.title}, ${when}` : hit.title, snippet: hit.field === 'name' || says === hit.title ? [] : hit.snippet,
    field: FIELDS[hit.field] ?? '', side: hit.kind === 'alert' ? [verdict, when].filter(Boolean).join(', ') : verdict, to: placeOf(hit)
  };
}

/** What the palette adds from the whole store to what it shows already, and the way to all of it. */
export function foundItems(found: SearchFound | null, near: readonly Item[], typed: string, at: { now_ms: number; zone: string }): Item[] {
  if (found === null) return [];
  const there = new Set(near.flatMap((item) => (item.act.do === 'go' && item.act.to.at === 'run' ? [item.act.to.runId] : item.act.do === 'select' ? [item.act.cueId] : item.section === actionsText.agents ? [actionsText.agentOfText(item.text)] : [])));
  const items = found.hits
    .filter((hit) => !there.has(hit.kind === 'agent' ? actionsText.agentOfTitle(hit.title) : hit.id))
    .map((hit): Item => {
      const row = rowOf(hit, at.now_ms, at.zone);
      return { key: `found ${row.key}`, section: actionsText.found, icon: row.icon, text: row.title, ...(row.snippet.length > 0 ? { snippet: row.snippet } : {}), side: row.side, keys: '', act: hit.kind === 'cue' ? { do: 'select', cueId: hit.id } : { do: 'go', to: row.to } };
    });
  if (found.hits.length > 0) items.push({ key: 'see all', section: actionsText.found, icon: 'search', text: found.cursor === null ? actionsText.seeAllFound(found.hits.length) : actionsText.seeAllThatIsFound, side: '', keys: '', act: { do: 'go', to: { at: 'search', q: typed } } });
  return items;
}

const IS = ['failed', 'silent', 'refuted', 'stopped', 'confirmed', 'claimed', 'cancelled', 'late', 'bounced', 'running', 'active', 'paused', 'open', 'resolved'] as const;

/** What can be typed before a colon, with what it narrows to, and what usually comes after. */
export const OPERATORS: readonly { word: string; say: string; values: readonly string[] }[] = [
  { word: actionsText.is, say: actionsText.howItStands, values: IS },
  { word: actionsText.cue2, say: actionsText.ofOneCue, values: [] },
  { word: actionsText.agent2, say: actionsText.ofOneAgent, values: [] },
  { word: actionsText.kind, say: actionsText.runsCuesAgentsOrAlerts, values: ['run', 'cue', 'agent', 'alert'] },
  { word: actionsText.cost, say: actionsText.whatItCost, values: ['>0.1', '>1', '>10'] },
  { word: actionsText.since, say: actionsText.notBefore, values: ['1h', 'today', '24h', '7d', '30d'] },
  { word: actionsText.until2, say: actionsText.notAfter, values: ['today', 'yesterday', '7d'] }
];

/** Offered at once; more are found by typing. */
const MOST = 8;
const quoted = (name: string) => (/[\s"]/.test(name) ? `"${name.replaceAll('"', '')}"` : name);

/** How the last word of a query could go on; none while it is an ordinary word. `names`: of cues and agents. */
export function completions(query: string, names: { cue: readonly string[]; agent: readonly string[] } = { cue: [], agent: [] }): { text: string; say: string; whole: string }[] {
  const last = /(?:^|\s)(-?)(\S*)$/.exec(query);
  const begun = last?.[2] ?? '';
  const before = query.slice(0, query.length - begun.length);
  const colon = begun.indexOf(':');
  if (colon < 0) {
    if (begun.length < 2 && before.trim() === '') return [];
    return OPERATORS.filter(({ word }) => begun !== '' && word.startsWith(begun.toLowerCase())).map(({ word, say }) => ({ text: `${word}:`, say, whole: `${before}${word}:` }));
  }
  const operator = OPERATORS.find(({ word }) => word === begun.slice(0, colon).toLowerCase());
  if (!operator) return [];
  const value = begun.slice(colon + 1).toLowerCase();
  const values = operator.word === 'cue' ? names.cue.map(quoted) : operator.word === 'agent' ? names.agent.map(quoted) : operator.values;
  if (values.some((one) => one.toLowerCase() === value)) return [];
  return values.filter((one) => one.toLowerCase().includes(value)).slice(0, MOST).map((one) => ({ text: `${operator.word}:${one}`, say: operator.say, whole: `${before}${operator.word}:${one} ` }));
}

/** The same as items of the palette. */
export function narrowing(query: string, names?: { cue: readonly string[]; agent: readonly string[] }): Item[] {
  return completions(query, names).map(({ text, say, whole }) => ({ key: `narrow ${text}`, section: actionsText.narrow, icon: 'filter', text, side: say, keys: '', act: { do: 'type', text: whole } }));
}

/** The words of a query that are filters, as they were typed; what is in quotes stays together. */
export function filtersIn(query: string): string[] {
  return [...query.matchAll(/-?[a-z]+:(?:"[^"]*"|\S+)/gi)].map(([word]) => word).filter((word) => OPERATORS.some((operator) => word.replace(/^-/, '').toLowerCase().startsWith(`${operator.word}:`)));
}

/** The query with a filter taken out, or added. */
export function withFilter(query: string, filter: string, on: boolean): string {
  const rest = query.split(filter).join(' ').replace(/\s+/g, ' ').trim();
  return on ? `${rest} ${filter}`.trim() : rest;
}
