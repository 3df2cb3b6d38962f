import { expect, it } from 'vitest';
import { plainJson } from '../plain';
import { compact, read, shown, wrongWith } from './json';

it('parts are found where they are written', () => {
  const text = ' {"a": [1, -2.50e3, "x\\"]"], "b\\n": {"c": null}, "d": true, "e": {}, "f": []} ';
  const whole = read(text);
  expect(whole?.kind).toBe('object');
  expect(whole?.fields.map(({ name, value }) => [name, value.kind, shown(text, value)])).toEqual([
    ['a', 'list', '[1,-2.50e3,"x\\"]"]'], ['b\n', 'object', '{"c":null}'], ['d', 'flag', 'true'], ['e', 'object', '{}'], ['f', 'list', '[]']
  ]);
  expect(whole?.fields[0]?.value.items.map((item) => shown(text, item))).toEqual(['1', '-2.50e3', 'x"]']);
});

it.each(['', '{', '[1,]', 'nope', '{"a":1}{'])('%s is no JSON', (text) => {
  expect(read(text)).toBeNull();
  expect(wrongWith(text)).not.toBeNull();
});

it('figures stay as they are written, however long', () => expect(compact('{ "id" : 12345678901234567890, "t": " a b " }')).toBe('{"id":12345678901234567890,"t":" a b "}'));

it('characters that turn the reading round are escaped, and the value is the same', () => {
  const json = JSON.stringify({ file: 'exe\u202egpj', del: '\u007f' });
  expect(plainJson(json)).toBe('{"file":"exe\\u202egpj","del":"\\u007f"}');
  expect(JSON.parse(plainJson(json))).toEqual(JSON.parse(json));
});
