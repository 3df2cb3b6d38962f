//! How a screen is looked at: for barriers, for what sticks out, and as a picture.
import { expect, type Page } from '@playwright/test';
import axe from 'axe-core';
import { SCREENSHOTS } from './places';

/** The two sizes that the window is designed for. */
export const SIZES = [{ width: 1280, height: 800 }, { width: 900, height: 640 }] as const;

/** Rules whose answer depends on colours. */
const OF_COLOURS = ['color-contrast', 'link-in-text-block'];

/** Nothing that a person with a screen reader or a keyboard could stumble over. `rules`: only these. */
export async function expectNoBarrier(page: Page, where: string, rules?: readonly string[]): Promise<void> {
  // Asked of the page itself, which has no frames: a page of its own for each report, as a wrapper would open, takes most of the time.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(`${axe.source}; void 0`);
  const found = await page.evaluate(async (only) => {
    const run = (globalThis as unknown as { axe: typeof axe }).axe.run;
    const { violations } = await run(document, { resultTypes: ['violations'], ...(only ? { runOnly: { type: 'rule', values: [...only] } } : {}) });
    return violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' | ')}`);
  }, rules);
  expect(found, where).toEqual([]);
}

/** Nothing sticks out of the window to the right. */
export async function expectToFit(page: Page, where: string): Promise<void> {
  const wide = await page.evaluate(() => [...document.querySelectorAll('body *')].filter((el) => el.getBoundingClientRect().right > innerWidth + 1 && !el.closest('.sr, .scroll, pre')).map((el) => el.outerHTML.slice(0, 120)));
  expect(wide, `${where}: wider than the window`).toEqual([]);
}

export async function picture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `${SCREENSHOTS}/${name}.png` });
}

/** What is on screen, at the window's present size and in both themes: no barrier, nothing sticks out, a picture. Only colours differ between the themes, so in the light one nothing else is asked again. */
export async function look(page: Page, name: string): Promise<void> {
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme });
    const where = `${name}-${theme}-${page.viewportSize()?.width ?? 0}`;
    await expectNoBarrier(page, where, theme === 'light' ? OF_COLOURS : undefined);
    if (theme === 'dark') await expectToFit(page, where);
    await picture(page, where);
  }
}
