import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import ts from 'typescript-eslint';
import noInlineText from './eslint-rules/no-inline-text.js';
import svelteConfig from './svelte.config.js';

const door = 'Only ui/src/bridge/ talks to the host: use the bridge (src/bridge/index.ts) instead.';

export default ts.config(
  { ignores: ['dist/', 'node_modules/', 'src/wire/'] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  { files: ['**/*.svelte', '**/*.svelte.ts'], languageOptions: { parserOptions: { parser: ts.parser, extraFileExtensions: ['.svelte'], svelteConfig } } },
  {
    rules: {
      'no-undef': 'off', // TypeScript knows the globals
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-restricted-exports': ['error', { restrictedNamedExports: ['then'] }], // `await import()` of such a module never ends
      'svelte/no-navigation-without-resolve': 'off' // hash routes; there is no SvelteKit here
    }
  },
  {
    files: ['src/**/*.ts', 'src/**/*.svelte'],
    ignores: ['src/bridge/**'],
    rules: {
      'no-restricted-imports': ['error', { patterns: [{ group: ['@tauri-apps/*'], message: door }] }],
      'no-restricted-globals': ['error', { name: 'fetch', message: door }, { name: 'EventSource', message: door }, { name: 'XMLHttpRequest', message: door }, { name: 'WebSocket', message: door }],
      'no-restricted-properties': ['error', { object: 'window', property: 'fetch', message: door }, { object: 'window', property: 'EventSource', message: door }, { object: 'globalThis', property: 'fetch', message: door }]
    }
  },
  {
    files: ['src/**/*.ts', 'src/**/*.svelte'],
    ignores: ['src/**/*.test.ts', 'src/testing.ts', 'src/text/**'],
    plugins: { cuetower: { rules: { 'no-inline-text': noInlineText } } },
    rules: { 'cuetower/no-inline-text': 'error' }
  }
);
