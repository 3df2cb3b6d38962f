//! A day in seven minutes: a real tower whose clock hurries from yesterday afternoon to now, with real agents, and an owner who answers.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from '@playwright/test';
import { Tower } from '../../support/tower';
import type { Known } from '../screens';
import { AGENTS, cuesOf, FOLDER, FUSES, KEYS, POOLS, SECRETS } from './fleet';
import type { Ask } from './owner';
import type { Plan } from './plan';

/** Its files are in memory where that can be: a disk that takes its time is a tower that stalls, a hundred times over. */
const MEMORY = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const SCRIPTS = resolve(dirname(fileURLToPath(import.meta.url)), 'agents');
const MINUTE = 60_000;

interface Mark {
  cue_id: string;
  run_id: string | null;
  due_ms: number;
  confirmed: string;
}
interface Gate {
  id: string;
  cue_name: string | null;
  title: string;
  shown: string;
  asked_at_ms: number;
  put_off_until_ms: number | null;
}

export class Day {
  readonly plan: Plan;
  readonly tower: Tower;
  readonly #ask: Ask;
  readonly #home: string;
  readonly #desk: ChildProcess;
  readonly #exchange: Server;
  /** The tower's clock is the real one. */
  readonly #caughtUp: Promise<void>;

  private constructor(plan: Plan, tower: Tower, ask: Ask, home: string, desk: ChildProcess, exchange: Server, caughtUp: Promise<void>) {
    this.plan = plan;
    this.tower = tower;
    this.#ask = ask;
    this.#home = home;
    this.#desk = desk;
    this.#exchange = exchange;
    this.#caughtUp = caughtUp;
  }

  /** Starts tower and agents and gives the tower its fleet; the day runs by itself from then on, but for its owner (`live`). `enter`: comes in as the owner. */
  static async begin(plan: Plan, enter: (tower: Tower) => Promise<Ask>): Promise<Day> {
    const home = await mkdtemp(join(MEMORY, 'cuetower-day-'));
    const folder = join(home, FOLDER);
    const laid = join(home, 'day.json');
    await cp(SCRIPTS, join(folder, 'agents'), { recursive: true });
    const exchange = createServer((line) => line.on('error', () => undefined));
    await new Promise<void>((up) => exchange.listen(0, '127.0.0.1', up));
    const clock = JSON.stringify({ from_ms: plan.from_ms, speed: plan.speed, asleep: plan.asleep });
    const tower = await Tower.start([], { CUETOWER_CLOCK: clock, CUETOWER_DAY: laid, HOME: home, TZ: plan.zone, PYTHONDONTWRITEBYTECODE: '1' }, MEMORY);
    try {
      const ask = await enter(tower);
      await writeFile(laid, JSON.stringify({ ...plan, folder }));
      const ticks = tick(ask, `${laid}.clock`);
      await ticks.first;
      const [desk, hooks] = await startDesk(tower, laid, plan.zone);
      const day = new Day(plan, tower, ask, home, desk, exchange, ticks.caughtUp);
      await day.#furnish(hooks);
      return day;
    } catch (error) {
      exchange.close();
      await tower.stop();
      throw error;
    }
  }

