//! A cue made by clicking, fired by clicking, seen to go from scheduled over delivered to confirmed. The window is never reloaded.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from './harness/app.js';
import { story } from './harness/story.js';
import { until } from './harness/processes.js';

const button = (words) => `//button[normalize-space(.)="${words}" or starts-with(normalize-space(.), "${words} ")]`;
const field = (label) => `//input[@id=//label[normalize-space(.)="${label}"]/@for]`;
const choice = (name) => `//label[input[@type="radio"] and starts-with(normalize-space(.), "${name}")]`;

story('a cue is made and fired by clicking, and its run is confirmed before the eyes', {}, async (desktop, keep) => {
  const app = keep(await App.driven(desktop));
  const { page } = app;
  const told = join(desktop.folder, 'told');

  await page.says('h1', /Nothing is scheduled yet/);
  await page.screenshot('01-first-run');
  // Gone if the page is ever loaded anew.
  await page.script('window.sameAsAtFirst = true');

  await page.click('//a[normalize-space(.)="New cue"]');
  await page.fill(field('Cue'), 'count-records');
  await page.fill(field('Agent'), 'counter');
  await page.click(choice('Command'));
  await page.fill(field('Command, no shell'), `python3 ${join(import.meta.dirname, 'agents/when_told.py')} ${told}`);
  await page.click(choice('Manual'));
  await page.fill(field('Processed, at least'), '3');
  await page.screenshot('02-cue-editor');
  await page.click(button('Save and arm'));

  await page.says('[data-testid="lane-count-records"]', /count-records/);
  await page.click('[data-testid="lane-count-records"]');
  await page.click(button('Fire now'));
  const inspector = 'aside[aria-label="Selected run"]';
  await page.says(inspector, /Ran\b[\s\S]*Delivered/);
  await page.screenshot('03-fired');

  await page.click(button('Open run'));
  const states = async () => (await page.script(`return [...document.querySelectorAll('[data-testid="run-verdicts"] [data-state]')].map((e) => e.dataset.state)`)).join(' ');
  await until('a run that is delivered and not confirmed', async () => (await states()) === 'ran delivered working');
  await page.screenshot('04-delivered');
  writeFileSync(told, '');
  await until('a run that is confirmed', async () => (await states()) === 'ran delivered confirmed');
  await page.says('[data-testid="run-verdicts"]', /Scheduled[\s\S]*Delivered[\s\S]*Confirmed[\s\S]*reported success/);
  await page.screenshot('05-confirmed');
  assert.equal(await page.script('return window.sameAsAtFirst'), true, 'the window was not reloaded');

  // The tower, asked from outside the window, says the same.
  const [cue] = app.call('board', { from_ms: 0, to_ms: Date.now() }).cues;
  assert.deepEqual([cue.name, cue.agent, cue.transport, cue.run_count], ['count-records', 'counter', 'command', 1]);
  const [mark] = app.call('ledger', { cue_id: cue.id, before_ms: null, limit: 10 }).marks;
  assert.deepEqual([mark.scheduled, mark.delivered, mark.confirmed], ['ran', 'delivered', 'confirmed']);
});
