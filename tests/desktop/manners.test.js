//! What a good citizen of a desktop does: the window stands where it stood, links lead into it, a login starts it if it is to.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from './harness/app.js';
import { CUETOWER } from './harness/places.js';
import { until } from './harness/processes.js';
import { story } from './harness/story.js';

const QUIET = { keyring: false, notifications: false };

/** Where the window is on the screen, without its edge. */
function frame(desktop) {
  const [id] = desktop.visibleWindows('Cuetower');
  if (!id) return undefined;
  const told = desktop.run('xwininfo', ['-id', id], { may_fail: true });
  // It went while it was asked about.
  if (!told.includes('Height:')) return undefined;
  const number = (name) => Number(new RegExp(`${name}: +(-?\\d+)`).exec(told)[1]);
  return { x: number('Absolute upper-left X'), y: number('Absolute upper-left Y'), width: number('Width'), height: number('Height') };
}

const looks = (desktop, wanted) => JSON.stringify(frame(desktop)) === JSON.stringify(wanted);

/** Moves and sizes it as a hand does, and waits until it is so and remembered. */
async function put(desktop, app, { x, y, width, height }) {
  // Asked again until it is so: a window that the window manager is just taking in is nobody's for a blink, and forgets what it was told.
  await until('its size', () => {
    const [id] = desktop.visibleWindows('Cuetower');
    const now = id && frame(desktop);
    if (now?.width === width && now.height === height) return true;
    if (id) desktop.run('xdotool', ['windowsize', id, `${width}`, `${height}`], { may_fail: true });
    return false;
  });
  await until('its place', () => {
    const [id] = desktop.visibleWindows('Cuetower');
    const now = id && frame(desktop);
    // The edge that the window manager draws stands between what was asked for and what came of it.
    if (now && Math.abs(now.x - x) < 40 && Math.abs(now.y - y) < 40) return true;
    if (id) desktop.run('xdotool', ['windowmove', id, `${x}`, `${y}`], { may_fail: true });
    return false;
  });
  await until('a file that says so', () => {
    const kept = remembered(app);
    return kept.frame.width === width && kept.frame.height === height;
  });
  return frame(desktop);
}

/** A double click there makes the window as large as the screen, or as it was. */
async function twiceOnTheTitle(desktop) {
  // A window that is just being taken in by the window manager is gone for a blink.
  await desktop.painted('Cuetower');
  const { x, y } = await until('the window', () => frame(desktop));
  desktop.run('xdotool', ['mousemove', `${x + 200}`, `${y - 9}`, 'click', '--repeat', '2', '--delay', '40', '1']);
}

/** Asked again until it is so, as in `put`. */
async function minimise(desktop) {
  await until('an empty screen', () => {
    const [id] = desktop.visibleWindows('Cuetower');
    if (id) desktop.run('xdotool', ['windowminimize', id], { may_fail: true });
    return !id;
  });
}

const remembered = (app) => JSON.parse(readFileSync(join(app.data, 'window.json'), 'utf8'));

/** Asks the shell as the page does. */
const invoke = (page, command, more = {}) =>
  page.answer('const done = arguments[arguments.length - 1]; window.__TAURI_INTERNALS__.invoke(arguments[0], arguments[1]).then((value) => done({ value }), (refused) => done({ refused }))', command, more);

story('the window stands where it stood, as large as it was, and maximised if it was', QUIET, async (desktop, keep) => {
  const app = keep(await App.alone(desktop));
  await until('the window', () => frame(desktop));
  assert.deepEqual([frame(desktop).width, frame(desktop).height], [1280, 800], 'the first time');
  const wanted = await put(desktop, app, { x: 140, y: 90, width: 1000, height: 640 });
  await app.stop();

  // Twice, so that nothing creeps.
  for (const time of ['second', 'third']) {
    const next = keep(await App.alone(desktop));
    await until(`the place that it had, the ${time} time`, () => looks(desktop, wanted));
    await next.stop();
    assert.deepEqual([remembered(next).frame.width, remembered(next).frame.height], [1000, 640]);
  }

  const large = keep(await App.alone(desktop));
  await until('the window', () => looks(desktop, wanted));
  await twiceOnTheTitle(desktop);
  await until('a large window', () => frame(desktop)?.width === 1440);
  await until('a file that says so', () => remembered(large).maximised);
  assert.equal(remembered(large).frame.width, 1000, 'what it was before is not forgotten');
  await large.stop();
  const again = keep(await App.alone(desktop));
  await until('a large window again', () => frame(desktop)?.width === 1440);
  await twiceOnTheTitle(desktop);
  await until('the size of before', () => frame(desktop)?.width === 1000 && frame(desktop)?.height === 640);
  await again.stop();
});

