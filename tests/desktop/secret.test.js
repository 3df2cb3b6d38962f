//! A secret typed into the window is in the system's keyring, and nowhere in the data folder; a keyring that stops while a run
//! works is missed in words, and found again by itself.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { App } from './harness/app.js';
import { signal, until } from './harness/processes.js';
import { story } from './harness/story.js';

const VALUE = 'sk-the-value-that-must-not-be-found-4711';

story('a secret goes from the window into the keyring, and not into the data folder', { notifications: false }, async (desktop, keep) => {
  const app = keep(await App.driven(desktop));
  const { page } = app;
  await page.says('h1', /Nothing is scheduled yet/);
  await page.click('nav a[href="#/secrets"]');
  await page.fill('form[aria-label="Keep a secret"] input:not([type="password"])', 'OPENAI_KEY');
  await page.fill('form[aria-label="Keep a secret"] input[type="password"]', VALUE);
  await page.screenshot('08-secret');
  await page.click('//button[normalize-space(.)="Keep in keyring"]');
  await page.says('table[aria-label="Secrets"]', /OPENAI_KEY/);
  assert.ok(!(await page.text()).includes(VALUE), 'the window does not show it');
  await page.screenshot('09-secret-kept');

  // `secret-tool` prints no newline after the value.
  const lookup = ['lookup', 'service', 'cuetower', 'name', 'OPENAI_KEY', 'folder', app.data];
  assert.equal(desktop.run('secret-tool', lookup), VALUE, 'the keyring has it');

  const files = readdirSync(app.data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const names = files.map((file) => file.name);
  assert.ok(names.includes('cuetower.db'), `the database is among what is searched: ${names.join(' ')}`);
  const bytes = (file) => readFileSync(join(file.parentPath, file.name));
  const known = files.filter((file) => bytes(file).includes('OPENAI_KEY')).map((file) => file.name);
  assert.ok(known.some((name) => name.startsWith('cuetower.db')), `the name is in the database, so the search works: ${known.join(' ')}`);
  assert.deepEqual(files.filter((file) => bytes(file).includes(VALUE)).map((file) => file.name), []);
  for (const { name, out } of desktop.processes.all()) assert.ok(!out.includes(VALUE), `${name} did not print it`);
});

story('a keyring that stops in the middle of a run is missed and found again', { notifications: false }, async (desktop, keep) => {
  const app = keep(await App.driven(desktop));
  const { page } = app;
  await page.says('h1', /Nothing is scheduled yet/);
  app.call('secret_set', { name: 'OPENAI_KEY', value: VALUE });
  const definition = { name: 'leads', transport: 'worker', schedule: { type: 'manual' }, secrets: ['OPENAI_KEY'] };
  const { run_id } = app.call('cue_fire', { cue_id: app.call('cue_create', { definition }).id, payload: null });
  const { key } = app.call('owner_key');
  const speak = async (bearer, method, path, body) => {
    const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
    const answer = await fetch(app.agents + path, { method, headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(30_000) });
    return { status: answer.status, body: await answer.json() };
  };
  const { run_token } = await until('a claim', async () => {
    const claim = await speak(key, 'POST', `/v1/executions/${run_id}/claim`, { worker_id: 'ada' });
    return claim.status === 200 && claim.body;
  });
  const lease = () => speak(run_token, 'GET', '/v1/secrets/OPENAI_KEY');
  assert.deepEqual([(await lease()).body.value], [VALUE]);

  signal(desktop.keyring.child.pid, 'SIGKILL');
  await desktop.processes.end(desktop.keyring);
  const missed = await lease();
  assert.deepEqual([missed.status, missed.body.error?.code], [503, 'vault'], JSON.stringify(missed.body));
  assert.match(missed.body.error.message, /OPENAI_KEY could not be read/);
  await page.says('.bands', /There is no keyring service on this session\. Secrets cannot be read or saved\. Start one/);
  assert.equal(app.call('tower_status').vault.ok, false);
  await page.screenshot('14-keyring-gone');

  // Nobody asks for anything: the tower looks by itself.
  await desktop.startKeyring();
  await until('the keyring to be found', () => app.call('tower_status').vault.ok);
  await until('the window to say no more of it', async () => !/keyring service/.test(await page.text()));
  assert.equal((await lease()).body.value, VALUE, 'the run under way goes on where it was');
  const told = await speak(run_token, 'POST', `/v1/executions/${run_id}/outcome`, { success: true, result: '200 leads' });
  assert.equal(told.status, 200, JSON.stringify(told.body));
  assert.equal(app.call('run_get', { run_id }).state, 'claimed', 'its cue asks for no proof');
  const { uses } = app.call('secret_story', { name: 'OPENAI_KEY' });
  assert.equal(uses.length, 2, 'what was lent, and not what could not be');
});
