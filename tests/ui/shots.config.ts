//! Pictures of every screen with the demo fleet on it: `cargo xtask screenshots`. No part of the tests.
import { defineConfig } from '@playwright/test';
import common from './playwright.config';

export default defineConfig(common, { testDir: 'shots', testMatch: '*.shots.ts', workers: 1, timeout: 600_000 });