story('a window that stood on a screen that is gone comes back to one that is there, and is never too small', QUIET, async (desktop, keep) => {
  const first = keep(await App.alone(desktop));
  await until('the window', () => frame(desktop));
  desktop.run('xdotool', ['windowsize', desktop.visibleWindows('Cuetower')[0], '300', '200']);
  await put(desktop, first, { x: 200, y: 100, width: 900, height: 600 });
  desktop.run('xdotool', ['windowsize', desktop.visibleWindows('Cuetower')[0], '300', '200']);
  await until('the least that it may be', () => frame(desktop).width === 860 && frame(desktop).height === 560);
  await first.stop();
  for (const kept of [{ x: 5000, y: 90, width: 1000, height: 640 }, { x: -980, y: -620, width: 1000, height: 640 }]) {
    writeFileSync(join(first.data, 'window.json'), JSON.stringify({ frame: kept, maximised: false }));
    const app = keep(await App.alone(desktop));
    const seen = await until('the window', () => frame(desktop));
    assert.ok(seen.x >= 0 && seen.y >= 0 && seen.x + seen.width <= 1442 && seen.y + seen.height <= 902, JSON.stringify(seen));
    await app.stop();
  }
  writeFileSync(join(first.data, 'window.json'), '{"frame":{"x":');
  const app = keep(await App.alone(desktop, ['--hidden']));
  assert.match(app.process.out, /what the window remembered is not readable/);
  assert.equal(frame(desktop), undefined, 'hidden is hidden');
});

story('a link leads a running window to its place, a hostile one to the board, and neither does anything', { keyring: false }, async (desktop, keep) => {
  const app = keep(await App.driven(desktop));
  const { page } = app;
  await page.says('h1', /Nothing is scheduled yet/);
  const definition = { name: 'nightly', transport: 'command', schedule: { type: 'manual' }, command: { argv: ['true'] } };
  const cue = app.call('cue_create', { definition });
  const { run_id } = app.call('cue_fire', { cue_id: cue.id, payload: null });
  const follow = async (link) => {
    const started = desktop.start(CUETOWER, ['--data', app.data, link]);
    assert.equal(await desktop.processes.end(started), 0, started.out);
  };
  const at = (hash) => until(hash, async () => (await page.hash()) === hash);

  await desktop.close('Cuetower');
  await follow(`cuetower://run/${run_id}`);
  await at(`#/run/${run_id}`);
  await until('the window', () => frame(desktop));
  await page.says('[data-testid="run-verdicts"]', /Delivered/);
  await page.painted();
  desktop.screen('30-run-from-link');
  await follow('cuetower://alerts');
  await at('#/alerts');
  await follow(`cuetower://cue/${cue.id}`);
  await at(`#/cue/${cue.id}`);
  await follow('cuetower://agent/lead%2Fscout');
  await at('#/agents/lead%2Fscout');

  const before = app.driver.out.length;
  for (const link of [`cuetower://gate/gate_1/approve`, `cuetower://fire/${cue.id}`, 'cuetower://run/%3Cscript%3E', `cuetower:--hidden`, `cuetower://run/${'x'.repeat(700)}`]) {
    await follow('cuetower://alerts');
    await at('#/alerts');
    await follow(link);
    await at('#/board');
  }
  await until('a word of each in the log', () => app.driver.out.slice(before).match(/a link was refused/g)?.length === 5);
  assert.equal(app.call('ledger', { cue_id: cue.id, before_ms: null, limit: 10 }).marks.length, 1, 'nothing was fired');
});

