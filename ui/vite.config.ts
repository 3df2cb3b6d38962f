import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// The window is WebKitGTK 2.40 or later (Safari 16.4), or a browser of the same age.
export default defineConfig({
  base: './',
  plugins: [svelte()],
  build: { target: 'safari16.4', outDir: 'dist', emptyOutDir: true, assetsInlineLimit: 0 },
  test: { include: ['src/**/*.test.ts'], environment: 'node' }
});
