//! A cue from its first letter to a confirmed run, by clicking.
import { byHand, expect, make, test, verdict } from '../support/desk';

test('a command cue is made, armed, fired, and confirmed before one’s eyes', async ({ window: page }) => {
  await page.getByRole('link', { name: 'New cue' }).or(page.getByRole('button', { name: 'New cue' })).first().click();
  await page.getByLabel('Cue', { exact: true }).fill('say-hello');
  await page.getByLabel('Agent', { exact: true }).fill('greeter');
  await page.getByRole('radio', { name: 'Command' }).check();
  await page.getByLabel('Command, no shell').fill('sh -c "sleep 1; echo \'hello, tower\'"');
  await page.getByLabel('In folder').fill('/tmp');
  await page.getByRole('radio', { name: 'Recurring' }).check();
  await page.getByLabel('Zone').fill('Europe/Madrid');
  await page.getByLabel('Cron').fill('30 2 * * *');
  await expect(page.getByRole('list', { name: 'Next 10 fires' }).getByRole('listitem')).toHaveCount(10);
  await expect(page.getByRole('list', { name: 'Next 10 fires' }).getByRole('listitem').first()).toContainText('02:30');
  await expect(page.getByRole('complementary', { name: 'Read back' })).toContainText('start sh in /tmp for the agent greeter.');
  await page.getByRole('radio', { name: 'Exit code' }).check();
  await page.getByRole('button', { name: 'Save and arm' }).click();

  // The board has its lane, and the cue is chosen.
  await expect(page).toHaveURL(/#\/board$/);
  await expect(page.getByTestId('lane-say-hello')).toHaveAttribute('aria-current', 'true');
  await page.evaluate(() => Object.assign(globalThis, { sameWindow: true }));
  await page.getByRole('button', { name: 'Fire now' }).click();
  await page.getByRole('button', { name: 'Open run' }).click();
  await expect(page).toHaveURL(/#\/run\//);
  await expect(verdict(page, 'Scheduled')).toHaveAttribute('data-state', 'ran');
  await expect(verdict(page, 'Delivered')).toHaveAttribute('data-state', 'delivered');
  await expect(verdict(page, 'Confirmed')).toHaveAttribute('data-state', 'working');
  await expect(verdict(page, 'Confirmed')).toHaveAttribute('data-state', 'confirmed');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Confirmed: the proof agrees.');
  await expect(page.getByRole('tabpanel')).toContainText('hello, tower');
  await expect(page.getByRole('region', { name: 'Verdicts' })).toContainText('exit code 0');
  expect(await page.evaluate(() => 'sameWindow' in globalThis), 'the page was never loaded again').toBe(true);
});

test('a schedule that cannot be read is told at its field, and nothing is saved', async ({ window: page, ask }) => {
  await page.goto('/#/cue/new?from=nightly');
  const cron = page.getByLabel('Cron');
  await cron.fill('99 2 * * *');
  await expect(cron).toHaveAttribute('aria-invalid', 'true');
  await expect(cron).toHaveAccessibleDescription(/99/);
  await expect(page.getByRole('region', { name: 'Next 10 fires' })).toContainText('cannot be read');
  await page.getByRole('button', { name: 'Save and arm' }).click();
  await expect(cron).toBeFocused();
  expect((await ask<{ cues: unknown[] }>('board', { from_ms: 0, to_ms: 1 })).cues).toEqual([]);
  await cron.fill('59 2 * * *');
  await expect(cron).not.toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByRole('list', { name: 'Next 10 fires' }).getByRole('listitem')).toHaveCount(10);
});

test('what the host refuses stands at its field', async ({ window: page, ask }) => {
  await make(ask, [byHand('taken', ['true'])]);
  await page.goto('/#/cue/new?from=hand');
  await page.getByLabel('Command, no shell').fill('say "hello');
  await page.getByRole('button', { name: 'Save and arm' }).click();
  await expect(page.getByLabel('Command, no shell')).toHaveAccessibleDescription('A double quote is not closed.');
  await page.getByLabel('Command, no shell').fill('true');
  await page.getByLabel('Zone').isHidden();
  const agent = page.getByLabel('Agent', { exact: true });
  await agent.fill('x'.repeat(256));
  await page.getByRole('button', { name: 'Save and arm' }).click();
  await expect(agent).toHaveAccessibleDescription(/255/);
  await expect(agent).toBeFocused();
});

test('what the form itself knows is wrong is said all at once, in its own words', async ({ window: page }) => {
  await page.goto('/#/cue/new?from=hand');
  await page.getByRole('radio', { name: 'Webhook' }).check();
  await page.getByLabel('Address').fill('localhost:9000');
  await page.getByLabel('Errors, at most (%)').fill('200');
  await page.getByLabel('Outcome due within (s)').fill('7200');
  await page.getByRole('button', { name: 'Save and arm' }).click();
  await expect(page.getByLabel('Address')).toBeFocused();
  await expect(page.getByLabel('Address')).toHaveAccessibleDescription(/begins with http/);
  await expect(page.getByLabel('Errors, at most (%)')).toHaveAccessibleDescription('Percent, 0 to 100.');
  await expect(page.getByLabel('Outcome due within (s)')).toHaveAccessibleDescription('Seconds from 0.1 to 3600, such as 300.');
});

test('what was opened by hand stays open while one types elsewhere, and half JSON opens it again', async ({ window: page }) => {
  await page.goto('/#/cue/new?from=hand');
  const payload = page.getByLabel('JSON, handed to the agent with every run');
  for (const what of ['Environment', 'Payload']) await page.getByText(what, { exact: true }).click();
  await expect(page.getByRole('button', { name: 'Add variable' })).toBeVisible();
  await page.getByLabel('Cue', { exact: true }).pressSequentially('typed');
  await page.getByLabel('Command, no shell').fill('true');
  await page.getByRole('radio', { name: 'Recurring' }).check();
  await page.getByLabel('Cron').fill('99 2 * * *');
  await expect(page.getByLabel('Cron')).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByRole('button', { name: 'Add variable' })).toBeVisible();
  await expect(payload).toBeVisible();
  await page.getByRole('radio', { name: 'Manual' }).check();
  await payload.fill('{ "a": ');
  await page.getByText('Payload', { exact: true }).click();
  await expect(payload).toBeHidden();
  await page.getByRole('button', { name: 'Save and arm' }).click();
  await expect(payload).toBeVisible();
  await expect(payload).toBeFocused();
});

