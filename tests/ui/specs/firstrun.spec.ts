//! The first minutes: an empty tower explains itself, and each of its ways in really leads in, and is seen to.
import type { Page } from '@playwright/test';
import { expect, test } from '../support/desk';
import { door } from '../support/door';
import { look, SIZES } from '../support/look';
import { copied, inPython, inShell, pythonWith, SDK } from '../support/pasted';

/** Opens the lines of one way. */
async function way(page: Page, name: RegExp) {
  await page.getByRole('button', { name }).click();
  const dialog = page.getByRole('dialog', { name: 'Connect an agent' });
  await expect(dialog.getByRole('tab', { name })).toHaveAttribute('aria-selected', 'true');
  await expect(dialog.getByRole('status')).toContainText('Nothing has arrived yet.');
  return dialog;
}

/** On to what has this name, by Tab alone. */
async function tabTo(page: Page, name: RegExp) {
  const named = () => page.evaluate(() => document.activeElement?.textContent?.trim() ?? '');
  for (let i = 0; i < 60 && !name.test(await named()); i++) await page.keyboard.press('Tab');
  expect(await named()).toMatch(name);
}

test.beforeEach(async ({ window: page, tower }) => {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: tower.origin });
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Nothing is scheduled yet.');
});

test.describe('lines to copy work as they are, and the page says what arrived', () => {
  test('curl, with the key from the environment', async ({ window: page, tower }) => {
    const dialog = await way(page, /^curl/);
    const lines = await copied(page, () => dialog.getByRole('button', { name: 'Copy', exact: true }).click());
    expect(lines).toContain('$CUETOWER_KEY');
    await inShell(lines, { CUETOWER_KEY: tower.ready.key });
    await expect(dialog.getByRole('status')).toContainText(/my-agent beat at \d\d:\d\d:\d\d and said: “Processed 1\.”/);
    expect(await page.content(), 'the key is never on screen').not.toContain(tower.ready.key);
    await dialog.getByRole('link', { name: 'Show my-agent' }).click();
    await expect(page).toHaveURL(/#\/agents\/my-agent$/);
    await expect(page.getByRole('region', { name: 'my-agent' })).toBeVisible();
    await expect(dialog).toHaveCount(0);
  });

  test('Python, under a name of its own', async ({ window: page, tower }) => {
    const dialog = await way(page, /^Python nothing/);
    await dialog.getByLabel('Its name').fill("it's");
    await expect(dialog.getByLabel('Its name')).toHaveAccessibleDescription(/Letters, digits/);
    await dialog.getByLabel('Its name').fill('lead-scout');
    const lines = await copied(page, () => dialog.getByRole('button', { name: 'Copy with your key' }).click());
    expect(lines).toContain(tower.ready.key);
    await inPython(lines);
    await expect(dialog.getByRole('status')).toContainText('lead-scout beat at');
  });

  test('Python with steps', async ({ window: page }) => {
    const dialog = await way(page, /^Python, with steps/);
    await inShell(await copied(page, () => dialog.getByRole('button', { name: /^Copy, once/ }).click()));
    await expect(dialog.getByRole('status')).toContainText('The cue my-agent is here');
    await inPython(await copied(page, () => dialog.getByRole('button', { name: 'Copy with your key' }).click()), 'python3', SDK);
    await expect(dialog.getByRole('status')).toContainText('my-agent told how it went:');
    await dialog.getByRole('link', { name: 'Open the run' }).click();
    await expect(page).toHaveURL(/#\/run\//);
    await expect(page.getByRole('main')).toContainText('fetch');
  });

  test('a wrapped command', async ({ window: page }) => {
    const dialog = await way(page, /^Wrap a command/);
    await inShell(await copied(page, () => dialog.getByRole('button', { name: /^Copy, once/ }).click()));
    expect(await inShell(await copied(page, () => dialog.getByRole('button', { name: /^Copy, from then on/ }).click()))).toBe('200 leads scored\n');
    await expect(dialog.getByRole('status')).toContainText('my-agent told how it went:');
    await dialog.getByRole('button', { name: 'Close' }).click();
    // With the dialog closed it is still to be seen, above the board that has a lane by now.
    await expect(page.getByTestId('lane-my-agent')).toBeVisible();
    await page.getByRole('link', { name: 'Open the run' }).click();
    await expect(page).toHaveURL(/#\/run\//);
  });

  test('the environment of an OpenTelemetry SDK', async ({ window: page }) => {
    test.setTimeout(300_000);
    const python = await pythonWith('it/traces/pins.txt');
    const dialog = await way(page, /^OpenTelemetry/);
    const lines = await copied(page, () => dialog.getByRole('button', { name: 'Copy with your key' }).click());
    const program = 'from opentelemetry import trace\nfrom opentelemetry.sdk.trace import TracerProvider\nfrom opentelemetry.sdk.trace.export import SimpleSpanProcessor\nfrom opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter\nprovider = TracerProvider()\nprovider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter()))\nwith provider.get_tracer("leads").start_as_current_span("score"):\n    pass\nprovider.shutdown()\n';
    const said = await inShell(`${lines}\n${python} - <<'END'\n${program}END\n`);
    expect(said, 'the exporter has nothing to complain of').toBe('');
    await expect(dialog.getByRole('status')).toContainText(/1 span of my-agent came/);
    await dialog.getByRole('link', { name: 'Show my-agent' }).click();
    await expect(page.getByRole('table', { name: 'Telemetry outside of its runs' })).toBeVisible();
  });

  test('CueAPI’s SDK with another base URL', async ({ window: page }) => {
    test.setTimeout(300_000);
    const python = await pythonWith('it/clients/pins/cueapi-sdk.txt');
    const dialog = await way(page, /^CueAPI/);
    await inPython(await copied(page, () => dialog.getByRole('button', { name: 'Copy with your key' }).click()), python);
    await expect(dialog.getByRole('status')).toContainText(/The cue my-agent is here: .*09:00/);
    await dialog.getByRole('link', { name: 'Show its lane' }).click();
    await expect(page.getByTestId('lane-my-agent')).toBeVisible();
  });
});

test('what arrives while nothing is open is said in place, and a cue from outside is said above the board', async ({ window: page, tower }) => {
  const ear = page.getByRole('main').getByRole('status').filter({ hasText: /Listening on|beat at/ });
  await expect(ear).toContainText(`Listening on ${tower.ready.agents.replace('http://', '')}.`);
  await door(page, tower).beat('scribe', { message: 'Here.' });
  await expect(ear).toContainText('scribe beat at');
  await door(page, tower).post('/v1/cues', { name: 'from-outside', schedule: { type: 'recurring', cron: '0 9 * * *', timezone: 'UTC' }, callback: { url: 'http://127.0.0.1:9000/' } });
  await expect(page.getByTestId('lane-from-outside')).toBeVisible();
  await expect(page.getByRole('main').getByRole('link', { name: 'Show scribe' })).toBeVisible();
  await page.getByRole('main').getByRole('button', { name: 'Close' }).first().click();
  await expect(page.getByRole('main').getByRole('link', { name: 'Show scribe' })).toHaveCount(0);
});

test('the demo fleet starts by a click, lies within seconds, and goes without a trace', async ({ window: page, ask }) => {
  await page.getByRole('button', { name: 'Start the demo fleet' }).click();
  await expect(page.getByTestId('lane-demo-enrich-leads')).toBeVisible();
  const refuted = async () => (await ask<{ marks: { confirmed: string }[] }>('board', { from_ms: 0, to_ms: Date.now() + 60_000 })).marks.some((mark) => mark.confirmed === 'refuted');
  await expect.poll(refuted, { timeout: 20_000 }).toBe(true);
  await expect(page.getByRole('note', { name: 'Demo fleet' })).toContainText('10 cues whose names begin with demo-');
  await page.getByRole('button', { name: 'Remove the demo' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Nothing is scheduled yet.');
  await expect(page.getByRole('note', { name: 'Demo fleet' })).toHaveCount(0);
  expect(await ask('demo')).toEqual({ possible: true, cue_ids: [] });
  await page.goto('/#/agents');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('No agents yet.');
});

test('by keyboard alone: a demo from the palette, an agent by its lines, a cue by N', async ({ window: page, tower }) => {
  await page.keyboard.press('Control+k');
  await page.keyboard.type('>demo');
  await expect(page.getByRole('option', { selected: true })).toContainText('Start the demo fleet');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('lane-demo-enrich-leads')).toBeVisible();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('>remove demo');
  await expect(page.getByRole('option', { selected: true })).toContainText('Remove the demo');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Nothing is scheduled yet.');

  await tabTo(page, /^Wrap a command/);
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Connect an agent' });
  await expect(dialog.getByRole('tab', { name: /^Wrap a command/ })).toHaveAttribute('aria-selected', 'true');
  await tabTo(page, /^Wrap a command/);
  await page.keyboard.press('Home');
  await expect(dialog.getByRole('tab', { name: /^curl/ })).toBeFocused();
  await tabTo(page, /^Copy with your key/);
  await inShell(await copied(page, () => page.keyboard.press('Enter')));
  await tabTo(page, /^Show my-agent/);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/#\/agents\/my-agent$/);
  await page.keyboard.press('g');
  await page.keyboard.press('b');
  await page.keyboard.press('n');
  await expect(page).toHaveURL(/#\/cue\/new$/);
  expect(tower.stopped).toBe(false);
});

test('the ways in stay within reach once there are cues', async ({ window: page }) => {
  await page.goto('/#/settings');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('>connect');
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Connect an agent' });
  await expect(dialog).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
});

for (const size of SIZES) {
  test(`first run without barriers, ${size.width}`, async ({ window: page, tower }) => {
    await page.setViewportSize(size);
    await look(page, 'first-run-ways');
    for (const name of [/^curl/, /^Python, with steps/, /^Wrap a command/]) {
      const dialog = await way(page, name);
      await look(page, `connect-${name.source.replace(/\W+/g, '-').replace(/^-|-$/g, '').toLowerCase()}`);
      await dialog.getByRole('button', { name: 'Close' }).click();
    }
    await door(page, tower).beat('scribe', { message: 'Here.' });
    await expect(page.getByRole('link', { name: 'Show scribe' })).toBeVisible();
    await look(page, 'first-run-heard');
  });
}