  async #furnish(hooks: string): Promise<void> {
    const ask = this.#ask;
    for (const name of SECRETS) await ask('secret_set', { name, value: `not shown, of ${name.toLowerCase()}` });
    for (const pool of POOLS) await ask('pool_set', pool);
    const exchange = `127.0.0.1:${(this.#exchange.address() as AddressInfo).port}`;
    for (const definition of cuesOf({ plan: this.plan, hooks, exchange })) {
      const cue = await ask<{ id: string; name: string }>('cue_create', { definition });
      if (cue.name === 'price-watch') await ask('cue_fire', { cue_id: cue.id, payload: null });
    }
    await ask('fuses_set', FUSES);
    for (const key of KEYS) await ask('key_add', key);
    const channel = { on: true, kinds: [], escalation: false, routing_key: null, token: null, smtp: null };
    await ask('channel_set', { ...channel, name: 'phone', kind: 'ntfy', min_severity: 'critical', url: `${hooks}/northpeak-7f2` });
    await ask('channel_set', { ...channel, name: 'team', kind: 'webhook', min_severity: 'warning', url: `${hooks}/alerts` });
  }

  /** What the owner does, until the tower's clock is the real one: fires what is to be rehearsed and answers what is asked. */
  async live(): Promise<void> {
    const ask = this.#ask;
    const { stories, from_ms } = this.plan;
    let over = false;
    const ends = () => (over = true);
    this.#caughtUp.then(ends, ends);
    const watched = new Set<string>();
    let rehearsed = false;
    while (!over) {
      const { now_ms } = await ask<{ now_ms: number }>('tower_status');
      if (!rehearsed && now_ms >= (stories['rehearsed'] ?? 0)) {
        const { cues } = await ask<{ cues: { id: string; name: string }[] }>('board', { from_ms, to_ms: now_ms });
        await ask('cue_fire', { cue_id: cues.find((cue) => cue.name === 'dunning-emails')?.id, payload: null });
        rehearsed = true;
      }
      if (watched.size < AGENTS.length) await watch(ask, watched);
      await this.#answer(now_ms);
      await new Promise((done) => setTimeout(done, 200));
    }
    await this.#caughtUp;
  }

  async #answer(now_ms: number): Promise<void> {
    const ask = this.#ask;
    const { stories } = this.plan;
    const { waiting } = await ask<{ waiting: Gate[] }>('gates', { limit: 20, settled: false });
    for (const gate of waiting) {
      if (gate.put_off_until_ms !== null) continue;
      const answer = (word: string, more: Record<string, unknown> = {}) => ask('gate_answer', { gate_id: gate.id, shown: gate.shown, answer: word, ...more });
      const of = (story: string) => Math.abs(gate.asked_at_ms - (stories[story] ?? 0)) < 50 * MINUTE;
      if (gate.cue_name === 'pipeline-report') await answer('approve');
      else if (gate.cue_name === 'refund-requests') {
        if (of('refund_denied')) await answer('deny', { comment: 'The order was delivered, the carrier has a photo.' });
        else if (of('refund_later')) await ask('gate_put_off', { gate_id: gate.id, minutes: Math.round(((stories['later_until'] ?? 0) - now_ms) / MINUTE) });
        else await answer('approve');
      } else if (gate.cue_name === 'dunning-emails' && !of('dunning')) {
        const story = await ask<{ payload: string }>('gate_get', { gate_id: gate.id });
        const { reminders } = JSON.parse(story.payload) as { reminders: unknown[] };
        await answer('edit', { payload: { reminders: reminders.slice(0, -2) } });
      }
    }
  }

  /** Everything that is to be pictured, by its ids; waits until the last of it is there. */
  async known(): Promise<Known> {
    const ask = this.#ask;
    const { stories, from_ms } = this.plan;
    let seen: Known = { runs: {}, cues: {}, gate: '' };
    await expect
      .poll(
        async () => {
          const board = await ask<{ cues: { id: string; name: string }[]; marks: Mark[] }>('board', { from_ms, to_ms: Date.now() });
          const { waiting } = await ask<{ waiting: Gate[] }>('gates', { limit: 10, settled: false });
          const cues = Object.fromEntries(board.cues.map((cue) => [cue.name, cue.id]));
          const of = (name: string) => board.marks.filter((mark) => mark.cue_id === cues[name] && mark.run_id !== null).sort((a, b) => b.due_ms - a.due_ms);
          const run = (name: string, state: string) => of(name).find((mark) => mark.confirmed === state)?.run_id;
          const runs = { refuted: run('score-new-leads', 'refuted'), confirmed: run('score-new-leads', 'confirmed'), failed: run('receipt-sort', 'failed'), silent: run('triage-inbox', 'silent'), gate: run('dunning-emails', 'gate'), stopped: run('reconcile-invoices', 'stopped') };
          seen = { cues, runs: Object.fromEntries(Object.entries(runs).filter((entry): entry is [string, string] => entry[1] !== undefined)), gate: waiting.find((gate) => gate.cue_name === 'dunning-emails' && gate.asked_at_ms > (stories['dunning'] ?? 0) - MINUTE)?.id ?? '' };
          return [...Object.keys(runs).filter((state) => seen.runs[state] === undefined), ...(seen.gate ? [] : ['the question'])];
        },
        { timeout: 60_000, intervals: [1_000] }
      )
      .toEqual([]);
    return seen;
  }

  /** Agents outlive their tower: those that still work are stopped first. */
  async end(): Promise<void> {
    const { cues } = await this.#ask<{ cues: { id: string }[] }>('board', { from_ms: this.plan.from_ms, to_ms: Date.now() });
    for (const { id } of cues) await this.#ask('cue_delete', { cue_id: id });
    this.#desk.stdin?.end();
    await this.tower.stop();
    this.#exchange.close();
    await rm(this.#home, { recursive: true, force: true });
  }
}

/** Says what is expected of each agent, once it has beaten. That market-watch stands still is told by its cue. */
async function watch(ask: Ask, watched: Set<string>): Promise<void> {
  const { agents } = await ask<{ agents: { name: string; last_beat_ms: number | null }[] }>('agents');
  for (const { name, last_beat_ms } of agents) {
    if (last_beat_ms === null || watched.has(name)) continue;
    const stands = name === 'market-watch';
    await ask('agent_watch', { name, account: null, interval_seconds: 300, grace_seconds: 3600, progress_within_seconds: stands ? 900 : null, alert: !stands });
    watched.add(name);
  }
}

/** Tells the agents what the tower's clock shows, until it is the real one. */
function tick(ask: Ask, file: string): { first: Promise<void>; caughtUp: Promise<void> } {
  const once = async (): Promise<boolean> => {
    const { now_ms } = await ask<{ now_ms: number }>('tower_status');
    const at_ms = Date.now();
    const caught_up = at_ms - now_ms < 1_000;
    await writeFile(`${file}.new`, JSON.stringify({ now_ms, at_ms, caught_up }));
    await rename(`${file}.new`, file);
    return caught_up;
  };
  const first = once();
  const caughtUp = first.then(async () => {
    while (!(await once())) await new Promise((done) => setTimeout(done, 60));
  });
  return { first: first.then(() => undefined), caughtUp };
}

/** The agents behind web hooks, and those that fetch their work: they are there before the first due time. */
async function startDesk(tower: Tower, laid: string, zone: string): Promise<[ChildProcess, string]> {
  const env = { PATH: process.env['PATH'] ?? '', TZ: zone, PYTHONDONTWRITEBYTECODE: '1', CUETOWER_DAY: laid, CUETOWER_URL: tower.ready.agents, CUETOWER_KEY: tower.ready.key };
  const desk = spawn(process.env['CUETOWER_PYTHON'] ?? 'python3', [join(SCRIPTS, 'desk.py')], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const hooks = await new Promise<string>((up, failed) => {
    if (desk.stdout) createInterface({ input: desk.stdout }).once('line', up);
    desk.once('close', (code) => failed(new Error(`the agents' desk ended with ${code}`)));
  });
  return [desk, hooks];
}
