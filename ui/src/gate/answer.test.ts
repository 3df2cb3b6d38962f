import { expect, it } from 'vitest';
import { unfit, yesOf } from './answer';
import { rowsOf } from './rows';

const LIST = '[{"to": "a"}, {"to": "b"}]';
const NONE: ReadonlySet<number> = new Set();

it('the yes says what it is a yes to', () => {
  expect(yesOf(null, null, null, NONE)).toEqual({ act: 'approve', payload: null, label: 'Approve', wrong: null });
  expect(yesOf('{"a":1}', rowsOf('{"a":1}'), null, NONE).label).toBe('Approve');
  expect(yesOf(LIST, rowsOf(LIST), null, NONE)).toEqual({ act: 'approve', payload: null, label: 'Approve 2', wrong: null });
  expect(yesOf(LIST, rowsOf(LIST), null, new Set([0]))).toEqual({ act: 'edit', payload: '[{"to": "b"}]', label: 'Approve 1 of 2', wrong: null });
  expect(yesOf(LIST, rowsOf(LIST), null, new Set([0, 1])).wrong).toContain('Nothing of it is chosen');
});

it('an edit that changes nothing is a plain yes', () => {
  expect(yesOf('{"a": 1}', null, '{ "a" : 1 }', NONE)).toMatchObject({ act: 'approve', label: 'Approve as asked' });
  expect(yesOf('{"a": 1}', null, '{"a": 2}', NONE)).toEqual({ act: 'edit', payload: '{"a": 2}', label: 'Approve with changes', wrong: null });
});

it.each([['', 'This is empty'], ['{', 'This is not JSON yet'], ['[]', 'The payload is an object, and what you made of it is a list.'], [`{"a": "${'x'.repeat(256 * 1024)}"}`, 'longer than 256 KiB'], [`{"a": "${'é'.repeat(128 * 1024)}"}`, 'longer than 256 KiB']])('%s is refused before it is sent', (text, why) =>
  expect(unfit('{"a": 1}', text)).toContain(why)
);
it('the same kind is taken', () => expect(unfit('[1]', '[]')).toBeNull());
