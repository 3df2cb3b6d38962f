//! The board's own manners: how much waits, like names told apart, the fact first on a strip and over a run, keys that wait for a room, marks that stay sharp when everything is drawn larger, a run opened from a link.
import { byHand, expect, make, test } from '../support/desk';
import { look, SIZES } from '../support/look';

/** A worker's job that claims success with too little done. */
async function lie(ask: Parameters<typeof make>[0], agent: { address: string }): Promise<string> {
  const [cue] = await make(ask, [{ name: 'score-leads', transport: 'webhook', callback: { url: agent.address }, schedule: { type: 'manual', timezone: 'UTC' }, expect: { min_processed: 150 } }]);
  const { run_id } = await ask<{ run_id: string }>('cue_fire', { cue_id: cue?.id });
  return run_id;
}

test('what was found stands first: on its strip, over its run, beside the board', async ({ window: page, ask, agent }) => {
  const runId = await lie(ask, await agent({ success: true, processed: 3, summary: 'Scored 200 leads.' }));
  const strip = page.getByTestId('needs-you').getByRole('listitem');
  await expect(strip).toContainText(/reported 3/i);
  // One line, and nothing of it is cut.
  const said = strip.locator('.two');
  expect(await said.evaluate((el) => el.scrollHeight <= el.clientHeight + 1)).toBe(true);
  await expect(strip.locator('kbd').first()).toBeHidden();
  await strip.focus();
  await expect(strip.locator('kbd').first()).toBeVisible();
  await page.goto(`/#/run/${runId}`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/reported 3/i);
  await page.setViewportSize({ width: 900, height: 640 });
  await expect(page.getByRole('region', { name: 'What this machine found' }), 'also where the window is small').toBeInViewport({ ratio: 0.9 });
});

test('a key pressed while a room is on its way is given to it', async ({ window: page, ask }) => {
  const [cue] = await make(ask, [byHand('alpha', ['true'])]);
  const { run_id } = await ask<{ run_id: string }>('cue_fire', { cue_id: cue?.id, payload: null });
  await expect.poll(async () => (await ask<{ mark: { ended_at_ms: number | null } }>('run_get', { run_id })).mark.ended_at_ms).not.toBeNull();
  let come: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (come = resolve));
  let asked = false;
  await page.route(/assets\/Run-[^/]*\.js/, async (route) => {
    asked = true;
    await held;
    await route.continue();
  });
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('complementary', { name: 'Selected run' })).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/#\/run\//);
  await expect.poll(() => asked).toBe(true);
  await page.keyboard.press('Escape');
  await expect(page, 'it is not there to take it yet').toHaveURL(/#\/run\//);
  come();
  await expect(page, 'Escape took it back').not.toHaveURL(/#\/run\//);
  await expect(page.getByRole('complementary', { name: 'Selected run' })).toBeVisible();
});

test('marks stay sharp when everything is drawn larger', async ({ window: page, ask }) => {
  await make(ask, [byHand('alpha', ['true'])]);
  await expect(page.getByTestId('lane-alpha')).toBeVisible();
  const sharpness = () => page.locator('.plot canvas').evaluate((canvas: HTMLCanvasElement) => canvas.width / canvas.clientWidth);
  await expect.poll(sharpness).toBeCloseTo(1, 1);
  for (let n = 0; n < 3; n++) await page.keyboard.press('Control+=');
  await expect.poll(sharpness).toBeCloseTo(1.5, 1);
});

test('a run opened from a link says what it is before its story is read', async ({ window: page, tower, ask, agent }) => {
  const runId = await lie(ask, await agent({ success: true, processed: 3 }));
  await expect(page.getByTestId('needs-you').getByRole('listitem')).toContainText('Refuted');
  let come: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (come = resolve));
  await page.route('**/rpc/run_get', async (route) => {
    await held;
    await route.continue();
  });
  await page.goto(`${tower.origin}/#/run/${runId}`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/reported 3/i);
  await expect(page.getByTestId('pending')).toBeVisible();
  await expect(page.getByTestId('run-verdicts')).toHaveCount(0);
  come();
  await expect(page.getByTestId('run-verdicts')).toBeVisible();
});

test('what waits below the bay is said, and opened; like names are told apart', async ({ window: page, ask }) => {
  const names = ['nightly-report-customers-east', 'nightly-report-customers-west', 'one', 'two', 'three', 'four', 'five'];
  const cues = await make(ask, names.map((name) => byHand(name, ['false'], { agent: 'a-desk-with-a-rather-long-name' })));
  for (const cue of cues) await ask('cue_fire', { cue_id: cue.id });
  const bay = page.getByTestId('needs-you');
  await expect(bay.getByRole('listitem')).toHaveCount(7);
  for (const [i, size] of SIZES.entries()) {
    await page.setViewportSize(size);
    const more = bay.getByRole('button', { name: `${[3, 4][i]} more` });
    await expect(more).toHaveAttribute('aria-expanded', 'false');
    await expect(bay.getByRole('listitem').last()).not.toBeInViewport({ ratio: 0.5 });
    for (const end of ['-east', '-west']) {
      const lane = page.getByTestId(`lane-nightly-report-customers${end}`);
      // Its box is its own, so that what is cut away does not count as seen.
      const [tail, side] = [await lane.getByText(new RegExp(`…${end}$`)).boundingBox(), await lane.boundingBox()];
      expect(tail && side && tail.x + tail.width <= side.x + side.width && tail.width > 20, `${end} is seen at ${size.width}`).toBe(true);
      await expect(lane).toHaveAccessibleName(new RegExp(`nightly-report-customers${end}`));
    }
    await look(page, 'bay-more');
    await more.click();
    for (let n = 0; n < 7; n++) await expect(bay.getByRole('listitem').nth(n)).toBeInViewport({ ratio: 0.9 });
    await look(page, 'bay-all');
    await bay.getByRole('button', { name: 'Fewer' }).click();
    await expect(more).toBeVisible();
  }
});
