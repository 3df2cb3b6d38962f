//! The rule finds what is read, wherever it stands, and leaves alone what is only matched.
import { Linter } from 'eslint';
import * as svelteParser from 'svelte-eslint-parser';
import ts from 'typescript-eslint';
import { describe, expect, it } from 'vitest';
import rule from './no-inline-text.js';

const plugins = { cuetower: { rules: { 'no-inline-text': rule } } };
const rules = { 'cuetower/no-inline-text': 'error' };

/** The texts that the rule reports in a file of that name. */
function found(source, filename) {
  const parser = filename.endsWith('.svelte') ? svelteParser : ts.parser;
  const config = [{ files: ['**/*.svelte', '**/*.ts'], languageOptions: { parser, parserOptions: { parser: ts.parser } }, plugins, rules }];
  return new Linter().verify(source, config, { filename }).map((message) => /^"(.*)" is text/.exec(message.message)?.[1] ?? message.message);
}
const inMarkup = (source) => found(source, 'Part.svelte');
const inScript = (source) => found(source, 'words.ts');

describe('in markup', () => {
  it.each([
    ['<p>Nothing needs you.</p>', ['Nothing needs you.']],
    ['<p>{count} <b>runs</b></p>', ['runs']],
    ['<button aria-label="Close">x</button>', ['Close', 'x']],
    ['<input placeholder="never" />', ['never']],
    ['<b title="Edit {name}"></b>', ['Edit']],
    ['<Tick label="restart" />', ['restart']],
    ["<p>{busy ? 'late' : 'on time'}</p>", ['late', 'on time']],
    ['<p>{`${n} of ${all}`}</p>', ['${n} of ${all}']],
    ["<button onclick={() => notices.tell('It is copied.')}></button>", ['It is copied.']]
  ])('%s is text', (source, texts) => expect(inMarkup(source)).toEqual(texts));

  it.each([
    '<p class="t12 c3" id="why" role="alert">{boardText.needsNothing}</p>',
    "<p class={wrong ? 't12 bad why' : 'sr'}></p>",
    '<kbd>Esc</kbd><code>cuetowerctl key show</code>',
    '<Icon name="plus" size={13} />',
    "<input id={`${id}-w`} onkeydown={(e) => { if (e.key === 'ArrowDown') go(); }} />",
    '<style>.a { color: red; }</style>',
    '<p>{a} · {b}</p>'
  ])('%s is not', (source) => expect(inMarkup(source)).toEqual([]));
});

describe('in script', () => {
  it.each([
    ["notices.tell('It is gone.');", ['It is gone.']],
    ['export const say = (name: string) => `${name} is paused.`;', ['${name} is paused.']],
    ["const ROWS = [{ value: 'info', label: 'All' }];", ['All']],
    ["const WORDS: Record<string, string> = { late: 'late', off: 'with the tower off' };", ['late', 'with the tower off']],
    ["errors.name = 'Give it a name, such as ops.';", ['Give it a name, such as ops.']],
    ["const word = late ? 'late' : 'on time';", ['late', 'on time']]
  ])('%s is text', (source, texts) => expect(inScript(source)).toEqual(texts));

  it.each([
    "import { a } from './words of others';",
    "switch (key) { case 'Run Now': go(); }",
    "const way: 'Needs you' | 'Do' = read();",
    "if (event.key === 'Escape') list.querySelector('.row button')?.focus();",
    "const row = { key: `cue ${cue.id}`, icon: 'plus', cron: '0 8 * * 1-5', d: 'M2 4.5h5M10 4.5h4' };",
    "const unit: Unit = at > 60 ? 'minutes' : 'seconds';",
    "throw new Error('nobody reads this but us');",
    "const route = '/v1/executions/claim';"
  ])('%s is not', (source) => expect(inScript(source)).toEqual([]));
});
