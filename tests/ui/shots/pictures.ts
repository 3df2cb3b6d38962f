//! How a screen becomes pictures. `CUETOWER_SHOTS`: the folder they go to. `CUETOWER_SHOTS_GUIDE`: the guide's own folder; only its pictures are taken anew.
import { mkdir } from 'node:fs/promises';
import { expect, type Page } from '@playwright/test';
import { SCREENSHOTS } from '../support/places';
import { SIZES } from '../support/look';
import type { Tower } from '../support/tower';

const OUT = process.env['CUETOWER_SHOTS'] ?? SCREENSHOTS;
/** Set: the guide's pictures are taken. */
export const GUIDE = process.env['CUETOWER_SHOTS_GUIDE'];
const THEMES = ['dark', 'light'] as const;
/** Set: only screens whose name contains it. */
const ONLY = process.env['SHOT'] ?? '';

export const isWanted = (name: string): boolean => name.includes(ONLY);

/** The owner comes in. */
export async function enter(page: Page, tower: Tower): Promise<void> {
  await page.goto(tower.ready.desk);
  await expect(page.getByTestId('strip-tower')).toContainText('Armed');
}

/** At both sizes and in both themes; the guide has one picture of each. */
export async function pictures(page: Page, name: string): Promise<void> {
  if (!isWanted(name)) return;
  await mkdir(GUIDE ?? OUT, { recursive: true });
  for (const size of GUIDE ? SIZES.slice(0, 1) : SIZES) {
    await page.setViewportSize(size);
    for (const theme of GUIDE ? (['dark'] as const) : THEMES) {
      await page.emulateMedia({ colorScheme: theme });
      // Canvas and lists are drawn with the next frame.
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      await page.screenshot({ path: GUIDE ? `${GUIDE}/${name.replace(/^\d+-/, '')}.png` : `${OUT}/${name}-${size.width}-${theme}.png` });
    }
  }
}
