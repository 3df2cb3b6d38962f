//! What a cue's delivery looks like while it goes on: live output, memory, waits, restarts, workers, pings; and the editor that asks for it.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { byHand, expect, make, test, verdict } from '../support/desk';
import { expectNoBarrier, expectToFit } from '../support/look';

const FOREVER = ['sh', '-c', 'while :; do sleep 0.2; done'];

test('what a command prints and needs is seen while it runs, and what is kept when it has ended', async ({ window: page, ask }) => {
  const folder = await mkdtemp(join(tmpdir(), 'cuetower-live-'));
  const end = join(folder, 'end');
  const [cue] = await make(ask, [byHand('talker', ['sh', '-c', `i=0; while [ ! -e ${end} ]; do i=$((i+1)); echo "line $i of many"; sleep 0.05; done; echo "nearly done" >&2; echo the end`])]);
  const { run_id } = await ask<{ run_id: string }>('cue_fire', { cue_id: cue?.id });
  await page.goto(`/#/run/${run_id}`);
  const log = page.getByTestId('log-stdout');
  await expect(log).toContainText('line 1 of many');
  await expect(log).toContainText('line 40 of many');
  await expect(page.getByRole('tabpanel')).toContainText('live');
  await expect(page.getByTestId('memory')).toContainText(/\d+(\.\d+)? [kM]B, peak \d+/);
  await expect(page.getByRole('img', { name: /Memory of its processes/ })).toBeVisible();
  await expectNoBarrier(page, 'a run with live output');

  // The end is followed until somebody scrolls up, and again when he says so.
  const atEnd = () => log.evaluate((el) => el.scrollHeight - el.clientHeight - el.scrollTop < 30);
  expect(await atEnd()).toBe(true);
  await log.evaluate((el) => (el.scrollTop = 0));
  await expect(page.getByRole('button', { name: 'To the end' })).toBeVisible();
  const lines = async () => (await log.innerText()).split('\n').length;
  const before = await lines();
  await expect.poll(lines).toBeGreaterThan(before + 10);
  expect(await log.evaluate((el) => el.scrollTop), 'it stays where the reader is').toBe(0);
  await page.getByRole('button', { name: 'To the end' }).click();
  await expect.poll(atEnd).toBe(true);

  await writeFile(end, '');
  await expect(verdict(page, 'Confirmed')).toHaveAttribute('data-state', 'confirmed');
  await expect(log).toContainText('the end');
  await expect(page.getByTestId('log-stderr')).toContainText('nearly done');
  await expect(page.getByRole('tabpanel')).not.toContainText('live');
  await expect(page.getByTestId('memory')).toContainText(/^peak \d+/);
  await expect(page.getByRole('table', { name: 'Attempts' })).toContainText(/[kM]B/);
  await page.getByRole('button', { name: 'Copy standard output' }).focus();
  await rm(folder, { recursive: true });
});

test('what is printed while the tower is away is there when it is back', async ({ window: page, ask, tower }) => {
  const folder = await mkdtemp(join(tmpdir(), 'cuetower-away-'));
  const end = join(folder, 'end');
  const [cue] = await make(ask, [byHand('talker', ['sh', '-c', `i=0; while [ ! -e ${end} ]; do i=$((i+1)); echo "line $i of many"; echo $i > ${folder}/at; sleep 0.1; done; echo the end`])]);
  const { run_id } = await ask<{ run_id: string }>('cue_fire', { cue_id: cue?.id });
  await page.goto(`/#/run/${run_id}`);
  const log = page.getByTestId('log-stdout');
  await expect(log).toContainText('line 5 of many');
  await tower.crash();
  const at = async () => Number(await readFile(join(folder, 'at'), 'utf8'));
  const left = await at();
  await expect.poll(at, 'it goes on without the tower').toBeGreaterThan(left + 10);
  await tower.comeBack();
  const back = await at();
  await expect(log).toContainText(`line ${left + 5} of many`);
  await expect(log).toContainText(`line ${back + 10} of many`);
  await writeFile(end, '');
  await expect(verdict(page, 'Confirmed')).toHaveAttribute('data-state', 'confirmed');
  await expect(log).toContainText('the end');
  expect((await log.innerText()).split('\n').filter((line) => line.startsWith('line ')).map((line) => Number(line.split(' ')[1]))).toEqual(Array.from({ length: await at() }, (_, i) => i + 1));
  await expect(page.getByRole('table', { name: 'Attempts' }).getByRole('row')).toHaveCount(2);
  await rm(folder, { recursive: true });
});

