//! An agent that spends far more than usual speaks up on the desktop and in the tray, and a button of the notification stops it.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { App } from './harness/app.js';
import { ROOT } from './harness/places.js';
import { story } from './harness/story.js';
import { until } from './harness/processes.js';
import { Tray } from './harness/tray.js';

story('a cost spike is told by a native notification and the tray, and its button stops the agent', { keyring: false }, async (desktop, keep) => {
  const tray = await Tray.start(desktop);
  try {
    const app = keep(await App.alone(desktop, ['--hidden']));
    const words = async () => (await tray.menu()).map((line) => line.words);
    await until('a quiet tray', async () => (await words())[0] === 'Nothing needs you');
    const quiet = await tray.icon();

    const work = join(desktop.folder, 'work');
    mkdirSync(work);
    // 200 tokens a minute, then 40,000.
    const agent = join(ROOT, 'tests/it/watching/agents/spending.py');
    const definition = {
      name: 'release-scribe',
      transport: 'command',
      schedule: { type: 'manual' },
      loops: 'off',
      command: { argv: ['python3', agent], env: { WORK: work, PYTHONDONTWRITEBYTECODE: '1' }, stop_grace_seconds: 1 },
      retry: { max_attempts: 1 }
    };
    const { run_id } = app.call('cue_fire', { cue_id: app.call('cue_create', { definition }).id, payload: null });

    const told = await until('the notification, which names the cue first', () => /summary: 'release-scribe [^]*script_count/.exec(desktop.notifications.out)?.[0]);
    for (const expected of [/urgency: CRITICAL/i, /tokens per min/, /Stop now/, /Snooze 1 h/, /Open/]) assert.match(told, expected);
    assert.equal(desktop.shown(), 1);
    desktop.screen('08-cost-spike');

    await until('the tray to count it', async () => (await words())[0] === '1 needs you' && (await tray.icon()).label === '1');
    assert.match((await words())[1], /^release-scribe /);
    assert.notEqual((await tray.icon()).picture, quiet.picture, 'the picture is another one');

    desktop.pressButton('Stop now');
    await until('the end of the run', () => app.call('run_get', { run_id }).state === 'stopped');
    await until('the notification to go', () => desktop.shown() === 0);
    await until('a quiet tray again', async () => (await words())[0] === 'Nothing needs you');
    await until('the end of its program', () => app.call('run_get', { run_id }).attempts[0].ended_at_ms !== null);
  } finally {
    tray.stop();
  }
});
