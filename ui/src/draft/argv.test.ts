import { describe, expect, it } from 'vitest';
import { joinWords, shellSigns, splitWords } from './argv';

describe('splitWords', () => {
  it.each<[string, string[]]>([
    ['python3 leads.py', ['python3', 'leads.py']],
    ['  python3   leads.py\t--fast ', ['python3', 'leads.py', '--fast']],
    ['claude -p "write the digest" --json', ['claude', '-p', 'write the digest', '--json']],
    ["sh -c 'sleep 1; exit 3'", ['sh', '-c', 'sleep 1; exit 3']],
    ['say ""', ['say', '']],
    ["say ''", ['say', '']],
    ['--name=lead" "digest', ['--name=lead digest']],
    ['a\\ b c', ['a b', 'c']],
    ['"a \\"quoted\\" word"', ['a "quoted" word']],
    ['"C:\\Program Files\\x"', ['C:\\Program Files\\x']],
    ["'it''s'", ['its']],
    ['"it\'s"', ["it's"]],
    ['', []],
    ['   ', []]
  ])('%s', (line, words) => expect(splitWords(line)).toEqual({ words }));

  it.each([
    ['say "hello', 'double quote'],
    ["say 'hello", 'single quote'],
    ['say hello\\', 'backslash']
  ])('refuses %s', (line, what) => expect(splitWords(line)).toEqual({ wrong: expect.stringContaining(what) as string }));
});

describe('joinWords', () => {
  it.each<[string[]]>([[['python3', 'a b', '']], [['say', "it's", 'a "b"', '\\', "both ' and \""]], [['--x=1', '$HOME', '*']], [['line\nbreak']]])('is read back: %j', (words) =>
    expect(splitWords(joinWords(words))).toEqual({ words })
  );

  it('leaves plain words bare', () => expect(joinWords(['python3', 'leads.py', '--since=1d'])).toBe('python3 leads.py --since=1d'));
});

it('shellSigns names what only a shell understands', () => {
  expect(shellSigns(['cat', 'a.csv', '|', 'wc', '-l', '>', 'n'])).toEqual(['|', '>']);
  expect(shellSigns(['grep', 'a|b'])).toEqual([]);
});
