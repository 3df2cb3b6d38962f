//! An agent asks; the owner answers from the notification, from the tray, and through a tower that was killed in between.
import assert from 'node:assert/strict';
import { App } from './harness/app.js';
import { signal, until } from './harness/processes.js';
import { story } from './harness/story.js';
import { Tray } from './harness/tray.js';

/** More than a page's numbers can hold. */
const LONG = '9007199254740993';

/** A request at the agents' door: its status, its body, and that as it was written. */
async function speak(app, bearer, method, path, body) {
  const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
  const sent = body && JSON.stringify(body).replace(`"${LONG}"`, LONG);
  const answer = await fetch(app.agents + path, { method, headers, body: sent, signal: AbortSignal.timeout(30_000) });
  const text = await answer.text();
  return { status: answer.status, body: JSON.parse(text), text };
}

/** An agent at work: the token of its run. */
async function atWork(app, name) {
  const { key } = app.call('owner_key');
  const definition = { name, transport: 'worker', schedule: { type: 'manual' }, worker: { lease_seconds: 3600 } };
  const { run_id } = app.call('cue_fire', { cue_id: app.call('cue_create', { definition }).id, payload: null });
  const claimed = await until('a claim', async () => {
    const claim = await speak(app, key, 'POST', `/v1/executions/${run_id}/claim`, { worker_id: 'ada' });
    return claim.status === 200 && claim.body;
  });
  return claimed.run_token;
}

async function asks(app, token, more = {}) {
  const question = { key: 'send', title: 'Send 14 reminders?', body: '$6,310 in total.', payload: { to: 14 }, deadline_seconds: 3600, ...more };
  const asked = await speak(app, token, 'POST', '/v1/gates', question);
  assert.equal(asked.status, 201, JSON.stringify(asked.body));
  return asked.body;
}

/** As soon as there is an answer. */
const hears = async (app, token, gate) => (await speak(app, token, 'GET', `/v1/gates/${gate.id}?wait=20`)).body;

