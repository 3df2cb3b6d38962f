//! Every screen at both sizes and in both themes, at nine in the morning of a day with a night in it (`day/`).
import { test as base, expect } from '@playwright/test';
import { SIZES } from '../support/look';
import type { Tower } from '../support/tower';
import { Day } from './day/day';
import { enter, GUIDE, isWanted, pictures } from './pictures';
import { SCREENS } from './screens';

const test = base.extend({ colorScheme: 'dark' });

test('a day', async ({ browser }) => {
  test.setTimeout(20 * 60_000);
  const errors: string[] = [];
  const owner = await browser.newContext({ viewport: SIZES[0] });
  const desk = await owner.newPage();
  const { day, ask } = await Day.begin(async (tower: Tower) => {
    await enter(desk, tower);
    return async (command, request = {}) => {
      const answer = await desk.request.post(`${tower.origin}/rpc/${command}`, { data: request, headers: { 'X-Cuetower-Desk': '1' } });
      expect(answer.ok(), `${command}: ${await answer.text()}`).toBe(true);
      return await answer.json();
    };
  });
  try {
    // Nobody looks while the clock hurries.
    await desk.goto('about:blank');
    await day.live(ask);
    const seen = await day.known(ask);
    const context = await browser.newContext({ baseURL: day.tower.origin, viewport: SIZES[0], timezoneId: day.plan.zone, storageState: await owner.storageState() });
    const page = await context.newPage();
    page.on('pageerror', (error) => errors.push(error.stack ?? error.message));
    await page.goto('/#/board');
    // What passed while the machine slept is told once the window is opened.
    await expect(page.getByRole('dialog')).toBeVisible();
    await pictures(page, '05-briefing');
    await page.getByRole('button', { name: 'Skip it' }).click();
    for (const screen of SCREENS.filter((screen) => isWanted(screen.name) && (!GUIDE || screen.inGuide))) {
      await page.setViewportSize(SIZES[0]);
      if (await page.getByRole('dialog').isVisible()) await page.keyboard.press('Escape');
      await screen.go(page, seen);
      await pictures(page, screen.name);
    }
    await context.close();
    expect(errors, 'the window’s errors').toEqual([]);
  } finally {
    await day.end(ask);
    await owner.close();
  }
});
