//! The window and the tower are two things: one can be closed without the other, and a second start is not a second tower.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from './harness/app.js';
import { CUETOWER } from './harness/places.js';
import { story } from './harness/story.js';
import { until } from './harness/processes.js';

const window = (desktop) => desktop.visibleWindows('Cuetower').length;

story('closing the window leaves the tower running, and a second start brings it back', { keyring: false }, async (desktop, keep) => {
  const app = keep(await App.alone(desktop));
  await until('the window', () => window(desktop) === 1);
  assert.equal(desktop.shown(), 0);

  await desktop.close('Cuetower');
  await until('word that the tower keeps running', () => desktop.notifications.out.includes('Cuetower keeps running'));
  desktop.screen('10-window-closed');
  assert.equal(app.call('tower_status').paused, false, 'the tower answers');
  assert.ok((await fetch(`${app.agents}/health`)).ok, 'agents are heard');

  const second = app.again();
  assert.equal(await app.desktop.processes.end(second), 0, second.out);
  await until('the window to be back', () => window(desktop) === 1);
  await desktop.painted('Cuetower');
  desktop.screen('11-window-back');

  await app.stop();
  assert.equal(await desktop.processes.end(app.process), 0, 'it ends well when it is asked to');
  assert.match(app.process.out, /the tower has stopped/, 'and in order');
});

story('started hidden it shows no window until it is started again', { keyring: false, notifications: false }, async (desktop, keep) => {
  const app = keep(await App.alone(desktop, ['--hidden']));
  await until('its page to run', () => desktop.run('xdotool', ['search', '--name', 'WebKitWebProcess'], { may_fail: true }));
  assert.equal(window(desktop), 0);
  const login = desktop.start(CUETOWER, [...app.args, '--hidden']);
  assert.equal(await desktop.processes.end(login), 0, 'a second login changes nothing');
  assert.equal(window(desktop), 0);
  assert.equal(await desktop.processes.end(app.again()), 0);
  await until('the window', () => window(desktop) === 1);
});

story('without keyring and notification server it starts, and says so in the window', { keyring: false, notifications: false }, async (desktop, keep) => {
  const app = keep(await App.driven(desktop));
  await app.page.says('main', /[Kk]eyring/);
  await app.page.says('main', /[Nn]otification/);
  const { vault, notifications } = app.call('tower_status');
  assert.deepEqual([vault.ok, notifications.ok], [false, false]);
  const text = await app.page.text();
  for (const { message } of [vault, notifications]) assert.ok(text.includes(message), `the window says: ${message}`);
  await app.page.screenshot('12-nothing-to-lean-on');

  // Without a tray, the window itself must offer the end.
  await app.page.click('nav a[href="#/settings"]');
  await app.page.find('//button[normalize-space(.)="Quit"]');
  // Not through the driver, which would wait for a window that is gone.
  await app.page.script(`setTimeout(() => [...document.querySelectorAll('button')].find((button) => button.textContent === 'Quit').click(), 20)`);
  await until('the tower to stop', () => !app.isRunning());
  assert.match(app.driver.out, /the tower has stopped/, 'in order');
});

story('without a session bus it starts all the same', { bus: false, keyring: false, notifications: false }, async (desktop, keep) => {
  const app = keep(await App.alone(desktop));
  await until('the window', () => window(desktop) === 1);
  await desktop.close('Cuetower');
  assert.equal(app.call('tower_status').paused, false, 'the tower answers');
});

story('a start that fails says why in a window, and ends with 1 when that is closed', { bus: false, keyring: false, notifications: false }, async (desktop, keep) => {
  const first = keep(await App.alone(desktop));
  await until('the window', () => window(desktop) === 1);
  const second = first.again();
  await until('the window that says why', () => desktop.visibleWindows('could not start').length === 1);
  assert.match(second.out, /Cuetower could not start: A tower runs on .* already \(process \d+\)/);
  await desktop.painted('could not start');
  desktop.screen('13-could-not-start');
  await desktop.close('could not start');
  assert.equal(await desktop.processes.end(second), 1);
  assert.ok(first.isRunning());
});

story('how the window is drawn is said to WebKit and to no program that the tower starts, unless its owner says it', { keyring: false, notifications: false }, async (desktop, keep) => {
  const name = 'WEBKIT_DISABLE_COMPOSITING_MODE';
  const asWebKit = (app) => {
    const pid = desktop.run('pgrep', ['-P', `${app.pid}`, 'WebKitWebProces']).trim();
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
  };
  const asPrograms = async (app, told) => {
    const definition = { name: told, transport: 'command', schedule: { type: 'manual' }, command: { shell: `echo "[$${name}]" > '${join(desktop.folder, told)}'` }, confirm: 'exit_code' };
    const { run_id } = app.call('cue_fire', { cue_id: app.call('cue_create', { definition }).id, payload: null });
    await until('its end', () => app.call('run_get', { run_id }).attempts[0]?.ended_at_ms);
    return readFileSync(join(desktop.folder, told), 'utf8').trim();
  };
  const app = keep(await App.alone(desktop));
  assert.equal(await until('WebKit', () => asWebKit(app)), 'cuetower', 'there is no graphics card for a test');
  assert.equal(await asPrograms(app, 'told-by-itself'), '[]');
  await app.stop();

  desktop.env[name] = '0';
  const owners = keep(await App.alone(desktop));
  assert.equal(await until('WebKit', () => asWebKit(owners)), '0', 'the owner counts more');
  assert.equal(await asPrograms(owners, 'told-by-its-owner'), '[0]');
});