test('a clock change that touches the cue is noted', async ({ window: page }) => {
  await page.goto('/#/cue/new?from=nightly');
  await page.getByLabel('Zone').fill('Europe/Madrid');
  await expect(page.getByRole('region', { name: 'Next 10 fires' })).toContainText(/has no 02:30|has it twice|twice/);
});

test('a cue is edited, its changes shown everywhere at once', async ({ window: page, ask }) => {
  const [cue] = await make(ask, [byHand('before', ['echo', 'two words'], { agent: 'scribe', payload: { segment: 'trial' } })]);
  await page.getByTestId('lane-before').dblclick();
  await expect(page.getByLabel('Command, no shell')).toHaveValue("echo 'two words'");
  await expect(page.getByLabel('Agent', { exact: true })).toHaveValue('scribe');
  await page.getByLabel('Cue', { exact: true }).fill('after');
  await page.getByRole('button', { name: 'Save and arm' }).click();
  await expect(page.getByTestId('lane-after')).toBeVisible();
  await expect(page.getByTestId('lane-before')).toHaveCount(0);
  const saved = await ask<{ definition: { name: string; agent: string; command: { argv: string[] }; payload: unknown } }>('cue_get', { cue_id: cue?.id });
  expect(saved.definition).toMatchObject({ name: 'after', agent: 'scribe', command: { argv: ['echo', 'two words'] }, payload: { segment: 'trial' } });
});

test('two editors: the later one is told, and loses nothing by asking for the newer cue', async ({ window: page, ask }) => {
  const [cue] = await make(ask, [byHand('shared', ['true'])]);
  await page.goto(`/#/cue/${cue?.id}`);
  await page.getByLabel('Agent', { exact: true }).fill('mine');
  const { definition } = await ask<{ definition: Record<string, unknown> }>('cue_get', { cue_id: cue?.id });
  await ask('cue_update', { cue_id: cue?.id, revision: null, definition: { ...definition, agent: 'theirs' } });
  await page.getByRole('button', { name: 'Save and arm' }).click();
  await page.getByRole('button', { name: 'Load the newer one' }).click();
  await expect(page.getByLabel('Agent', { exact: true })).toHaveValue('theirs');
});

