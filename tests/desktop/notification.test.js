//! A run that goes silent speaks up on the desktop, and a click on that brings the window and opens the run.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { App } from './harness/app.js';
import { ROOT } from './harness/places.js';
import { story } from './harness/story.js';
import { until } from './harness/processes.js';

story('a silent run is told by a native notification, and a click on it opens the run', { keyring: false }, async (desktop, keep) => {
  const app = keep(await App.driven(desktop));
  const { page } = app;
  await page.says('h1', /Nothing is scheduled yet/);

  const quiet = (name) =>
    app.call('cue_create', {
      definition: {
        name,
        transport: 'command',
        schedule: { type: 'manual' },
        command: { argv: ['python3', join(ROOT, 'examples/gone_quiet.py')] },
        payload: { seconds: 30 },
        delivery: { outcome_deadline_seconds: 1 }
      }
    });
  const cue = quiet('price-watch');
  await page.find('[data-testid="lane-price-watch"]');

  // The owner looks elsewhere.
  await desktop.close('Cuetower');
  await until('word that the tower keeps running', () => desktop.shown() === 1);

  const { run_id } = app.call('cue_fire', { cue_id: cue.id, payload: null });
  await until('the notification, which names the cue first', () => /summary: 'price-watch [^']*'/.test(desktop.notifications.out));
  assert.equal(desktop.shown(), 2);
  const told = await until('all of it', () => /summary: 'price-watch [^]*script_count/.exec(desktop.notifications.out)?.[0]);
  for (const words of [/urgency: CRITICAL/i, /no outcome within 1 s/, /Rerun/, /Snooze 1 h/, /Open/]) assert.match(told, words);
  desktop.screen('06-notification');

  assert.equal(await page.hash(), '', 'the window still shows the board');
  desktop.clickNotification();
  await until('the notification to go', () => desktop.shown() === 1);
  await until('the run in the window', async () => (await page.hash()) === `#/run/${run_id}`);
  await until('the window', () => desktop.visibleWindows('Cuetower').length === 1);
  await page.says('[data-testid="run-verdicts"]', /Silent|silent/);
  await page.painted();
  desktop.screen('07-run-from-notification');
  const title = () => desktop.run('xdotool', ['getwindowname', desktop.visibleWindows('Cuetower')[0]]).trim();
  await until('the number in the title', () => title() === '(1) Run · Cuetower');

  // Clicked while the page is being loaded, it is opened as soon as there is a page.
  const height = desktop.notificationsHeight();
  const second = app.call('cue_fire', { cue_id: quiet('feed-watch').id, payload: null });
  await until('the second notification', () => /summary: 'feed-watch [^']*'/.test(desktop.notifications.out));
  await until('its place above the other', () => desktop.notificationsHeight() > height);
  await page.script(`location.hash = '#/board'; window.sameAsAtFirst = true; setTimeout(() => location.reload(), 0)`);
  desktop.clickNotification();
  await until('the second run in the window', async () => (await page.hash()) === `#/run/${second.run_id}` && !(await page.script('return window.sameAsAtFirst')));
  await page.says('[data-testid="run-verdicts"]', /Silent|silent/);

  // Silent is not ended: the programs would outlive the tower.
  for (const run of [run_id, second.run_id]) {
    app.call('run_stop', { run_id: run });
    await until('the end of its program', () => app.call('run_get', { run_id: run }).attempts[0].ended_at_ms !== null);
  }
});