story('a question is answered by the button of its notification', { keyring: false }, async (desktop, keep) => {
  const app = keep(await App.alone(desktop));
  await desktop.painted('Cuetower');
  const token = await atWork(app, 'dunning');
  const gate = await asks(app, token);
  const heard = hears(app, token, gate);
  const told = await until('the notification', () => /summary: 'dunning asks: Send 14 reminders\?'[^]*script_count/.exec(desktop.notifications.out)?.[0]);
  for (const words of [/\$6,310 in total\. With no answer in time it stays parked\./, /Approve/, /Deny/, /Open/]) assert.match(told, words);
  desktop.screen('20-gate-notification');
  desktop.pressButton('Deny');
  const { state, goes } = await heard;
  assert.deepEqual([state, goes], ['denied', false]);
  await until('the notification to go', () => desktop.shown() === 0);
  assert.equal(app.call('gate_get', { gate_id: gate.id }).gate.face, 'notification');

  // What is answered elsewhere is not asked any more.
  const second = await asks(app, token, { key: 'second', title: 'Delete the archive?' });
  await until('the second notification', () => desktop.shown() === 1);
  app.call('gate_answer', { gate_id: second.id, shown: second.shown, answer: 'approve' });
  await until('the second notification to go', () => desktop.shown() === 0);
  assert.equal((await hears(app, token, second)).goes, true);

  // Asked anew in the same words, that is another notification, which says so: the button is for what stands there.
  const before = await asks(app, token, { key: 'third', title: 'Publish it?' });
  await until('the third notification', () => desktop.shown() === 1);
  const anew = await asks(app, token, { key: 'third', title: 'Publish it?', payload: { to: 15 } });
  assert.notEqual(anew.id, before.id);
  await until('the notification that says so', () => /body: 'Asked anew, with other contents\. /.test(desktop.notifications.out));
  await until('it alone', () => desktop.shown() === 1);
  desktop.pressButton('Approve');
  const approved = await hears(app, token, anew);
  assert.deepEqual([approved.state, approved.shown], ['approved', anew.shown]);
});

story('a click on the notification opens the question, and the agent gets what the owner made of its payload', { keyring: false }, async (desktop, keep) => {
  const app = keep(await App.driven(desktop));
  const { page } = app;
  await page.says('h1', /Nothing is scheduled yet/);
  await desktop.close('Cuetower');
  await until('word that the tower keeps running', () => desktop.shown() === 1);
  desktop.run('dunstctl', ['close-all']);
  await until('an empty screen', () => desktop.shown() === 0);
  const token = await atWork(app, 'dunning');
  const gate = await asks(app, token, { payload: { to: ['ada', 'bob'], order: LONG } });
  await until('the notification', () => /summary: 'dunning asks: Send 14 reminders\?'/.test(desktop.notifications.out));
  await until('its place on the screen', () => desktop.notificationsHeight() > 0);
  desktop.clickNotification();
  await until('the question in the window', async () => (await page.hash()) === `#/gates/${gate.id}`);
  await until('the window', () => desktop.visibleWindows('Cuetower').length === 1);
  await page.says('.hero h2', /Send 14 reminders\?/);
  await page.painted();
  desktop.screen('21-gate-in-the-window');
  await page.click('//button[starts-with(normalize-space(.), "Edit and approve")]');
  const text = await page.script('return document.querySelector("textarea").value');
  assert.match(text, new RegExp(`"order": ${LONG}\\b`), 'no number is rounded');
  await page.fill('textarea', text.replace('"bob"', '"eve"'));
  await page.painted();
  desktop.screen('22-gate-edited');
  await page.click('//*[@role="group"][@aria-label="Answer"]//button[contains(@class, "primary")]');
  const { body, text: whole } = await speak(app, token, 'GET', `/v1/gates/${gate.id}?wait=20`);
  assert.deepEqual([body.state, body.payload.to], ['edited', ['ada', 'eve']]);
  assert.match(whole, new RegExp(`"order":${LONG}\\b`), 'as it was asked');
  assert.equal(app.call('gate_get', { gate_id: gate.id }).gate.face, 'window');
  await page.says('.hero', /Approved with changes in the window/);
});

story('an answer that the window still holds is not sent once the window is closed', { keyring: false }, async (desktop, keep) => {
  const app = keep(await App.driven(desktop));
  const { page } = app;
  await page.says('h1', /Nothing is scheduled yet/);
  const token = await atWork(app, 'dunning');
  const gate = await asks(app, token);
  await page.script('location.hash = arguments[0]', `#/gates/${gate.id}`);
  await page.says('.hero h2', /Send 14 reminders\?/);
  await page.click('//*[@role="group"][@aria-label="Answer"]//button[contains(@class, "primary")]');
  await page.says('[data-testid=held]', /Approved/);
  await desktop.close('Cuetower');
  await page.says('.place', /The window was closed before your answer was sent: nothing was sent/);
  assert.equal(await page.script('return document.querySelector("[data-testid=held]") === null'), true);
  app.call('gate_answer', { gate_id: gate.id, shown: gate.shown, answer: 'deny' });
  assert.deepEqual([(await hears(app, token, gate)).state], ['denied']);
});

story('a question waits through a kill and is answered after it', { keyring: false }, async (desktop, keep) => {
  const first = keep(await App.alone(desktop));
  const token = await atWork(first, 'dunning');
  const [gate, other] = [await asks(first, token), await asks(first, token, { key: 'other', title: 'Refund $48?', blocking: false })];
  await until('the notification', () => desktop.shown() === 1);
  signal(first.pid, 'SIGKILL');
  await desktop.processes.end(first.process);
  first.pid = undefined;
  // Its buttons lead nowhere any more.
  desktop.run('dunstctl', ['close-all']);
  await until('an empty screen', () => desktop.shown() === 0);

  const app = keep(await App.alone(desktop));
  await until('the question, told again', () => desktop.shown() === 1);
  const heard = hears(app, token, gate);
  app.call('gate_answer', { gate_id: gate.id, shown: gate.shown, answer: 'edit', payload: { to: 13 }, comment: 'leave Bruma out' });
  const { state, payload, comment } = await heard;
  assert.deepEqual([state, payload, comment], ['edited', { to: 13 }, 'leave Bruma out']);
  desktop.pressButton('Approve');
  assert.equal((await hears(app, token, other)).state, 'approved');
});

story('the tray names a question and takes its answer', { keyring: false }, async (desktop, keep) => {
  const tray = await Tray.start(desktop);
  try {
    const app = keep(await App.alone(desktop));
    const token = await atWork(app, 'dunning');
    const gate = await asks(app, token);
    const line = 'dunning asks: Send 14 reminders?';
    const below = await until('its line, with answers', async () => (await tray.menu()).find(({ words }) => words === line)?.below);
    assert.deepEqual(below.map(({ words }) => words), ['Approve', 'Deny', 'Open']);
    assert.equal((await tray.menu())[0].words, '1 needs you', 'the question, and not its alert as well');
    await tray.click('Approve', below);
    assert.equal((await hears(app, token, gate)).goes, true);
    assert.equal(app.call('gate_get', { gate_id: gate.id }).gate.face, 'tray');
    await until('the line to go', async () => (await tray.menu())[0].words === 'Nothing needs you');
    assert.ok(!(await tray.menu()).some(({ words }) => words === line));
  } finally {
    tray.stop();
  }
});
