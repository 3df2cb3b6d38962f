//! Agents as their screen shows them: order, counts, figures and sentences. Pure.
import { MARKS, type Family, type Tone } from '../glyphs';
import { atMost, number } from '../locale';
import * as agentsText from '../text/agents';
import * as boardText from '../text/board';
import { ago, lasting, MINUTE, money, SECOND } from '../time';
import type { AgentCommandView, AgentRef, AgentView, BeatView } from '../wire';
import type { Busy } from './fleet';

/** An agent's name alone is not enough: two accounts may each have one. */
export function keyOfAgent(agent: AgentRef): string {
  return `${agent.account ?? ''}/${agent.name}`;
}

/** How an agent is drawn and named; a state nobody knows keeps its own word. */
export function faceOf(state: string): { state: string; word: string; tone: Tone } {
  const glyph = (MARKS.A as Record<string, { word: string; tone: Tone }>)[state];
  return glyph ? { state, word: glyph.word, tone: glyph.tone } : { state: 'unseen', word: state, tone: 'mark' };
}

/** Mark and word of how an agent stands. */
export interface Standing {
  v: Family;
  state: string;
  word: string;
  tone: Tone;
}

/** What the board says above its cues. */
export function standingOf({ runs, asks }: Busy): Standing {
  if (asks > 0) return { v: 'C', state: 'gate', word: boardText.atAGate(asks), tone: 'warn' };
  return runs > 0 ? { v: 'C', state: 'working', word: boardText.running(runs), tone: 'live' } : { v: 'P', state: 'idle', word: boardText.idle, tone: 'mark' };
}

/** An agent that beats says itself how it stands; one that never did, and that cues name, stands as they do, in the board's words. */
export function standsAs(agent: Pick<AgentView, 'state' | 'no_progress_since_ms' | 'lost_since_ms' | 'cues'>, busy: Busy): Standing {
  const state = stateOf(agent);
  return state === 'unseen' && agent.cues.length > 0 ? standingOf(busy) : { v: 'A', ...faceOf(state) };
}

/** How it stands: alive and at work are two facts, and an agent that beats and gets nowhere is neither. */
export function stateOf(agent: Pick<AgentView, 'state' | 'no_progress_since_ms' | 'lost_since_ms'>): string {
  if (agent.state === 'stopped' || agent.state === 'error') return agent.state;
  if (agent.lost_since_ms !== null) return 'late';
  return agent.no_progress_since_ms !== null ? 'stuck' : agent.state;
}

/** By name, those that were never heard of last: a beat moves no row under the pointer. */
export function ordered(agents: readonly AgentView[]): AgentView[] {
  const unheard = (agent: AgentView) => (agent.last_beat_ms === null ? 1 : 0);
  return [...agents].sort((a, b) => unheard(a) - unheard(b) || a.name.localeCompare(b.name) || (a.account ?? '').localeCompare(b.account ?? ''));
}

/** "2 working", "1 late": what there is, best first; names without beats are not counted. */
export function countsOf(agents: readonly AgentView[]): { state: string; words: string; tone: Tone }[] {
  return ['working', 'alive', 'stuck', 'late', 'error', 'stopped'].flatMap((state) => {
    const n = agents.filter((agent) => stateOf(agent) === state).length;
    const face = faceOf(state);
    return n === 0 ? [] : [{ state, words: state === 'error' ? agentsText.withAnError(n) : `${n} ${face.word.toLowerCase()}`, tone: face.tone }];
  });
}

/** 940, 3.9k, 41k, 1.2M */
export function brief(n: number): string {
  const [scale, unit] = n >= 999_500 ? [1e6, 'M'] : n >= 1000 ? [1e3, 'k'] : [1, ''];
  const scaled = n / scale;
  return `${atMost(scaled, unit !== '' && scaled < 9.95 ? 1 : 0)}${unit}`;
}

