//! `cargo xtask bench window`: Cuetower's window beside an empty one of Tauri's, in turns, on the same desktop: how long until
//! there is something to see, and how much memory it takes with the board open and nothing to do. Measures, and never judges.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Desktop } from '../harness/desktop.js';
import { BINARIES, CUETOWER, CUETOWERCTL } from '../harness/places.js';
import { signal, until } from '../harness/processes.js';
import { memory } from './memory.js';
import { Screen } from './screen.js';

const EMPTY = join(BINARIES, 'examples/empty_window');
const TIMES = Number(process.env.CUETOWER_BENCH_TIMES ?? 5);
/** After the start; then all is drawn, its caches are made and its first garbage is gone. */
const IDLE_MS = 15_000;
const CUES = 12;
const RUNS = 5;
/** How large the window is, without its edge. */
const WINDOW = { width: 1280, height: 800 };
const GOALS = { ms: 1.3, mb: 1.35 };

const json = process.argv.includes('--json');

/** A board with something on it: cues with a few runs each, all of them over. */
async function fill(desktop, data) {
  const call = (command, request = {}) => JSON.parse(desktop.run(CUETOWERCTL, ['--data', data, 'call', command, JSON.stringify(request)]));
  const tower = desktop.start(CUETOWERCTL, ['--data', data, 'serve', '--listen', '127.0.0.1:0', '--desk', '127.0.0.1:0', '--vault', 'memory', '--no-notifications']);
  await until('the tower', () => call('tower_status'));
  for (let number = 0; number < CUES; number++) {
    const definition = { name: `cue-${String(number).padStart(2, '0')}`, transport: 'command', schedule: { type: 'manual' }, command: { argv: ['true'] }, confirm: 'exit_code' };
    const { id } = call('cue_create', { definition });
    for (let run = 0; run < RUNS; run++) {
      const { run_id } = call('cue_fire', { cue_id: id, payload: null });
      await until('its end', () => call('run_get', { run_id }).attempts[0]?.ended_at_ms);
    }
  }
  signal(tower.child.pid, 'SIGTERM');
  await desktop.processes.end(tower, 20_000);
}

/** Starts a program, waits until it is at rest, and ends it. */
async function measure(desktop, screen, title, program, args) {
  const begun_ms = performance.now();
  const started = desktop.start(program, args);
  const place = { x: (screen.width - WINDOW.width) / 2, y: (screen.height - WINDOW.height) / 2, ...WINDOW };
  const { at_ms, drawn } = await screen.drawn_ms(place, begun_ms, () => performance.now() - begun_ms > IDLE_MS);
  await until(`the window ${title}`, () => desktop.visibleWindows(title).length === 1);
  const parts = memory(started.child.pid);
  const name = `bench ${title}`;
  desktop.screen(name);
  signal(started.child.pid, 'SIGTERM');
  await desktop.processes.end(started, 20_000);
  return { at_ms, drawn, parts, mb: parts.reduce((sum, { pss_mb }) => sum + pss_mb, 0) };
}

const median = (numbers) => numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)];

function tell(figure, unit, ours, empty, goal) {
  const ratio = ours / empty;
  const words = { bench: 'window', figure, value: ours, unit, baseline: empty, baseline_is: 'an empty window', ratio, goal_ratio: goal, reached: ratio <= goal };
  if (json) console.log(JSON.stringify(words));
  else console.log(`window       ${figure.padEnd(52)} ${ours.toFixed(0).padStart(10)} ${unit}   ${ratio.toFixed(2)} x an empty window (${empty.toFixed(0)} ${unit})   goal ${goal} x ${words.reached ? 'reached' : 'MISSED'}`);
}

const desktop = await Desktop.start({ keyring: false, notifications: false, seen: true });
try {
  const screen = new Screen(desktop.seen, 1440, 900);
  const data = join(desktop.folder, 'data');
  await fill(desktop, data);
  const kept = join(desktop.folder, 'empty');
  mkdirSync(kept);
  const doors = ['--listen', '127.0.0.1:0', '--desk', '127.0.0.1:0', '--vault', 'memory', '--no-notifications'];
  const found = { ours: [], empty: [] };
  // The first of each warms the disk's cache and counts for nothing.
  for (let time = 0; time <= TIMES; time++) {
    const empty = await measure(desktop, screen, 'Empty', EMPTY, [kept]);
    const ours = await measure(desktop, screen, 'Cuetower', CUETOWER, ['--data', data, ...doors]);
    if (time === 0) continue;
    found.empty.push(empty);
    found.ours.push(ours);
  }
  screen.close();
  const of = (which, what) => median(found[which].map((one) => one[what]));
  tell('start to nine tenths of what is drawn', 'ms', of('ours', 'at_ms'), of('empty', 'at_ms'), GOALS.ms);
  tell('memory at rest with the board open (PSS, all processes)', 'MB', of('ours', 'mb'), of('empty', 'mb'), GOALS.mb);
  if (!json) {
    for (const which of ['ours', 'empty']) {
      const parts = found[which].at(-1).parts.map(({ name, pss_mb, own_mb }) => `${name} ${pss_mb.toFixed(0)} (own ${own_mb.toFixed(0)})`);
      console.log(`${''.padEnd(13)}${which}: ${parts.join(', ')} MB; starts ${found[which].map(({ at_ms }) => at_ms.toFixed(0)).join(' ')} ms; ${(found[which].at(-1).drawn * 100).toFixed(1)} % is drawn`);
    }
  }
} finally {
  await desktop.stop();
}
