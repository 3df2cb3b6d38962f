//! A cue made in under a minute: by mouse, by keyboard alone, in words, with a test fire before it is saved, and by lines that do the same.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Locator, Page } from '@playwright/test';
import { byHand, expect, make, test } from '../support/desk';
import { expectNoBarrier, expectToFit, look, picture, SIZES } from '../support/look';
import { BINARIES } from '../support/places';

type Ask = <T = unknown>(command: string, request?: unknown) => Promise<T>;
type Definition = Record<string, unknown>;

const run = promisify(execFile);
const MOST = 12;
const trial = (page: Page) => page.getByRole('region', { name: 'Test fire' });
const trialVerdict = (page: Page) => page.getByTestId('trial-verdicts');
const names = async (ask: Ask) => (await ask<{ cues: { name: string }[] }>('board', { from_ms: 0, to_ms: 4e12 })).cues.map((cue) => cue.name);

/** Does what a person does, and counts it: a click, or a text that is typed into one field. */
class Hand {
  acts = 0;
  async click(where: Locator): Promise<void> {
    this.acts++;
    await where.click();
  }
  async type(where: Locator, text: string): Promise<void> {
    this.acts++;
    await where.click();
    await where.fill('');
    await where.pressSequentially(text);
  }
}

async function defined(ask: Ask, name: string): Promise<{ id: string; definition: Definition; status: string; words: string }> {
  const { cues } = await ask<{ cues: { id: string; name: string }[] }>('board', { from_ms: 0, to_ms: 1 });
  return await ask('cue_get', { cue_id: cues.find((cue) => cue.name === name)?.id });
}

test('a newcomer makes a cue: from the empty board to armed and once confirmed', async ({ window: page, ask }) => {
  const hand = new Hand();
  const begun = Date.now();
  await hand.click(page.getByRole('link', { name: /^Nightly command/ }));
  await hand.type(page.getByLabel('Cue', { exact: true }), 'lead-digest');
  await hand.type(page.getByLabel('Command, no shell'), 'echo 42 leads');
  await hand.type(page.getByLabel('In words'), 'every weekday at 9 in Madrid');
  await expect(page.getByLabel('Cron')).toHaveValue('0 9 * * 1-5');
  await expect(page.getByLabel('Zone', { exact: true })).toHaveValue('Europe/Madrid');
  await expect(page.getByRole('complementary', { name: 'Read back' })).toContainText('Madrid time, start echo in ~.');
  await hand.click(page.getByRole('button', { name: 'Test fire' }));
  await expect(trial(page).getByRole('status')).toHaveText('Confirmed: the proof agrees.');
  await expect(trial(page)).toContainText('42 leads');
  await expect(trial(page)).toContainText('It did what the form asks for, and proved it.');
  await hand.click(page.getByRole('button', { name: 'Save and arm' }));
  await expect(page.getByRole('status').filter({ hasText: 'lead-digest is armed' })).toBeVisible();
  await expect(page.getByTestId('lane-lead-digest')).toBeVisible();
  const took_ms = Date.now() - begun;

  const cue = await defined(ask, 'lead-digest');
  expect(cue).toMatchObject({ status: 'active', definition: { schedule: { cron: '0 9 * * 1-5', timezone: 'Europe/Madrid' }, command: { argv: ['echo', '42', 'leads'] }, confirm: 'exit_code' } });
  expect(hand.acts, 'clicks and fields from the empty board').toBeLessThanOrEqual(MOST);
  expect(took_ms, 'the machine’s part of a newcomer’s minute').toBeLessThan(30_000);
  // What was fired before it was saved is no cue any more; the ledger has its run.
  await expect.poll(() => names(ask)).toEqual(['lead-digest']);
  const { marks } = await ask<{ marks: { run_id: string; confirmed: string }[] }>('ledger', { cue_id: null, before_ms: null, limit: 50 });
  expect(marks.map((mark) => mark.confirmed)).toEqual(['confirmed']);
  expect(await ask('run_get', { run_id: marks[0]?.run_id })).toMatchObject({ cue: { name: 'lead-digest (test fire)', deleted: true } });
});