test('a run that waits for a pool says for what, in which place and since when; the board and the settings say it too', async ({ window: page, ask }) => {
  await page.goto('/#/settings/pools');
  await page.getByRole('button', { name: 'New pool' }).click();
  await page.getByLabel('Pool', { exact: true }).fill('openai');
  await page.getByRole('button', { name: 'Make the pool' }).click();
  await expect(page.getByLabel('At once')).toHaveAccessibleDescription(/limits something/);
  await page.getByLabel('At once').fill('1');
  await page.getByRole('button', { name: 'Make the pool' }).click();
  await expect(page.getByTestId('pool-row-openai')).toContainText('0 of 1');

  const uses = [{ pool: 'openai' }];
  const [first, second] = await make(ask, [byHand('leads', FOREVER, { uses }), byHand('digest', ['true'], { uses })]);
  const holding = await ask<{ run_id: string }>('cue_fire', { cue_id: first?.id });
  await expect(page.getByTestId('pool-row-openai')).toContainText(/1 of 1.*leads/);
  const waiting = await ask<{ run_id: string }>('cue_fire', { cue_id: second?.id });
  await expect(page.getByTestId('pool-row-openai')).toContainText('digest');
  await expectNoBarrier(page, 'settings with a pool in use');
  await expectToFit(page, 'settings with a pool in use');

  await page.goto(`/#/run/${waiting.run_id}`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Waits for room in a pool.');
  const waits = page.getByTestId('waits');
  await expect(waits).toContainText(/Waits for pool openai: 1 of 1 in use \(by .*leads\); .*in line, since \d\d:\d\d:\d\d\./);
  await expect(waits).toContainText(/for \d+ s/);
  await expectNoBarrier(page, 'a run that waits');

  await page.goto('/#/board');
  await expect(page.getByTestId('pool-openai')).toHaveAccessibleName('openai pool, 1 at once: 1 of 1 in use, 1 waits');
  await page.getByTestId('lane-digest').click();
  await page.getByRole('complementary', { name: 'Selected cue' }).getByRole('button', { name: /\d\d:\d\d:\d\d/ }).click();
  await expect(page.getByRole('complementary', { name: 'Selected run' })).toContainText('Waits for pool openai: 1 of 1 in use');
  await expectNoBarrier(page, 'a board with a pool');

  await ask('run_stop', { run_id: holding.run_id });
  await page.goto(`/#/run/${waiting.run_id}`);
  await expect(verdict(page, 'Confirmed')).toHaveAttribute('data-state', 'confirmed');
  await expect(waits).toHaveCount(0);

  await page.goto('/#/settings/pools');
  await page.getByRole('button', { name: 'Change the pool openai' }).click();
  await page.getByLabel('Calls a minute').fill('10');
  await page.getByRole('button', { name: 'Change it' }).click();
  await expect(page.getByTestId('pool-row-openai')).toContainText(/of 10 calls/);

  // Only one that no cue uses can go.
  await page.getByRole('button', { name: 'Remove the pool openai' }).click();
  await expect(page.getByRole('dialog')).toContainText('digest, leads use it');
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  for (const cue of [first, second]) await ask('cue_delete', { cue_id: cue?.id });
  await page.getByRole('button', { name: 'Remove the pool openai' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove openai' }).click();
  await expect(page.getByRole('main')).toContainText('There is no pool yet.');
});

test('an agent that is started again and again has its restarts counted', async ({ window: page, ask }) => {
  const [cue] = await make(ask, [byHand('restless', ['sh', '-c', 'echo once more; exit 3'], { command: { argv: ['sh', '-c', 'echo once more; exit 3'], restart: 'on_failure' }, budget: { run: { duration_seconds: 3600 } } })]);
  const { run_id } = await ask<{ run_id: string }>('cue_fire', { cue_id: cue?.id });
  await page.goto(`/#/run/${run_id}`);
  await expect(page.getByRole('list', { name: 'About this run' })).toContainText(/[1-9]\d* restarts?/);
  await expect(page.getByRole('list', { name: 'About this run' })).toContainText(/2 restarts/);
  await expect(page.getByRole('table', { name: 'Attempts' })).toContainText('exit code 3');
  await expectNoBarrier(page, 'a run with restarts');
  await ask('run_stop', { run_id });
  await expect(page.getByRole('button', { name: 'Run again' })).toBeVisible();
});

test('a run that fails for good fires another in its place, which says so', async ({ window: page, ask }) => {
  const [, spare] = await make(ask, [byHand('spare', ['true'])]).then((cues) => [null, cues[0]]);
  const [cue] = await make(ask, [byHand('leads', ['false'], { on_failure: { fallback_cue: spare?.id } })]);
  await ask('cue_fire', { cue_id: cue?.id });
  await page.getByTestId('lane-spare').click();
  await page.getByRole('complementary', { name: 'Selected cue' }).getByRole('button', { name: /Confirmed/ }).click();
  await page.getByRole('button', { name: 'Open run' }).click();
  await expect(page.getByRole('list', { name: 'About this run' })).toContainText('Fallback for a run of leads');
  await page.getByRole('link', { name: 'a run of leads' }).click();
  await expect(verdict(page, 'Confirmed')).toHaveAttribute('data-state', 'failed');
});

test('everything that a delivery may ask for is written in the editor, read back, and saved', async ({ window: page, ask }) => {
  await make(ask, [byHand('by-mail', ['true'])]);
  await ask('pool_set', { name: 'openai', concurrency: 2, calls_per_min: null, tokens_per_min: null });
  await page.goto('/#/cue/new');
  await page.getByLabel('Cue', { exact: true }).fill('score');
  await page.getByLabel('Address').fill('http://192.168.1.20:9000/run');
  await page.getByLabel('It may be in a private network').check();
  await page.getByRole('radio', { name: 'Manual' }).check();
  await page.getByText('Pools', { exact: true }).click();
  await page.getByRole('button', { name: 'Add pool' }).click();
  await expect(page.getByLabel('Pool 1', { exact: true })).toHaveValue('openai');
  await page.getByLabel('Tokens of pool 1').fill('9000');
  await page.getByLabel('Priority').fill('5');
  await page.getByText('Checks', { exact: true }).click();
  await page.getByRole('button', { name: 'Add check' }).click();
  await page.getByLabel('What check 1 looks at').selectOption('a disk has room');
  await page.getByLabel('Folder of check 1').fill('data');
  await page.getByLabel('How much for check 1').fill('2');
  await page.getByRole('button', { name: 'Add check' }).click();
  await page.getByLabel('What check 2 looks at').selectOption('a command exits with 0');
  await page.getByLabel('Check 2 as JSON').fill('{ "argv": ["true"] }');
  await page.getByLabel('If check 2 fails').selectOption('the attempt fails');
  await page.getByLabel('Connecting, at most (s)').fill('3');
  await page.getByLabel('The cue in its place').selectOption('by-mail');
  await page.getByLabel('Whom to tell').fill('http://127.0.0.1:9000/failed');
  await page.getByLabel('Stop after', { exact: true }).fill('30');
  const back = page.getByRole('complementary', { name: 'Read back' });
  await expect(back).toContainText('It waits for room in the pool openai (about 9,000 tokens), with priority 5. It is held until data has 2 GB free. The attempt fails unless true exits with 0.');
  await expect(back.getByText('Stops after 30 min.')).toBeVisible();
  await expect(back).toContainText('If a run fails for good, by-mail fires in its place and http://127.0.0.1:9000/failed is told.');
  await expectNoBarrier(page, 'the editor, everything open');
  await expectToFit(page, 'the editor, everything open');

  // What the host refuses stands at its field, and is found under its fold.
  await page.getByText('Checks', { exact: true }).click();
  await page.getByRole('button', { name: 'Save and arm' }).click();
  const folder = page.getByLabel('Folder of check 1');
  await expect(folder).toBeFocused();
  await expect(folder).toHaveAccessibleDescription(/from where/);
  await folder.fill('/');
  await page.getByRole('button', { name: 'Save and arm' }).click();
  await expect(page).toHaveURL(/#\/board$/);
  const [, saved] = (await ask<{ cues: { name: string; definition: Record<string, unknown> }[] }>('board', { from_ms: 0, to_ms: 1 })).cues.sort((a, b) => a.name.localeCompare(b.name));
  expect(saved?.definition).toMatchObject({
    callback: { allow_private: true }, delivery: { connect_timeout_seconds: 3 }, uses: [{ pool: 'openai', weight: 1, tokens: 9000 }], priority: 5,
    preflight: [{ check: 'disk', path: '/', free_gb: 2, on_fail: 'hold' }, { check: 'command', argv: ['true'], on_fail: 'fail' }], budget: { run: { duration_seconds: 1800 } }, on_failure: { webhook: 'http://127.0.0.1:9000/failed' }
  });
  await page.getByTestId('lane-score').dblclick();
  await expect(page.getByRole('complementary', { name: 'Read back' })).toContainText('by-mail fires in its place');
});

test('a worker fetches a run: who has it, until when, and in which list', async ({ window: page, tower }) => {
  await page.goto('/#/cue/new');
  await page.getByLabel('Cue', { exact: true }).fill('thumbs');
  await page.getByRole('radio', { name: 'Worker' }).check();
  await page.getByRole('radio', { name: 'Manual' }).check();
  await page.getByText('Payload', { exact: true }).click();
  await page.getByLabel('JSON, handed to the agent with every run').fill('{ "task": "thumbnails" }');
  await expect(page.getByRole('tabpanel', { name: 'cuetowerctl worker' })).toContainText('task = "thumbnails"');
  await page.getByRole('tab', { name: 'cueapi-worker' }).click();
  await expect(page.getByRole('tabpanel', { name: 'cueapi-worker' })).toContainText(`api_base: ${tower.ready.agents}`);
  await expect(page.getByLabel('Claimed within (s)')).toHaveValue('900');
  await page.getByLabel('Lease', { exact: true }).fill('10');
  await expectNoBarrier(page, 'the editor of a worker cue');
  await page.getByRole('button', { name: 'Save and arm' }).click();
  await page.getByRole('button', { name: 'Fire now' }).click();
  await page.getByRole('button', { name: 'Open run' }).click();
  await expect(page.getByTestId('waits')).toContainText(/No worker has claimed it yet, since .*given up in/);

  const door = { headers: { Authorization: `Bearer ${tower.ready.key}` } };
  await page.request.post(`${tower.ready.agents}/v1/worker/heartbeat`, { ...door, data: { worker_id: 'mac-mini', handlers: ['thumbnails'] } });
  const claimed = await page.request.post(`${tower.ready.agents}/v1/executions/claim`, { ...door, data: { worker_id: 'mac-mini' } });
  const { execution_id } = (await claimed.json()) as { execution_id: string };
  await expect(page.getByRole('table', { name: 'Attempts' })).toContainText(/claimed by mac-mini.*lease until \d\d:\d\d:\d\d/);
  await expect(page.getByTestId('waits')).toHaveCount(0);
  await page.goto('/#/settings/workers');
  await expect(page.getByRole('table', { name: 'Workers' })).toContainText(/mac-mini.*Here.*thumbnails/);
  await expectNoBarrier(page, 'settings with a worker');
  await page.goto(`/#/run/${execution_id}`);
  await page.request.post(`${tower.ready.agents}/v1/executions/${execution_id}/outcome`, { ...door, data: { success: true, summary: 'Made 12 thumbnails.' } });
  await expect(verdict(page, 'Confirmed')).toHaveAttribute('data-state', 'claimed');
});

test('a watched cue has a URL to ping, with lines for a crontab; its pings make a run', async ({ window: page }) => {
  await page.goto('/#/cue/new');
  await page.getByLabel('Cue', { exact: true }).fill('backup');
  await page.getByRole('radio', { name: 'Watch only' }).check();
  await expect(page.getByRole('heading', { name: 'If late, if busy' })).toHaveCount(0);
  await expect(page.getByLabel('Attempts in all')).toHaveCount(0);
  await page.getByRole('radio', { name: 'Recurring' }).check();
  await page.getByLabel('Cron').fill('30 2 * * *');
  await page.getByRole('radio', { name: 'Exit code' }).check();
  await page.getByRole('button', { name: 'Save and arm' }).click();
  await page.getByTestId('lane-backup').dblclick();
  const url = await page.getByTestId('ping-url').innerText();
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/ping\//);
  await expect(page.getByRole('tabpanel', { name: 'crontab' })).toContainText(`30 2 * * * cuetowerctl exec --ping ${url} -- your-command`);
  await expectNoBarrier(page, 'the editor of a watched cue');
  expect((await page.request.post(`${url}/start`)).ok()).toBe(true);
  expect((await page.request.post(`${url}/0`)).ok()).toBe(true);
  await page.goto('/#/board');
  await page.getByTestId('lane-backup').click();
  await page.getByRole('complementary', { name: 'Selected cue' }).getByRole('button', { name: /Confirmed/ }).click();
  await expect(page.getByRole('complementary', { name: 'Selected run' })).toContainText('Delivered');
});
