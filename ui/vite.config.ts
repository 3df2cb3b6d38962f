import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { sizes } from './sizes.ts';

// The window is WebKitGTK 2.40 or later (Safari 16.4), or a browser of the same age.
export default defineConfig({
  base: './',
  plugins: [svelte(), sizes()],
  // Rooms are fetched when they are opened, with their styles; browsers that old know `modulepreload`.
  build: { target: 'safari16.4', outDir: 'dist', emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  test: { include: ['src/**/*.test.ts'], environment: 'node' }
});