test('the same by keyboard alone', async ({ window: page, ask }) => {
  let keys = 0;
  const press = async (...chords: string[]) => {
    for (const chord of chords) {
      keys++;
      await page.keyboard.press(chord);
    }
  };
  await press('n');
  await expect(page.getByRole('form', { name: 'Editor' })).toBeVisible();
  await press('Tab');
  await expect(page.getByLabel('Cue', { exact: true })).toBeFocused();
  await page.keyboard.type('lead-digest');
  await press('Tab', 'Tab', 'ArrowRight', 'ArrowRight');
  await expect(page.getByRole('radio', { name: 'Command' })).toBeChecked();
  await press('Tab');
  await page.keyboard.type('echo 42 leads');
  // Over: folder, shell, three folds, the kinds of schedule.
  while (!(await page.getByLabel('In words').evaluate((el) => el === document.activeElement))) {
    await press('Tab');
    expect(keys, 'the words are a few tabs away').toBeLessThan(20);
  }
  await page.keyboard.type('every weekday at 9');
  // Out of the field, and fire.
  await press('Escape', 't');
  await expect(trial(page).getByRole('status')).toHaveText('Confirmed: the proof agrees.');
  await press('Control+s');
  await expect(page.getByTestId('lane-lead-digest')).toBeVisible();
  expect((await defined(ask, 'lead-digest')).definition).toMatchObject({ schedule: { cron: '0 9 * * 1-5' }, confirm: 'exit_code' });
  expect(keys, 'keys besides what is typed into the fields').toBeLessThanOrEqual(20);
});

test('single letters are text where text is typed, and Ctrl Enter fires from there', async ({ window: page }) => {
  await page.goto('/#/cue/new?from=hand');
  const name = page.getByLabel('Cue', { exact: true });
  await name.fill('');
  await name.pressSequentially('test');
  await expect(trial(page)).toHaveCount(0);
  await expect(name).toHaveValue('test');
  await page.keyboard.press('Control+Enter');
  await expect(trial(page)).toContainText('hello from the tower');
  await expect(name).toBeFocused();
});

test('a schedule is said in words, clicked together, or written as a cron: all three agree', async ({ window: page }) => {
  await page.goto('/#/cue/new?from=nightly');
  const words = page.getByLabel('In words');
  await expect(words).toHaveValue('every day at 02:30');
  await words.fill('every 20 minutes');
  await expect(page.getByLabel('How often', { exact: true })).toHaveValue('minutes');
  await expect(page.getByLabel('Cron')).toHaveValue('*/20 * * * *');
  await page.getByLabel('How often', { exact: true }).selectOption('weekly');
  await expect(words).toHaveValue('every weekday at 09:00');
  await page.getByLabel('Cron').fill('15 14 * * 1,4');
  await expect(words).toHaveValue('every Monday and Thursday at 14:15');
  await words.fill('tomorrow at 7:30');
  await expect(page.getByRole('radio', { name: 'Once', exact: true })).toBeChecked();
  await expect(page.getByLabel('At', { exact: true })).toHaveValue(/^\d{4}-\d\d-\d\d 07:30$/);
  await expect(words).toBeFocused();
  await words.fill('every 90 minutes');
  await expect(page.getByRole('radio', { name: 'Interval' })).toBeChecked();
  await expect(page.getByLabel('Gap', { exact: true })).toHaveValue('90');

  // What is not understood is said, is not saved as something else, and is gone once it is said otherwise.
  await words.fill('every blue moon');
  await page.getByLabel('Cue', { exact: true }).focus();
  await expect(words).toHaveAccessibleDescription(/“every blue moon” is not understood/);
  await expect(page.getByRole('complementary', { name: 'Read back' })).toContainText('The words are not understood. This is what stood before them.');
  await picture(page, 'editor-words-not-understood');
  await page.getByRole('button', { name: 'Save and arm' }).click();
  await expect(words).toBeFocused();
  await expect(page.getByRole('status').filter({ hasText: '1 thing to mend: In words' })).toBeVisible();
  await page.getByRole('radio', { name: 'Recurring' }).check();
  await expect(words).toHaveValue('every Monday and Thursday at 14:15');
  await expect(page.getByText('to mend')).toHaveCount(0);
});

