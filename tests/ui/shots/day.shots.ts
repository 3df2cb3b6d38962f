//! Every screen at both sizes and in both themes, at nine in the morning of a day with a night in it (`day/`).
import { test as base, expect, type Page } from '@playwright/test';
import { SIZES } from '../support/look';
import { Day } from './day/day';
import { ownerOf } from './day/owner';
import { planOf } from './day/plan';
import { enter, GUIDE, isWanted, pictures } from './pictures';
import { SCREENS } from './screens';

const SPEED = Number(process.env['CUETOWER_DAY_SPEED'] ?? 100);

const test = base.extend({ colorScheme: 'dark' });
// A trace of what asks for the time twenty times a second would be a burden.
test.use({ trace: 'off' });

test('a day', async ({ browser }) => {
  test.setTimeout(25 * 60_000);
  const errors: string[] = [];
  const plan = planOf(Date.now(), SPEED);
  let page!: Page;
  const day = await Day.begin(plan, async (tower) => {
    const context = await browser.newContext({ baseURL: tower.origin, viewport: SIZES[0], timezoneId: plan.zone });
    page = await context.newPage();
    page.on('pageerror', (error) => errors.push(error.stack ?? error.message));
    await enter(page, tower);
    // Nobody looks while the clock hurries.
    await page.goto('about:blank');
    return ownerOf(tower.origin, await context.cookies(tower.origin));
  });
  try {
    await day.live();
    const seen = await day.known();
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
    expect(errors, 'the window’s errors').toEqual([]);
  } finally {
    await day.end();
    await page.context().close();
  }
});
