//! The tray, where there is one: it says how the tower is doing, takes the closed window in, pauses, and quits.
import assert from 'node:assert/strict';
import { App } from './harness/app.js';
import { story } from './harness/story.js';
import { until } from './harness/processes.js';
import { Tray } from './harness/tray.js';

const window = (desktop) => desktop.visibleWindows('Cuetower').length;

story('the tray shows the state, keeps the closed window, pauses all firing, and quits', { keyring: false }, async (desktop, keep) => {
  const tray = await Tray.start(desktop);
  try {
    const app = keep(await App.alone(desktop));
    await until('the window', () => window(desktop) === 1);
    const words = async () => (await tray.menu()).map((line) => line.words);
    await until('a quiet tray', async () => (await words())[0] === 'Nothing needs you');
    assert.deepEqual(await words(), ['Nothing needs you', 'Open Cuetower', 'Pause all firing', 'Quit (nothing fires while closed)']);
    const armed = await tray.icon();
    assert.deepEqual([armed.status, armed.label ?? ''], ['Active', '']);

    await desktop.close('Cuetower');
    assert.equal(desktop.run('xdotool', ['search', '--name', 'Cuetower'], { may_fail: true }).length > 0, true, 'it is hidden, not destroyed');
    assert.equal(desktop.shown(), 0, 'with a tray nothing needs to be said');
    await tray.click('Open Cuetower');
    await until('the window to be back', () => window(desktop) === 1);

    await tray.click('Pause all firing');
    await until('the pause', () => app.call('tower_status').paused);
    await until('the tray to say so', async () => (await words())[0] === 'Nothing needs you. All firing is paused');
    assert.ok((await words()).includes('Resume all firing'));
    assert.notEqual((await tray.icon()).picture, armed.picture, 'the picture is another one');
    await tray.click('Resume all firing');
    await until('the end of the pause', () => !app.call('tower_status').paused);

    // A command that fails for good needs its owner.
    const definition = { name: 'nightly', transport: 'command', schedule: { type: 'manual' }, command: { argv: ['false'] }, confirm: 'exit_code', retry: { max_attempts: 1 } };
    app.call('cue_fire', { cue_id: app.call('cue_create', { definition }).id, payload: null });
    await until('the tray to count it', async () => (await words())[0] === '1 needs you' && (await tray.icon()).label === '1');
    const [, line] = await words();
    assert.match(line, /^nightly /, 'it is named below');
    await desktop.close('Cuetower');
    await tray.click(line);
    await until('the window to be back', () => window(desktop) === 1);

    await tray.click('Quit (nothing fires while closed)');
    assert.equal(await desktop.processes.end(app.process, 20_000), 0);
    assert.match(app.process.out, /the tower has stopped/);
  } finally {
    tray.stop();
  }
});
