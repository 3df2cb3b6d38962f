//! The window's benchmarks, one after the other, on the release build: `npx playwright test --config bench.config.ts`.
import { defineConfig } from '@playwright/test';
import { TARGET } from './support/places';

export default defineConfig({
  testDir: 'bench',
  testMatch: '*.bench.ts',
  outputDir: `${TARGET}/ui-bench`,
  reporter: [['line']],
  workers: 1,
  use: {
    browserName: 'chromium',
    viewport: { width: 1280, height: 800 },
    colorScheme: 'dark',
    launchOptions: { executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium' }
  }
});
