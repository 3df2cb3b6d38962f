//! A tower without cues: the first run, and each place while nothing is in it. The guide shows none of the latter.
import { test as base, expect } from '@playwright/test';
import { SIZES } from '../support/look';
import { Tower } from '../support/tower';
import { enter, GUIDE, pictures } from './pictures';

const test = base.extend({ colorScheme: 'dark' });

test('the first run', async ({ browser }) => {
  const tower = await Tower.start();
  try {
    const context = await browser.newContext({ baseURL: tower.origin, viewport: SIZES[0] });
    const page = await context.newPage();
    await enter(page, tower);
    await expect(page.getByRole('heading', { name: 'Nothing is scheduled yet.' })).toBeVisible();
    await pictures(page, '14-onboarding');
    for (const place of GUIDE ? [] : ['agents', 'gates', 'costs', 'alerts', 'secrets']) {
      await page.goto(`/#/${place}`);
      await expect(page.getByRole('heading', { level: 1 }).first()).toBeVisible();
      await pictures(page, `15-empty-${place}`);
    }
    await context.close();
  } finally {
    await tower.stop();
  }
});
