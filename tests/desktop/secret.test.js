//! A secret typed into the window is in the system's keyring, and nowhere in the data folder.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { App } from './harness/app.js';
import { story } from './harness/story.js';

const VALUE = 'sk-the-value-that-must-not-be-found-4711';

story('a secret goes from the window into the keyring, and not into the data folder', { notifications: false }, async (desktop, keep) => {
  const app = keep(await App.driven(desktop));
  const { page } = app;
  await page.says('h1', /Nothing is scheduled yet/);
  await page.click('nav a[href="#/secrets"]');
  await page.fill('#secret-form input[type="text"], #secret-form input:not([type])', 'OPENAI_KEY');
  await page.fill('#secret-form input[type="password"]', VALUE);
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
