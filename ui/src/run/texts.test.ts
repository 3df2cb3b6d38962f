//! Tracebacks are read as they were written, not as escaped JSON.
import { expect, test } from 'vitest';
import { textsIn, textsOf, withoutTexts } from './texts';

const TRACE = 'Traceback (most recent call last):\n  File "a.py", line 3\nKeyError: \'x\'\n';

test('a text of several lines is found by its name, a short one is not', () => {
  expect(textsOf(JSON.stringify({ error: { type: 'KeyError', traceback: TRACE }, rows: 3 }))).toEqual([{ name: 'error.traceback', text: TRACE.trimEnd() }]);
  expect(textsOf(JSON.stringify({ one: 'line\n' }))).toEqual([]);
  expect(textsOf('no \\n JSON')).toEqual([]);
  expect(textsIn(TRACE, 'log')).toEqual([{ name: 'log', text: TRACE.trimEnd() }]);
});

test('what is left of a field is one line, or nothing', () => {
  expect(withoutTexts({ type: 'KeyError', traceback: TRACE })).toEqual({ type: 'KeyError' });
  expect(withoutTexts({ traceback: TRACE })).toBeUndefined();
  expect(withoutTexts(TRACE)).toBeUndefined();
  expect(withoutTexts([1, 2])).toEqual([1, 2]);
});
