//! A real tower, started for one test and stopped after it.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { BINARIES } from './places';

interface Ready {
  /** Where agents report. */
  agents: string;
  /** Opens the window in one browser, once. */
  desk: string;
  /** An agent's key. */
  key: string;
}

type Environment = Readonly<Record<string, string>>;

interface Up {
  process: ChildProcess;
  exited: Promise<void>;
  ready: Ready;
}

export class Tower {
  ready: Ready;
  /** It was down, on purpose, at some time. */
  stopped = false;
  #up: Up;
  readonly #data: string;

  readonly #flags: readonly string[];
  readonly #env: Environment;

  private constructor(data: string, flags: readonly string[], env: Environment, up: Up) {
    this.#data = data;
    this.#flags = flags;
    this.#env = env;
    this.#up = up;
    this.ready = up.ready;
  }

  /** Starts on free ports, with a data folder of its own and with these flags of `serve`, and waits until it says that it is up. `env`: beside what this process has. `below`: where that folder is. */
  static async start(flags: readonly string[] = [], env: Environment = {}, below = tmpdir()): Promise<Tower> {
    const data = await mkdtemp(join(below, 'cuetower-ui-'));
    return new Tower(data, flags, env, await Tower.#launch(data, '127.0.0.1:0', flags, env));
  }

  /** The same on a store that is there already, and stays (`down`). */
  static async on(data: string, flags: readonly string[] = []): Promise<Tower> {
    return new Tower(data, flags, {}, await Tower.#launch(data, '127.0.0.1:0', flags, {}));
  }

  static async #launch(data: string, desk: string, flags: readonly string[], env: Environment): Promise<Up> {
    const args = ['serve', '--data', data, '--listen', '127.0.0.1:0', '--desk', desk, '--vault', 'memory', '--no-notifications', '--ready-json', ...flags];
    const child = spawn(join(BINARIES, 'cuetowerctl'), args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let log = '';
    child.stderr.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-8000)));
    const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
    const failed = new Promise<never>((_, reject) => {
      child.once('error', (error) => reject(new Error(`cuetowerctl could not be started from ${BINARIES}: ${error.message}`)));
      child.once('close', (code) => reject(new Error(`the tower ended before it was up (exit code ${code}):\n${log}`)));
    });
    // Only the start waits for it; a later end is the test's own.
    failed.catch(() => undefined);
    const line = new Promise<string>((resolve) => createInterface({ input: child.stdout }).once('line', resolve));
    const ready = JSON.parse(await Promise.race([line, failed])) as Ready;
    return { process: child, exited, ready };
  }

  /** The owner's door, without the ticket. */
  get origin(): string {
    return new URL(this.ready.desk).origin;
  }

  /** Ends it without a warning. */
  async crash(): Promise<void> {
    this.stopped = true;
    this.#up.process.kill('SIGKILL');
    await this.#up.exited;
  }

  /** Starts it again with its data, on the same owner's door. */
  async comeBack(): Promise<void> {
    this.#up = await Tower.#launch(this.#data, new URL(this.ready.desk).host, this.#flags, this.#env);
    this.ready = this.#up.ready;
  }

  /** Ends it in good order; its data stay. */
  async down(): Promise<void> {
    this.stopped = true;
    this.#up.process.kill('SIGTERM');
    await this.#up.exited;
  }

  async stop(): Promise<void> {
    await this.down();
    await rm(this.#data, { recursive: true, force: true });
  }
}