/** 18204 as people read it: "18,204". */
export function grouped(n: number): string {
  return number(n);
}

const LATELY_MIN = 10;

/** Tokens of the minutes that are over, as a line draws them: nothing before its first beat of that hour. Null when no beat told of any, or none is to be compared with another. */
export function tokensLine(agent: Pick<AgentView, 'tokens' | 'pulse' | 'tokens_today' | 'last_beat_ms' | 'usual_gap_ms'>): readonly (number | null)[] | null {
  if (agent.last_beat_ms === null || hasNoRate(agent) || (agent.tokens_today === 0 && agent.tokens.every((n) => n === 0))) return null;
  const first = agent.pulse.findIndex((n) => n > 0);
  return fullMinutes(agent.tokens).map((n, i) => (first > 0 && i < first ? null : n));
}

/** The minutes that are over: the last one has only begun, and would look like a fall. */
export function fullMinutes(minutes: readonly number[]): readonly number[] {
  return minutes.slice(0, -1);
}

/** Tokens a minute of late: over the last ten full minutes of those given, oldest first. */
export function tokensLately(tokens: readonly number[]): number {
  const last = fullMinutes(tokens).slice(-LATELY_MIN);
  return last.length === 0 ? 0 : last.reduce((sum, n) => sum + n, 0) / last.length;
}

/** True until two of its beats and a minute that is over are known: what one beat says was used since nobody knows when. */
export function hasNoRate({ pulse, usual_gap_ms }: Pick<AgentView, 'pulse' | 'usual_gap_ms'>): boolean {
  // Of those that beat seldom the usual gap is known: several beats are.
  if (usual_gap_ms !== null) return false;
  return pulse.reduce((sum, n) => sum + n, 0) < 2 || fullMinutes(pulse).every((n) => n === 0);
}

/** For ears and for the pointer. */
export function tokensWords(agent: Pick<AgentView, 'tokens' | 'pulse' | 'usual_gap_ms'>): string {
  const { tokens } = agent;
  const total = tokens.reduce((sum, n) => sum + n, 0);
  if (total > 0 && hasNoRate(agent)) return agentsText.noRateYet;
  return total === 0 ? agentsText.noTokensInTheLast : agentsText.tokensAMinuteOver(grouped(tokensLately(tokens)), LATELY_MIN, grouped(Math.max(...tokens)));
}

/** "Beats in 42 of the last 60 minutes, 57 in all". */
export function pulseWords(pulse: readonly number[]): string {
  const minutes = pulse.filter((n) => n > 0).length;
  if (minutes === 0) return agentsText.noBeatInTheLast;
  const all = pulse.reduce((sum, n) => sum + n, 0);
  return agentsText.beatsInOfTheLast(minutes, grouped(all));
}

/** "412 MB", "1.1 GB". */
export function memoryWords(mb: number): string {
  return mb < 1000 ? agentsText.mb(Math.round(mb)) : agentsText.gb(number(mb / 1024, 1));
}

/** How far its memory has risen: "from 300 MB in 2 h"; null where it does not rise. */
export function riseWords({ memory_rise: rise }: Pick<AgentView, 'memory_rise'>, now_ms: number): string | null {
  return rise === null ? null : agentsText.fromInSpan(memoryWords(rise.from_mb), since(rise.since_ms, now_ms));
}

/** What it cost against what it may: "$1.22 of $2.00"; null when it said nothing and nothing is set. */
export function costWords(agent: Pick<AgentView, 'cost_today_usd' | 'day_cost_usd'>): string | null {
  const { cost_today_usd: cost, day_cost_usd: budget } = agent;
  if (budget === null) return cost === null ? null : money(cost);
  return agentsText.ofOfMoney(money(cost ?? 0), money(budget));
}

/** True when it has cost more than it may today. */
export function overBudget(agent: Pick<AgentView, 'cost_today_usd' | 'day_cost_usd'>): boolean {
  return agent.day_cost_usd !== null && (agent.cost_today_usd ?? 0) > agent.day_cost_usd;
}

