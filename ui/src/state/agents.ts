//! Agents as their screen shows them: order, counts, figures and sentences. Pure.
import { MARKS, type Family, type Tone } from '../glyphs';
import { atMost, number } from '../locale';
import * as agentsText from '../text/agents';
import * as boardText from '../text/board';
import { ago, lasting, MINUTE, money, SECOND } from '../time';
import type { AgentCommandView, AgentRef, AgentView, BeatView, RunUsage } from '../wire';
import { markOfRun, type Busy, type Fleet } from './fleet';

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

/** Those that no run of a cue says, and that are wrong. */
const UNWELL: ReadonlySet<string> = new Set(['stuck', 'late', 'error']);

/** What the board says above the cues of an agent, or of several with one name: a question first, then what is wrong with it, then what runs, then how it beats. */
export function standsOnBoard(named: readonly Pick<AgentView, 'state' | 'no_progress_since_ms' | 'lost_since_ms'>[], busy: Busy): Standing {
  const states = named.map(stateOf);
  const unwell = states.find((state) => UNWELL.has(state));
  if (busy.asks === 0 && unwell !== undefined) return { v: 'A', ...faceOf(unwell) };
  return busy.asks === 0 && busy.runs === 0 && states.includes('working') ? { v: 'A', ...faceOf('working') } : standingOf(busy);
}

const NOTHING_STANDS: ReadonlyMap<string, number> = new Map();

