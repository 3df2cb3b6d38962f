import { describe, expect, it } from 'vitest';
import { countWords, diffOf, differs, folded, written, type Line } from './diff';

const SIGN = { same: ' ', add: '+', del: '-', head: '@' };
const told = (lines: readonly Line[]) => lines.map((line) => SIGN[line.kind] + line.text);
const before = (lines: readonly Line[]) => lines.filter((line) => line.kind !== 'add').map((line) => line.text).join('\n');
const now = (lines: readonly Line[]) => lines.filter((line) => line.kind !== 'del').map((line) => line.text).join('\n');

describe('two texts beside each other', () => {
  it('what goes stands before what comes', () => {
    const lines = diffOf('Hello Marta,\nJust a reminder.\nThank you', 'Hello Marta,\nIt is open.\nThank you\nNorthpeak');
    expect(told(lines)).toEqual([' Hello Marta,', '-Just a reminder.', '+It is open.', ' Thank you', '+Northpeak']);
    expect(countWords(lines)).toBe('2 lines more, 1 less');
  });
  it.each([['the same', 'a\nb', 'a\nb', []], ['from nothing', '', 'a', ['+a']], ['to nothing', 'a\nb', '', ['-a', '-b']], ['other line ends', 'a\r\nb', 'a\nb', []]])('%s', (_, a, b, changed) =>
    expect(told(diffOf(a, b)).filter((line) => !line.startsWith(' '))).toEqual(changed)
  );
  it('whatever is in between, both texts can be read from it, and it is no longer than it must be', () => {
    let seed = 7;
    const random = (n: number) => (seed = (seed * 48_271) % 2_147_483_647) % n;
    for (let round = 0; round < 300; round++) {
      const a = Array.from({ length: random(14) + 1 }, () => 'abc'[random(3)] ?? '');
      const b = Array.from({ length: random(14) + 1 }, () => 'abc'[random(3)] ?? '');
      const lines = diffOf(a.join('\n'), b.join('\n'));
      expect([before(lines), now(lines)]).toEqual([a.join('\n'), b.join('\n')]);
      expect(lines.filter((line) => line.kind === 'same')).toHaveLength(longestCommon(a, b));
    }
  });
  it('texts with nothing in common come out at once', () => {
    const many = (word: string) => Array.from({ length: 4000 }, (_, i) => `${word} ${i}`).join('\n');
    const lines = diffOf(many('a'), many('b'));
    expect([lines.length, lines[0]?.kind, lines[7999]?.kind]).toEqual([8000, 'del', 'add']);
  });
});

function longestCommon(a: readonly string[], b: readonly string[]): number {
  const best = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  const get = (i: number, j: number) => best[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i++) for (let j = 1; j <= b.length; j++) (best[i] as number[])[j] = a[i - 1] === b[j - 1] ? get(i - 1, j - 1) + 1 : Math.max(get(i - 1, j), get(i, j - 1));
  return get(a.length, b.length);
}

it('what stayed the same folds away, but for a few lines around a change', () => {
  const lines = diffOf(Array.from({ length: 40 }, (_, i) => `${i}`).join('\n'), Array.from({ length: 40 }, (_, i) => (i === 20 ? 'changed' : `${i}`)).join('\n'));
  const shown = folded(lines);
  expect(shown.filter((line) => line.kind === 'fold')).toEqual([{ kind: 'fold', count: 18 }, { kind: 'fold', count: 17 }]);
  expect(shown).toHaveLength(2 + 2 + 2 + 2);
  expect(folded(diffOf('a', 'a'))).toEqual([{ kind: 'same', text: 'a' }]);
  expect([differs(lines), differs(diffOf('a', 'a')), countWords(diffOf('a', 'a')), countWords(diffOf('a\nb', 'a'))]).toEqual([true, false, 'nothing has changed', '1 line less']);
});

it('a diff that an agent wrote, by its signs', () => {
  expect(told(written('diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\n--- b\n+++ c\n'))).toEqual(['@diff --git a/x b/x', '@--- a/x', '@+++ b/x', '@@@ -1,2 +1,2 @@', ' a', '--- b', '+++ c']);
  expect(told(written('no diff\n at all'))).toEqual([' no diff', ' at all']);
});
