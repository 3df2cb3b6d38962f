import { chromium } from '@playwright/test';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { mkdtempSync } from 'node:fs';
const BIN = process.env.BIN ?? '/tmp/w/ced/cuetowerctl';
const MOCK = process.env.MOCK !== '0';
const data = mkdtempSync('/tmp/w/ced/d-');
const p = spawn(BIN, ['serve', '--data', data, '--listen', '127.0.0.1:0', '--desk', '127.0.0.1:0', '--vault', 'memory', '--no-notifications', '--ready-json'], { stdio: ['ignore', 'pipe', 'inherit'] });
const ready = JSON.parse(await new Promise((r) => createInterface({ input: p.stdout }).once('line', r)));
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium' });
try {
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: 'dark', reducedMotion: 'reduce' })).newPage();
  page.on('pageerror', (e) => console.log('PAGEERROR', e.message));
  page.on('console', (m) => m.type() === 'error' && console.log('CONSOLE', m.text()));
  const H = 3600e3, now = Date.now();
  if (MOCK) {
    await page.route('**/rpc/schedule_preview', async (route) => {
      const first = Math.ceil(now / H) * H;
      await route.fulfill({ json: { words: 'hourly; mon-fri 09:30-16:00 New York every minute, 5 at once', fires_ms: Array.from({ length: 10 }, (_, i) => first + i * H), offsets_minutes: Array(10).fill(60), fire_notes: [null, null, 'mon-fri 09:30-16:00 New York', 'mon-fri 09:30-16:00 New York', null, 'skipped: blackout until Sun 27 Dec', 'skipped: blackout until Sun 27 Dec', null, null, null], notes: ['Sun 28 Mar 2027 has no 02:30: fires at 03:00.'] } });
    });
    await page.route('**/rpc/schedule_simulate', async (route) => {
      const fires = [];
      for (let i = 0; i < 24 * 30; i++) fires.push({ cue_id: '', due_ms: Math.ceil(now / H) * H + i * H, triggered_by: 'scheduled', end: i % 24 > 20 ? 'skipped' : i % 11 === 0 ? 'held' : 'ran', reason: i % 24 > 20 ? 'blackout until Sun 27 Dec' : null, offset_minutes: 60 });
      await route.fulfill({ json: { from_ms: now, to_ms: now + 30 * 24 * H, fires, truncated: false, lanes: [{ cue_id: '', cue_name: 'x', words: '', run_ms: 240000, ran: 600, skipped_overlap: 12, skipped_blackout: 108, waited: 60, most_at_once: 2, notes: ['Sun 28 Mar 2027 has no 02:30: fires at 03:00.'] }] } });
    });
    await page.route('**/rpc/board', async (route) => { const r = await route.fetch(); const j = await r.json(); await route.fulfill({ json: { bands: [], ...j } }); });
  }
  await page.goto(ready.desk);
  await page.waitForTimeout(800);
  const shots = (process.env.SHOTS ?? '').split(',');
  const shot = async (n) => { await page.screenshot({ path: `/tmp/w/ced/${n}.png` }); };
  await (await import(process.env.STEPS ?? '/tmp/w/ced/steps.mjs')).default(page, shot, ready);
} catch (e) { console.log(e); } finally { await browser.close(); p.kill('SIGTERM'); }
