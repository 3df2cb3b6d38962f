import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { framed } from './frame.ts';
import { sizes } from './sizes.ts';

// The window is WebKitGTK 2.40 or later (Safari 16.4), or a browser of the same age.
export default defineConfig({
  base: './',
  plugins: [svelte(), framed(), sizes()],
  // Rooms are fetched when they are opened, with their styles; browsers that old know `modulepreload`.
  build: {
    target: 'safari16.4',
    outDir: 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // A text goes where it is shown; else a room's whole catalogue comes along with the one line of it that the board shows.
    rolldownOptions: {
      optimization: { inlineConst: { mode: 'all', pass: 3 } },
      // All that the board needs comes in two files: what asks the tower, and the window. In pieces that rooms share it would be thirty.
      output: {
        codeSplitting: {
          groups: [
            { name: 'first', test: /src[\\/]main\.ts$/, priority: 2 },
            { name: 'window', test: /src[\\/]window\.ts$/, priority: 1 }
          ]
        }
      }
    }
  },
  test: { include: ['src/**/*.test.ts', 'eslint-rules/*.test.js'], environment: 'node' }
});
