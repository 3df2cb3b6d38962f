//! The lines to copy: the name and the folder in all of them, the key in none until it is asked for.
import { expect, test } from 'vitest';
import { agentWays, KEY_WORD, nameTrouble, needsKey, programOf, withKey } from './connecting';

const place = { url: 'http://127.0.0.1:8737', data: '/home/me/.local/share/cuetower', name: 'lead-scout' };
const all = (of = place) => agentWays(of).flatMap((way) => way.blocks.map((block) => ({ way: way.key, code: block.code })));

test('each way leads to this tower, under the name that was given', () => {
  for (const way of agentWays(place)) {
    const code = way.blocks.map((block) => block.code).join('');
    expect(code, way.key).toContain('lead-scout');
    expect(code.includes(place.url) || code.includes('cuetowerctl'), way.key).toBe(true);
  }
});

test('a key is put into every place that stands for it, and into no other', () => {
  const key = 'cue_sk_0123456789$&"';
  for (const { way, code } of all().filter(({ code }) => needsKey(code))) {
    const ready = withKey(code, key);
    expect(needsKey(ready), way).toBe(false);
    expect(ready.split('cue_sk_0123456789$&').length, way).toBe(2);
  }
  expect(all().filter(({ code }) => !needsKey(code)).every(({ code }) => withKey(code, key) === code)).toBe(true);
  expect(withKey(`a ${KEY_WORD} b`, 'k')).toBe('a k b');
});

test('the data folder is named where the command line would look elsewhere', () => {
  expect(programOf(place.data)).toBe('cuetowerctl');
  expect(programOf('/Users/me/Library/Application Support/cuetower')).toBe('cuetowerctl');
  expect(programOf('/tmp/a')).toBe('cuetowerctl --data /tmp/a');
  expect(programOf("/tmp/it's here")).toBe(`cuetowerctl --data '/tmp/it'\\''s here'`);
  expect(all({ ...place, data: '/tmp/a' }).filter(({ code }) => code.startsWith('cuetowerctl')).every(({ code }) => code.startsWith('cuetowerctl --data /tmp/a '))).toBe(true);
});

test('a name that would need quotes somewhere is not taken', () => {
  expect(['my-agent', 'a.b_c-1'].map(nameTrouble)).toEqual([null, null]);
  for (const name of ['', 'my agent', "a'b", 'a"b', '$(rm)', '-x', 'ä', 'a'.repeat(65)]) expect(nameTrouble(name), name).not.toBeNull();
});
