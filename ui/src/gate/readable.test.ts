import { expect, it } from 'vitest';
import { beside, readable } from './readable';

it('one thing a line, a text with its own lines', () => {
  expect(readable('{"body": "Hello,\\nbye", "n": 12345678901234567890, "to": [{"amount": 180, "to": "Bruma"}, {"amount": 5}], "deep": {"a": [1]}, "none": []}')).toBe(
    'body:\n  Hello,\n  bye\nn: 12345678901234567890\nto:\n  Bruma, amount 180\n  amount 5\ndeep: {"a":[1]}\nnone: []'
  );
  expect([readable('["a\\nb", 2]'), readable('"text"'), readable('3'), readable('no JSON')]).toEqual(['a ⏎ b\n2', 'text', '3', 'no JSON']);
});

it('a difference that reads the same is shown as JSON', () => {
  expect(beside('{"a": 1}', '{"a":1}')).toEqual(['a: 1', 'a: 1']);
  expect(beside('{"a": 1}', '{"a": "1"}')).toEqual(['{\n  "a": 1\n}', '{\n  "a": "1"\n}']);
  expect(beside(null, '{"a": 1}')).toEqual(['', 'a: 1']);
});