test('a test fire shows a lie before the cue is armed', async ({ window: page, ask, agent }) => {
  const liar = await agent({ success: true, processed: 3, summary: 'Scored 200 leads.' });
  await page.goto('/#/cue/new?from=hourly');
  await page.getByLabel('Cue', { exact: true }).fill('score-leads');
  await page.getByLabel('Address').fill(liar.address);
  await page.getByLabel('Processed, at least').fill('150');
  await page.getByRole('button', { name: 'Test fire' }).click();
  await expect(trial(page).getByRole('status')).toHaveText(/reported 3/i);
  await expect(trial(page).getByRole('list', { name: 'Proof' })).toContainText('At least 150 processed');
  await expect(trial(page)).toContainText('Scored 200 leads.');
  await expect(trialVerdict(page)).toContainText(/Ran[^]*Delivered[^]*Refuted/);
  await expect(trial(page).getByRole('button', { name: 'Arm it now' })).toHaveCount(0);
  expect(liar.requests).toHaveLength(1);
  // The form stands as it was; changed, it is fired again.
  await page.getByLabel('Processed, at least').fill('2');
  await expect(trial(page)).toContainText('The form has changed since.');
  await trial(page).getByRole('button', { name: 'Fire again' }).click();
  await expect(trial(page).getByRole('status')).toHaveText('Confirmed: the proof agrees.');
  // Nothing of it stays on the board, and no alert either.
  await expect.poll(() => names(ask)).toEqual([]);
  const { alerts } = await ask<{ alerts: { state: string }[] }>('alerts', { limit: 50 });
  expect(alerts.map((alert) => alert.state)).not.toContain('open');
  await trial(page).getByRole('link', { name: 'Open run' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Confirmed: the proof agrees.');
  await expect(page.getByText('score-leads (test fire)')).toBeVisible();
  await page.goBack();
  await expect(trial(page).getByRole('status')).toHaveText('Confirmed: the proof agrees.');
  await trial(page).getByRole('button', { name: 'Arm it now' }).click();
  await expect(page.getByTestId('lane-score-leads')).toBeVisible();
});

test('a test fire is watched while it goes on, and stopped', async ({ window: page, ask }) => {
  await page.goto('/#/cue/new?from=hand');
  await page.getByLabel('Command, no shell').fill('sh -c "echo begun; exec sleep 600"');
  await page.getByRole('button', { name: 'Test fire' }).click();
  await expect(trial(page).getByTestId('log-stdout')).toContainText('begun');
  await expect(trial(page).getByRole('status')).toHaveText('Running.');
  await trial(page).getByRole('button', { name: 'Stop it' }).click();
  await expect(trial(page).getByRole('status')).toHaveText('Stopped before it reported.');
  await expect.poll(() => names(ask)).toEqual([]);
});

test('a test fire of a cue that stands runs the form, and leaves the cue alone', async ({ window: page, ask }) => {
  const [cue] = await make(ask, [byHand('steady', ['echo', 'as saved'], { agent: 'scribe', on_success_fire: null })]);
  await page.goto(`/#/cue/${cue?.id}`);
  await page.getByLabel('Command, no shell').fill('echo as typed');
  await page.getByRole('button', { name: 'Test fire' }).click();
  await expect(trial(page)).toContainText('as typed');
  await expect.poll(() => names(ask)).toEqual(['steady']);
  expect((await defined(ask, 'steady')).definition).toMatchObject({ command: { argv: ['echo', 'as saved'] } });
  expect(await ask('cue_get', { cue_id: cue?.id })).toMatchObject({ revision: 1, run_count: 0 });
});

test('what the host refuses of a test fire stands at its field, and what is only watched is not fired', async ({ window: page }) => {
  await page.goto('/#/cue/new?from=hand');
  const agent = page.getByLabel('Agent', { exact: true });
  await agent.fill('x'.repeat(256));
  await page.getByRole('button', { name: 'Test fire' }).click();
  await expect(agent).toHaveAccessibleDescription(/255/);
  await expect(agent).toBeFocused();
  await expect(trial(page)).toHaveCount(0);
  await page.getByRole('radio', { name: 'Watch only' }).check();
  await expect(page.getByRole('button', { name: 'Test fire' })).toBeDisabled();
});

test('a secret is made in place and lent, and its value is nowhere in the page', async ({ window: page, ask }) => {
  await page.goto('/#/cue/new?from=hand');
  await page.getByLabel('Command, no shell').fill('sh -c \'test ${#STRIPE_KEY} = 14 && echo it fits\'');
  await page.getByRole('button', { name: 'Lend a secret' }).click();
  await expect(page.getByLabel('Which secret')).toBeFocused();
  await page.getByRole('button', { name: 'Keep and lend it' }).click();
  await expect(page.getByLabel('Name of the secret')).toHaveAccessibleDescription(/Give it a name/);
  await page.getByLabel('Name of the secret').fill('STRIPE_KEY');
  await page.getByLabel('Value', { exact: true }).fill('open-sesame-42');
  await page.getByRole('button', { name: 'Keep and lend it' }).click();
  await expect(page.getByRole('list', { name: 'Lent secrets' })).toContainText('STRIPE_KEY as variable STRIPE_KEY');
  await expect(page.getByRole('complementary', { name: 'Read back' })).toContainText('It is lent STRIPE_KEY.');
  await page.getByRole('button', { name: 'Test fire' }).click();
  await expect(trial(page)).toContainText('it fits');
  await page.getByRole('button', { name: 'Lend another' }).click();
  await page.getByLabel('How it is lent').selectOption('lease');
  await page.getByLabel('Which secret').selectOption('STRIPE_KEY');
  await page.getByRole('button', { name: 'Lend it' }).click();
  await expect(page.getByRole('list', { name: 'Lent secrets' }).getByRole('listitem')).toHaveCount(2);
  expect(await page.evaluate(() => JSON.stringify({ ...sessionStorage, ...localStorage }) + [...document.querySelectorAll('input')].map((input) => input.value).join()), 'the form that is kept').not.toContain('sesame');
  await page.getByRole('button', { name: 'Save and arm' }).click();
  await expect(page.getByTestId('lane-say-hello')).toBeVisible();
  expect((await defined(ask, 'say-hello')).definition).toMatchObject({ command: { env: { STRIPE_KEY: '{{secret:STRIPE_KEY}}' } }, secrets: ['STRIPE_KEY'] });
  await page.getByTestId('lane-say-hello').dblclick();
  await page.getByRole('button', { name: 'Lend STRIPE_KEY no more' }).first().click();
  await page.getByRole('button', { name: 'Lend STRIPE_KEY no more' }).click();
  await page.getByRole('button', { name: 'Save and arm' }).click();
  await expect(page.getByTestId('lane-say-hello')).toBeVisible();
  const { definition } = await defined(ask, 'say-hello');
  expect(definition['secrets']).toEqual([]);
  expect(JSON.stringify(definition)).not.toContain('secret:STRIPE_KEY');
});

test('a form outlives a reload, and is asked about before it is thrown away', async ({ window: page }) => {
  await page.goto('/#/cue/new');
  await page.getByLabel('Cue', { exact: true }).fill('half-done');
  await page.getByLabel('In words').fill('every blue moon');
  await page.reload();
  await expect(page.getByLabel('Cue', { exact: true })).toHaveValue('half-done');
  await expect(page.getByLabel('In words')).toHaveValue('every blue moon');
  await page.getByRole('button', { name: 'Cancel' }).click();
  const dialog = page.getByRole('dialog', { name: 'Throw away what you typed?' });
  await dialog.getByRole('button', { name: 'Keep it' }).click();
  await expect(dialog).toHaveCount(0);
  await expect(page.getByLabel('Cue', { exact: true })).toHaveValue('half-done');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await dialog.getByRole('button', { name: 'Throw it away' }).click();
  await expect(page).toHaveURL(/#\/board$/);
  await page.goto('/#/cue/new');
  await expect(page.getByLabel('Cue', { exact: true })).toHaveValue('');
});

/** A cue with something of everything that can be written, and signs that shells and languages read as their own. */
const WRITTEN: Definition = {
  name: 'lead-digest', agent: 'lead “scout”', transport: 'command', confirm: 'exit_code',
  command: { argv: ['sh', '-c', 'echo "it\'s $HOME" `date` \\n; printf \'%s\' true'], env: { NOTE: '${HOME}\n"two" lines' } },
  schedule: { type: 'recurring', cron: '0 9 * * 1-5', timezone: 'Europe/Berlin' }, payload: { on: true, off: false, nothing: null, list: [1, 'two', { three: 3.5 }] },
  expect: { evidence: ['summary'], min_processed: 1 }, checks: [{ check: 'file', path: '/tmp/it\'s here', newer_than_fire: true }], gate: { before_confirmation: true }, budget: { run: { cost_usd: 0.6, tokens: 5000 } },
  secrets: ['STRIPE_KEY'], on_failure: { pause: true }, retry: { max_attempts: 2, backoff_minutes: [1] }
};

async function shown(page: Page, tab: string): Promise<string> {
  const region = page.getByRole('complementary', { name: 'Read back' });
  await region.getByRole('tab', { name: tab }).click();
  return (await region.getByRole('tabpanel').locator('pre').textContent()) ?? '';
}

test('JSON, curl, CLI and Python make the same cue as the button', async ({ window: page, ask, tower, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const [cue] = await make(ask, [WRITTEN]);
  await page.goto(`/#/cue/${cue?.id}`);
  const standing = await defined(ask, 'lead-digest');
  await ask('cue_delete', { cue_id: cue?.id });
  // A new form with that very definition in it, as a copy of the cue would be.
  const [copied] = await make(ask, [WRITTEN]);
  await page.goto(`/#/cue/new?from=${copied?.id}`);
  await page.getByLabel('Cue', { exact: true }).fill('lead-digest');
  await ask('cue_delete', { cue_id: copied?.id });
  const environment = { ...process.env, PATH: `${BINARIES}:${process.env['PATH'] ?? ''}`, CUETOWER_KEY: tower.ready.key };
  for (const tab of ['JSON', 'curl', 'CLI', 'Python']) {
    const code = await shown(page, tab);
    await page.getByRole('complementary', { name: 'Read back' }).getByRole('button', { name: 'Copy' }).click();
    expect(await page.evaluate(() => navigator.clipboard.readText()), `${tab}: what is copied is what is shown`).toBe(code);
    if (tab === 'JSON') await ask('cue_create', { definition: JSON.parse(code) as unknown });
    else await (tab === 'Python' ? run('python3', ['-c', code], { env: environment }) : run('bash', ['-c', code], { env: environment }));
    const made = await defined(ask, 'lead-digest');
    expect(made.definition, tab).toEqual(standing.definition);
    await ask('cue_delete', { cue_id: made.id });
  }
});

test('the same lines change a cue that stands, what is left out included', async ({ window: page, ask, tower }) => {
  const environment = { ...process.env, PATH: `${BINARIES}:${process.env['PATH'] ?? ''}`, CUETOWER_KEY: tower.ready.key };
  const [cue] = await make(ask, [WRITTEN]);
  await page.goto(`/#/cue/${cue?.id}`);
  await page.getByLabel('Agent', { exact: true }).fill('');
  await page.getByLabel('Processed, at least').fill('');
  await page.getByRole('button', { name: 'Lend STRIPE_KEY no more' }).click();
  await page.getByLabel('Ask me before it counts').uncheck();
  await page.getByLabel('Tokens of a run').fill('');
  const lines = { curl: await shown(page, 'curl'), CLI: await shown(page, 'CLI'), Python: await shown(page, 'Python') };
  const before = (await defined(ask, 'lead-digest')).definition;
  await page.getByRole('button', { name: 'Save', exact: false }).last().click();
  await expect(page.getByTestId('lane-lead-digest')).toBeVisible();
  const wanted = (await defined(ask, 'lead-digest')).definition;
  expect(wanted).not.toEqual(before);
  for (const [tab, code] of Object.entries(lines)) {
    await ask('cue_update', { cue_id: cue?.id, revision: null, definition: before });
    await (tab === 'Python' ? run('python3', ['-c', code], { env: environment }) : run('bash', ['-c', code], { env: environment }));
    expect((await defined(ask, 'lead-digest')).definition, tab).toEqual(wanted);
  }
});

for (const size of SIZES) {
  test(`the editor with its test fire, ${size.width}`, async ({ window: page, ask }) => {
    test.setTimeout(120_000);
    await page.setViewportSize(size);
    await ask('secret_set', { name: 'STRIPE_KEY', value: 'not shown' });
    await page.goto('/#/cue/new?from=nightly');
    await page.getByLabel('Command, no shell').fill('sh -c "echo 12 commits; echo wrote CHANGES.md; echo slow >&2"');
    await page.getByLabel('Zone', { exact: true }).fill('Europe/Madrid');
    const list = page.getByRole('list', { name: size.width > 1080 ? 'Next 10 fires' : 'Next 5 fires' });
    await expect(list.getByRole('listitem')).toHaveCount(size.width > 1080 ? 10 : 5);
    await expect(page.getByRole('region', { name: /^Next \d+ fires$/ })).toContainText(/has no 02:30|twice/);
    await look(page, 'editor-new');
    await page.getByRole('button', { name: 'Test fire' }).click();
    await expect(trial(page)).toContainText('It did what the form asks for');
    await expect(trial(page)).toContainText('wrote CHANGES.md');
    await look(page, 'editor-tried');
    await page.getByRole('button', { name: 'Lend a secret' }).click();
    await look(page, 'editor-secret');
    await page.getByRole('button', { name: 'Keep and lend it' }).or(page.getByRole('button', { name: 'Lend it' })).scrollIntoViewIfNeeded();
    for (const tab of ['curl', 'CLI', 'Python']) {
      await shown(page, tab);
      await expectNoBarrier(page, `the lines: ${tab}`);
      await expectToFit(page, `the lines: ${tab}`);
    }
    await page.getByRole('button', { name: 'Cancel' }).first().click();
    await look(page, 'editor-throw-away');
  });
}

test('the result of a test fire as a tree', async ({ window: page }) => {
  await page.goto('/#/cue/new?from=hand');
  await page.getByRole('button', { name: 'Test fire' }).click();
  await expect(trial(page)).toContainText('It did what the form asks for');
  await expect(trial(page)).toMatchAriaSnapshot(`
    - region "Test fire":
      - heading "Test fire" [level=2]
      - text: /\\d+/
      - link "Open run"
      - button "Close the test fire"
      - status: "Confirmed: the proof agrees."
      - text: /Ran fired by hand .* Delivered .* Confirmed/
      - list "Proof":
        - listitem: /Ends with exit code 0 after/
      - heading "Standard output" [level=2]
      - button "Copy standard output"
      - region "Standard output": hello from the tower
      - paragraph: It did what the form asks for, and proved it.
      - button "Fire again"
      - button "Arm it now"
  `);
});