/** "41 min": seconds only while there are no minutes. */
function since(at_ms: number, now_ms: number): string {
  const passed = Math.max(SECOND, now_ms - at_ms);
  const unit = passed < MINUTE ? SECOND : MINUTE;
  return lasting(Math.floor(passed / unit) * unit);
}

/** What heads an agent: the one thing that is wrong with it, or what the tower says of it. */
export function headOf(agent: Pick<AgentView, 'state' | 'words' | 'no_progress_since_ms' | 'lost_since_ms'>, now_ms: number): string {
  const state = stateOf(agent);
  if (state === 'stuck') return agentsText.aliveButNoProgressFor(since(agent.no_progress_since_ms ?? now_ms, now_ms));
  if (state === 'late' && agent.lost_since_ms !== null) return agentsText.nothingHeardOfItFor(since(agent.lost_since_ms, now_ms));
  return agent.words;
}

/** A minute of the pulse. `working`: its progress moved; `alive`: it beat, and never told of progress; `stuck`: it beat, and its progress stood still. */
export type Tick = 'none' | 'alive' | 'working' | 'stuck';

/** The minutes of the pulse, oldest first; the last one is the present one. */
export function ticksOf(agent: Pick<AgentView, 'pulse' | 'progress_at_ms' | 'no_progress_since_ms'>, now_ms: number): { n: number; tick: Tick }[] {
  const present = Math.floor(now_ms / MINUTE) * MINUTE;
  return agent.pulse.map((n, i) => {
    const from = present - (agent.pulse.length - 1 - i) * MINUTE;
    if (n === 0) return { n, tick: 'none' };
    if (agent.progress_at_ms === null) return { n, tick: 'alive' };
    return { n, tick: agent.no_progress_since_ms !== null && from >= agent.no_progress_since_ms ? 'stuck' : 'working' };
  });
}

/** Where its tokens a minute stand against its own usual: "usually 900 to 1.6k"; null while that is not known. */
export function usualWords(agent: Pick<AgentView, 'tokens_usual'>): string | null {
  return agent.tokens_usual === null ? null : agentsText.usuallyTo(brief(agent.tokens_usual[0]), brief(agent.tokens_usual[1]));
}

/** True when it burns far more, or nothing where it always burns something. */
export function isUnusual(agent: Pick<AgentView, 'tokens' | 'tokens_usual' | 'state' | 'no_progress_since_ms' | 'lost_since_ms'>): boolean {
  if (agent.tokens_usual === null) return false;
  const lately = tokensLately(agent.tokens);
  return lately > agent.tokens_usual[1] * 1.5 || (lately === 0 && agent.tokens_usual[0] > 0 && stateOf(agent) === 'stuck');
}

/** The line below the word of its state: when it was last heard of. */
export function heardWords(agent: Pick<AgentView, 'last_beat_ms' | 'cues' | 'address' | 'state' | 'no_progress_since_ms' | 'lost_since_ms'>, now_ms: number): string {
  const state = stateOf(agent);
  if (state === 'stuck') return agentsText.noProgressFor(since(agent.no_progress_since_ms ?? now_ms, now_ms));
  if (state === 'late' && agent.lost_since_ms !== null) return agentsText.silentFor(since(agent.lost_since_ms, now_ms));
  if (agent.last_beat_ms !== null) return agentsText.beatOfAgo(ago(agent.last_beat_ms, now_ms));
  if (agent.cues.length > 0) return agentsText.noBeatsYet;
  return agent.address === null ? agentsText.nothingHeardOfIt : agentsText.takesMessages;
}

/** "named by lead-digest"; null: no cue names it. */
export function namedWords({ cues }: Pick<AgentView, 'cues'>): string | null {
  if (cues.length === 0) return null;
  return cues.length === 1 ? agentsText.namedBy(cues[0]?.name ?? agentsText.aCue) : agentsText.namedByCues(cues.length);
}