story('a link starts a tower that does not run, and its place is shown', QUIET, async (desktop, keep) => {
  const app = keep(await App.driven(desktop, ['--hidden', 'cuetower://alerts']));
  await until('its place', async () => (await app.page.hash()) === '#/alerts');
  await until('the window, although it was to be hidden', () => frame(desktop));
});

story('a login starts the tower if its owner says so, and what the system says is what the window shows', QUIET, async (desktop, keep) => {
  const app = keep(await App.driven(desktop));
  const { page } = app;
  const autostart = join(desktop.env.XDG_CONFIG_HOME, 'autostart');
  const ask = async () => (await invoke(page, 'desktop_settings')).value;
  const set = (change) => invoke(page, 'desktop_set', { change });
  assert.deepEqual((await ask()).start_at_login, { on: false, possible: true, why: null }, 'off until it is asked for');
  assert.equal(existsSync(autostart), false);

  const { value } = await set({ start_at_login: true });
  assert.equal(value.start_at_login.on, true);
  const [file] = desktop.run('ls', [autostart]).trim().split('\n');
  const entry = readFileSync(join(autostart, file), 'utf8');
  desktop.run('desktop-file-validate', [join(autostart, file)]);
  const exec = /^Exec=(.*)$/m.exec(entry)[1];
  assert.equal(exec, `"${CUETOWER}" "--listen" "127.0.0.1:0" "--desk" "127.0.0.1:0" "--data" "${app.data}" "--hidden"`);

  // The owner turns it off in the desktop's own settings.
  writeFileSync(join(autostart, file), entry.replace('enabled=true', 'enabled=false'));
  assert.equal((await ask()).start_at_login.on, false);
  writeFileSync(join(autostart, file), entry.replace(CUETOWER, '/opt/other/cuetower'));
  const other = (await ask()).start_at_login;
  assert.ok(!other.on && other.possible && other.why.includes('/opt/other/cuetower'), JSON.stringify(other));
  assert.equal((await set({ start_at_login: true })).value.start_at_login.on, true);

  // As a login does it: by a shell's words, with the tower that runs ended.
  assert.equal((await set({ start_at_login: false })).value.start_at_login.on, false);
  assert.equal(existsSync(join(autostart, file)), false);
  await set({ start_at_login: false });
  await app.stop();
  const login = desktop.start('sh', ['-c', `exec ${exec}`]);
  const started = keep(new App(desktop));
  await started.ready();
  assert.equal(frame(desktop), undefined, 'hidden');
  assert.equal(login.child.pid, started.pid);
});

story('links are opened with this tower if its owner says so', QUIET, async (desktop, keep) => {
  const app = keep(await App.driven(desktop));
  const { page } = app;
  const links = async () => (await invoke(page, 'desktop_settings')).value.links;
  assert.deepEqual(await links(), { registered: false, possible: true, why: null });
  const { value } = await invoke(page, 'desktop_set', { change: { links: true } });
  assert.deepEqual(value.links, { registered: true, possible: true, why: null });
  const file = desktop.run('xdg-mime', ['query', 'default', 'x-scheme-handler/cuetower']).trim();
  const applications = join(desktop.env.XDG_DATA_HOME, 'applications');
  desktop.run('desktop-file-validate', [join(applications, file)]);

  // As a browser does it.
  await page.says('h1', /Nothing is scheduled yet/);
  desktop.run('gio', ['open', 'cuetower://alerts']);
  await until('its place', async () => (await page.hash()) === '#/alerts');

  const off = (await invoke(page, 'desktop_set', { change: { links: false } })).value.links;
  assert.deepEqual(off, { registered: false, possible: true, why: null });
  assert.equal(existsSync(join(applications, file)), false);
  assert.doesNotMatch(readFileSync(join(desktop.env.XDG_CONFIG_HOME, 'mimeapps.list'), 'utf8'), /cuetower/);
});

