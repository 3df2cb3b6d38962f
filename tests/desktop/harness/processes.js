//! Programs that are started for a test, each in a process group of its own, and ended after it whatever happens.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** In the environment of everything that is started, so that whatever leaves its group is found too. */
const MARK = 'CUETOWER_DESKTOP_TEST';

/** Asks until the answer is truthy, and gives it. The last error is told when time is up. */
export async function until(what, ask, { limit_ms = 15_000, every_ms = 50 } = {}) {
  const end = performance.now() + limit_ms;
  let last;
  for (;;) {
    try {
      const answer = await ask();
      if (answer) return answer;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > end) throw new Error(`waited ${limit_ms} ms in vain for ${what}`, { cause: last });
    await sleep(every_ms);
  }
}

/** The programs of one test. */
export class Processes {
  #mark = `${process.pid}-${Math.random().toString(36).slice(2)}`;
  #children = [];

  /** Starts a program. What it says is kept in `out`, both streams in order. `fd3` gets a pipe at descriptor 3. */
  start(program, args, { env, input, fd3 = false } = {}) {
    const stdio = [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', ...(fd3 ? ['pipe'] : [])];
    const child = spawn(program, args, { env: { ...env, [MARK]: this.#mark }, detached: true, stdio });
    const started = { name: program.split('/').at(-1), child, out: '', fd3: '', ended: false, code: null };
    child.on('error', (error) => {
      started.out += `${error}\n`;
      started.ended = true;
    });
    // Not `close`: a child of the program may hold its output open for longer.
    child.on('exit', (code, signal) => {
      started.ended = true;
      started.code = code ?? signal;
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => (started.out += text));
    }
    if (fd3) child.stdio[3].setEncoding('utf8').on('data', (text) => (started.fd3 += text));
    if (input !== undefined) child.stdin.end(input);
    this.#children.push(started);
    return started;
  }

  /** Waits for it to end; gives its exit code, or the signal that ended it. */
  async end(started, limit_ms = 10_000) {
    await until(`${started.name} to end`, () => started.ended, { limit_ms });
    return started.code;
  }

  /** Runs a program to its end and gives what it printed. It must succeed, unless `may_fail`. */
  run(program, args, { env, input, may_fail = false, limit_ms = 10_000 } = {}) {
    const done = spawnSync(program, args, { env: { ...env, [MARK]: this.#mark }, input, encoding: 'utf8', timeout: limit_ms });
    if (!may_fail && (done.error || done.status !== 0)) {
      throw new Error(`\`${program} ${args.join(' ')}\` failed: ${done.error ?? done.stderr}`);
    }
    return done.stdout ?? '';
  }

  /** Every program that was started, with its name and what it said. */
  all() {
    return this.#children;
  }

  /** The last lines of every program, for whoever looks into a failure. */
  lastWords() {
    return this.#children.map(({ name, out }) => `---- ${name}\n${out.split('\n').slice(-25).join('\n')}`).join('\n');
  }

  /** Ends everything, the latest first. Gives the names of those that had left their group, which a tidy program does not. */
  async endAll() {
    for (const { child, ended } of this.#children.toReversed()) {
      if (!ended) signalGroup(child.pid, 'SIGTERM');
    }
    const gone = () => this.#children.every((started) => started.ended);
    await until('all to end', gone, { limit_ms: 3_000 }).catch(() => undefined);
    for (const { child } of this.#children) signalGroup(child.pid, 'SIGKILL');
    await until('the last to end', gone, { limit_ms: 5_000 });
    const left = await until('strays to end', () => (this.#strays().length === 0 ? [] : undefined), { limit_ms: 2_000 }).catch(() => this.#strays());
    for (const { pid } of left) signal(pid, 'SIGKILL');
    return left.map(({ pid, line }) => `${line} (${pid})`);
  }

  #strays() {
    const wanted = `${MARK}=${this.#mark}`;
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => {
        try {
          if (!readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(wanted)) return [];
          return [{ pid: Number(pid), line: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() }];
        } catch {
          return []; // Ended meanwhile.
        }
      });
  }
}

export function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

function signalGroup(pid, name) {
  if (pid !== undefined) signal(-pid, name);
}