test('a form that was left is found again as it was', async ({ window: page }) => {
  await page.goto('/#/cue/new');
  await page.getByLabel('Cue', { exact: true }).fill('half-done');
  await page.getByRole('link', { name: 'Secrets' }).click();
  await page.goto('/#/cue/new');
  await expect(page.getByLabel('Cue', { exact: true })).toHaveValue('half-done');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Throw it away' }).click();
  await page.goto('/#/cue/new');
  await expect(page.getByLabel('Cue', { exact: true })).toHaveValue('');
});

test('paused, resumed, deleted', async ({ window: page, ask }) => {
  await make(ask, [{ ...byHand('nightly', ['true']), schedule: { type: 'recurring', cron: '30 2 * * *', timezone: 'UTC' } }]);
  const lane = page.getByTestId('lane-nightly');
  await lane.click();
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await expect(lane).toContainText('Paused');
  await page.getByRole('button', { name: 'Resume' }).click();
  await expect(lane).not.toContainText('Paused');
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete nightly' }).click();
  await expect(page.getByRole('heading', { name: 'Nothing is scheduled yet.' })).toBeVisible();
});

test('a cue for one time fires once, on the clock of its zone', async ({ window: page, ask }) => {
  const year = new Date().getUTCFullYear() + 1;
  await page.goto('/#/cue/new?from=hand');
  await page.getByRole('radio', { name: 'Once' }).check();
  await page.getByLabel('Zone').fill('Europe/Berlin');
  await page.getByLabel('At', { exact: true }).fill('2001-01-01 09:00');
  await expect(page.getByLabel('At', { exact: true })).toHaveAccessibleDescription(/has passed/);
  await page.getByLabel('At', { exact: true }).fill(`${year}-07-01 09:00`);
  const fires = page.getByRole('list', { name: 'Next 10 fires' }).getByRole('listitem');
  await expect(fires).toHaveCount(1);
  await expect(fires).toContainText(`1 Jul ${year}`);
  await expect(fires).toContainText('09:00');
  await page.getByRole('button', { name: 'Save and arm' }).click();
  await page.getByTestId('lane-say-hello').dblclick();
  await expect(page.getByLabel('At', { exact: true })).toHaveValue(`${year}-07-01 09:00`);
  const { cues } = await ask<{ cues: { next_run_ms: number }[] }>('board', { from_ms: 0, to_ms: 1 });
  expect(cues.map((cue) => new Date(cue.next_run_ms).toISOString())).toEqual([`${year}-07-01T07:00:00.000Z`]);
});

test('a header that looks like a secret belongs in the keyring, and is lent from there', async ({ window: page, agent, ask }) => {
  const eager = await agent({ success: true });
  await ask('secret_set', { name: 'SESAME', value: 'Bearer open-sesame' });
  await page.goto('/#/cue/new');
  await page.getByLabel('Cue', { exact: true }).fill('guarded');
  await page.getByLabel('Address').fill(eager.address);
  await page.getByRole('radio', { name: 'Manual' }).check();
  await page.getByText('Headers').click();
  await page.getByRole('button', { name: 'Add header' }).click();
  await page.getByLabel('Name of header 1').fill('Authorization');
  await page.getByLabel('Value of header 1').fill('Bearer open-sesame');
  await page.getByRole('button', { name: 'Save and arm' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'looks like a secret' })).toBeVisible();
  await page.getByLabel('Value of header 1').fill('{{secret:SESAME}}');
  await page.getByRole('button', { name: 'Save and arm' }).click();
  await page.getByTestId('lane-guarded').dblclick();
  await expect(page.getByLabel('Value of header 1')).toHaveValue('{{secret:SESAME}}');
  await page.getByRole('button', { name: 'Fire now' }).click();
  await expect(page.getByRole('complementary', { name: 'Selected run' })).toContainText('Claimed');
  expect(eager.requests.map((request) => request.headers.authorization)).toEqual(['Bearer open-sesame']);
  expect(JSON.stringify(await ask('board', { from_ms: 0, to_ms: 4e12 }))).not.toContain('open-sesame');
});