/** Since when live runs have not got on, by their id. */
export function standsOf(agents: readonly Pick<AgentView, 'run_id' | 'no_progress_since_ms'>[]): ReadonlyMap<string, number> {
  const stands = agents.flatMap((agent) => (agent.run_id !== null && agent.no_progress_since_ms !== null ? [[agent.run_id, agent.no_progress_since_ms] as const] : []));
  return stands.length === 0 ? NOTHING_STANDS : new Map(stands);
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

/** So many agents that stand alike. */
export interface Count {
  v: Family;
  state: string;
  words: string;
  tone: Tone;
}

/** What agents can be, best first. Those that never beat stand as their cues do. */
const STANDS: readonly { v: Family; state: string; words: (n: number) => string }[] = [
  ...['working', 'alive'].map((state) => ({ v: 'A' as const, state, words: (n: number) => `${n} ${faceOf(state).word.toLowerCase()}` })),
  { v: 'C', state: 'working', words: agentsText.running },
  { v: 'C', state: 'gate', words: agentsText.atAGate },
  { v: 'P', state: 'idle', words: agentsText.idle },
  ...['stuck', 'late'].map((state) => ({ v: 'A' as const, state, words: (n: number) => `${n} ${faceOf(state).word.toLowerCase()}` })),
  { v: 'A', state: 'error', words: agentsText.withAnError },
  { v: 'A', state: 'stopped', words: (n) => `${n} ${faceOf('stopped').word.toLowerCase()}` },
  { v: 'A', state: 'unseen', words: agentsText.withoutBeats }
];

/** "1 working", "6 idle": what there is of each. */
export function countsOf(standing: readonly Standing[]): Count[] {
  return STANDS.flatMap(({ v, state, words }) => {
    const alike = standing.filter((one) => one.v === v && one.state === state);
    return alike.length === 0 ? [] : [{ v, state, words: words(alike.length), tone: alike[0]?.tone ?? 'mark' }];
  });
}

/** Who leaks, in amber; and in quiet words that nobody does, and that nobody only looks alive, as far as beats tell of it. */
export function healthOf(agents: readonly AgentView[]): { leaks: string | null; well: string } {
  const rising = agents.filter((agent) => agent.memory_rise !== null);
  const leaking = rising.length;
  const progresses = agents.some((agent) => agent.progress_at_ms !== null) && !agents.some((agent) => stateOf(agent) === 'stuck');
  const flat = leaking === 0 && agents.some((agent) => agent.memory_mb !== null);
  return { leaks: leaking === 0 ? null : leaking === 1 ? agentsText.leaksMemory(rising[0]?.name ?? '') : agentsText.leak(leaking), well: [progresses ? agentsText.nobodyOnlyLooksAlive : '', flat ? agentsText.nobodyLeaks : ''].filter((words) => words !== '').join(', ') };
}

/** An attempt of which the tower sees what its processes need. */
export interface Measured {
  run_id: string;
  number: number;
}

/** The live runs of agents that tell nothing of their memory, where the tower itself started them. */
export function measurable(agents: readonly AgentView[], fleet: Fleet): Measured[] {
  return agents.flatMap((agent) => {
    if (agent.memory_mb !== null || agent.run_id === null) return [];
    const mark = markOfRun(fleet, agent.run_id);
    return mark !== undefined && mark.attempts > 0 && fleet.cues.get(mark.cue_id)?.transport === 'command' ? [{ run_id: agent.run_id, number: mark.attempts }] : [];
  });
}

/** As it was seen last, in MB; null: not measured so far. */
export function newestMb(usage: Pick<RunUsage, 'samples'>): number | null {
  const newest = usage.samples[usage.samples.length - 1];
  return newest === undefined ? null : newest.rss_bytes / 1_000_000;
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

type Paced = Pick<AgentView, 'tokens' | 'pulse' | 'usual_gap_ms'>;

/** Tokens of the minutes that are over, as a line draws them: nothing before its first beat of that hour. Null when no beat told of any, or none is to be compared with another. */
export function tokensLine(agent: Paced & Pick<AgentView, 'tokens_today' | 'last_beat_ms'>): readonly (number | null)[] | null {
  if (agent.last_beat_ms === null || hasNoRate(agent) || (agent.tokens_today === 0 && agent.tokens.every((n) => n === 0))) return null;
  const first = wholeFrom(agent);
  return fullMinutes(agent.tokens).map((n, i) => (i < first ? null : n));
}

/** The first minute of the hour that says what a minute uses: one in which it only began looks like a fall. Of those that beat seldom each beat speaks for all the time before it. */
export function wholeFrom({ pulse, usual_gap_ms }: Pick<AgentView, 'pulse' | 'usual_gap_ms'>): number {
  const first = pulse.findIndex((n) => n > 0);
  return first > 0 ? first + (usual_gap_ms !== null && usual_gap_ms < MINUTE ? 1 : 0) : 0;
}

/** The minutes that are over: the last one has only begun, and would look like a fall. */
export function fullMinutes(minutes: readonly number[]): readonly number[] {
  return minutes.slice(0, -1);
}

/** Tokens a minute of late: over its last ten full minutes. */
export function tokensLately(agent: Paced): number {
  const last = lately(agent);
  return last.length === 0 ? 0 : last.reduce((sum, n) => sum + n, 0) / last.length;
}

function lately(agent: Paced): readonly number[] {
  return fullMinutes(agent.tokens).slice(wholeFrom(agent)).slice(-LATELY_MIN);
}

/** True until two of its beats and a minute that is over are known: what one beat says was used since nobody knows when. */
export function hasNoRate({ pulse, usual_gap_ms }: Pick<AgentView, 'pulse' | 'usual_gap_ms'>): boolean {
  if (wholeFrom({ pulse, usual_gap_ms }) >= fullMinutes(pulse).length) return true;
  // Of those that beat seldom the usual gap is known: several beats are.
  if (usual_gap_ms !== null) return false;
  return pulse.reduce((sum, n) => sum + n, 0) < 2 || fullMinutes(pulse).every((n) => n === 0);
}

/** For ears and for the pointer. */
export function tokensWords(agent: Paced): string {
  const { tokens } = agent;
  const total = tokens.reduce((sum, n) => sum + n, 0);
  if (total > 0 && hasNoRate(agent)) return agentsText.noRateYet;
  return total === 0 ? agentsText.noTokensInTheLast : agentsText.tokensAMinuteOver(grouped(tokensLately(agent)), lately(agent).length, grouped(Math.max(...tokens)));
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
export function isUnusual(agent: Paced & Pick<AgentView, 'tokens_usual' | 'state' | 'no_progress_since_ms' | 'lost_since_ms'>): boolean {
  if (agent.tokens_usual === null || hasNoRate(agent)) return false;
  const rate = tokensLately(agent);
  return rate > agent.tokens_usual[1] * 1.5 || (rate === 0 && agent.tokens_usual[0] > 0 && stateOf(agent) === 'stuck');
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
