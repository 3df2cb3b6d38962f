//! The UI in Debian's Chromium, on the real `cuetowerctl serve`. No browser is downloaded.
import { defineConfig } from '@playwright/test';
import { TARGET } from './support/places';

export default defineConfig({
  testDir: 'specs',
  outputDir: `${TARGET}/ui-tests`,
  snapshotPathTemplate: '{testDir}/{testFileName}-snapshots/{arg}{ext}',
  reporter: [['list']],
  workers: 2,
  fullyParallel: true,
  forbidOnly: process.env['CI'] !== undefined,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  use: {
    browserName: 'chromium',
    viewport: { width: 1440, height: 900 },
    colorScheme: 'dark',
    reducedMotion: 'reduce',
    locale: 'en-GB',
    launchOptions: { executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium' },
    // A film of every test would cost more than the test; the trace keeps the page as it was at each step.
    trace: { mode: 'retain-on-failure', screenshots: false },
    screenshot: 'only-on-failure'
  }
});