story('a hot-key shows the window wherever the owner is, once it is set, and after a restart', QUIET, async (desktop, keep) => {
  const app = keep(await App.driven(desktop));
  const { page } = app;
  await page.says('h1', /Nothing is scheduled yet/);
  const hotkeys = async () => (await invoke(page, 'desktop_settings')).value.hotkeys;
  assert.deepEqual(await hotkeys(), { show_window: null, next_gate: null, possible: true, why: null }, 'none until one is set');
  const set = (hotkeys) => invoke(page, 'desktop_set', { change: { hotkeys } });
  assert.equal((await set({ show_window: 'Shift+C' })).refused.field, 'hotkeys.show_window');
  const { value } = await set({ show_window: 'ctrl+alt+c', next_gate: 'Ctrl+Alt+G' });
  assert.deepEqual(value.hotkeys, { show_window: 'Ctrl+Alt+C', next_gate: 'Ctrl+Alt+G', possible: true, why: null });
  assert.match((await set({ next_gate: 'Ctrl+Alt+C' })).refused.message, /Ctrl\+Alt\+C does something else here already/);
  // Nothing of a change is made of which a part is refused.
  assert.equal((await set({ show_window: 'Ctrl+Alt+K', next_gate: 'G' })).refused.field, 'hotkeys.next_gate');
  assert.deepEqual(await hotkeys(), value.hotkeys);
  const swapped = await set({ show_window: 'Ctrl+Alt+G', next_gate: 'Ctrl+Alt+C' });
  assert.deepEqual(swapped.value.hotkeys, { ...value.hotkeys, show_window: 'Ctrl+Alt+G', next_gate: 'Ctrl+Alt+C' });
  await set({ show_window: 'Ctrl+Alt+C', next_gate: 'Ctrl+Alt+G' });

  await minimise(desktop);
  desktop.run('xdotool', ['key', 'ctrl+alt+c']);
  await until('the window', () => frame(desktop));
  await minimise(desktop);
  desktop.run('xdotool', ['key', 'ctrl+alt+g']);
  await until('the questions', async () => (await page.hash()) === '#/gates' && frame(desktop));

  await set({ next_gate: null });
  await app.stop();
  const again = keep(await App.driven(desktop));
  await again.page.says('h1', /Nothing is scheduled yet/);
  const kept = (await invoke(again.page, 'desktop_settings')).value.hotkeys;
  assert.deepEqual([kept.show_window, kept.next_gate], ['Ctrl+Alt+C', null]);
  await minimise(desktop);
  desktop.run('xdotool', ['key', 'ctrl+alt+c']);
  await until('the window', () => frame(desktop));
});

story('what the page makes is saved where its owner says', QUIET, async (desktop, keep) => {
  const app = keep(await App.driven(desktop));
  const { page } = app;
  await page.says('h1', /Nothing is scheduled yet/);
  const save = (name, text) =>
    page.script('window.saved = undefined; window.__TAURI_INTERNALS__.invoke("save_file", { name: arguments[0], text: arguments[1] }).then((path) => (window.saved = { path }), (refused) => (window.saved = { refused }))', name, text);
  const saved = () => until('word of it', async () => page.script('return window.saved'));
  const dialog = () => until('the dialog', () => desktop.visibleWindows('^Save$')[0]);

  await save('../costs.csv', 'day;usd\n');
  await dialog();
  await desktop.painted('^Save$');
  desktop.screen('31-save');
  await desktop.typeInto('^Save$', ['key', 'Escape']);
  assert.deepEqual(await saved(), { path: null }, 'the owner thought better of it');

  await save('../costs.csv', 'day;usd\n');
  await dialog();
  await desktop.painted('^Save$');
  const path = join(desktop.folder, 'costs of november.csv');
  await desktop.typeInto('^Save$', ['key', 'ctrl+a', 'type', path]);
  desktop.run('xdotool', ['key', 'Return']);
  assert.deepEqual(await saved(), { path });
  assert.equal(readFileSync(path, 'utf8'), 'day;usd\n');
});