const ASKED: Record<string, string> = { restart: agentsText.restart, stop: agentsText.stop };
const BECAME: Record<string, { words: string; tone: Tone; open: boolean }> = {
  asked: { words: agentsText.waitsForItsRunner, tone: 'live', open: true },
  fetched: { words: agentsText.itsRunnerHasIt, tone: 'live', open: true },
  completed: { words: agentsText.done, tone: 'mark', open: false },
  failed: { words: agentsText.failed, tone: 'bad', open: false },
  rejected: { words: agentsText.itsRunnerRefused, tone: 'bad', open: false },
  expired: { words: agentsText.noRunnerFetched, tone: 'warn', open: false }
};

/** What was asked, and what became of it. `open`: it may still change. */
export function commandWords(command: Pick<AgentCommandView, 'action' | 'state' | 'message'>): { action: string; words: string; tone: Tone; open: boolean } {
  const became = BECAME[command.state] ?? { words: command.state, tone: 'mark' as const, open: false };
  return { ...became, action: ASKED[command.action] ?? command.action, words: command.message ? `${became.words}: ${command.message.replace(/[.\s]+$/, '')}` : became.words };
}

/** Why it cannot be restarted, or stopped, from here; null when it can. */
export function cannot(agent: Pick<AgentView, 'runner' | 'commands'>, action: 'restart' | 'stop'): string | null {
  if (agent.runner === null) return agentsText.noRunnerWatchesItSo;
  const open = agent.commands.find((command) => command.action === action && commandWords(command).open);
  return open ? agentsText.isAskedAlready(ASKED[action] ?? '', commandWords(open).words) : null;
}

const BEATS: Record<string, { word: string; tone: Tone }> = { ok: { word: agentsText.ok, tone: 'mark' }, warning: { word: agentsText.warning, tone: 'warn' }, error: { word: agentsText.error, tone: 'bad' }, shutdown: { word: agentsText.goodbye, tone: 'mark' } };
const TOLD: Record<string, string> = { loop_detected: agentsText.toldThatItLoops, cost_exceeded: agentsText.toldThatItSpendsToo };

/** A beat's own word, and what it was answered with. */
export function beatWords(beat: Pick<BeatView, 'status' | 'warning'>): { word: string; tone: Tone; told: string | null } {
  const word = BEATS[beat.status] ?? { word: beat.status, tone: 'mark' as const };
  return { ...word, told: beat.warning === null ? null : (TOLD[beat.warning] ?? agentsText.told(beat.warning.replaceAll('_', ' '))) };
}

const MESSAGES: Record<string, { word: string; tone: Tone }> = {
  queued: { word: agentsText.queued, tone: 'mark' }, delivering: { word: agentsText.onItsWay, tone: 'live' }, delivered: { word: agentsText.delivered, tone: 'mark' }, read: { word: agentsText.read, tone: 'mark' },
  acked: { word: agentsText.acknowledged, tone: 'ok' }, retry_ready: { word: agentsText.triesAgain, tone: 'warn' }, failed: { word: agentsText.Failed, tone: 'bad' }, expired: { word: agentsText.expired, tone: 'warn' }
};

export function messageFace(state: string): { word: string; tone: Tone } {
  return MESSAGES[state] ?? { word: state.replaceAll('_', ' '), tone: 'mark' };
}

/** A day's budget as it was typed: dollars, empty for none. */
export function budgetOf(typed: string): { usd: number | null } | { error: string } {
  const text = typed.trim().replace(/^\$\s*/, '').replace(',', '.');
  if (text === '') return { usd: null };
  const usd = Number(text);
  return /^\d+(\.\d+)?$/.test(text) && Number.isFinite(usd) && usd <= 1e6 ? { usd } : { error: agentsText.anAmountInDollarsSuch };
}
