import { describe, expect, it } from 'vitest';
import { plain } from './plain';

describe('plain', () => {
  it('writes out what would be obeyed, and nothing else', () => {
    for (const [text, shown] of [
      ['plain, ünïcode, 日本語 🛫, a\ttab\nand a line', 'plain, ünïcode, 日本語 🛫, a\ttab\nand a line'],
      ['\u001b[31mred\u009b0m', '\\u{1b}[31mred\\u{9b}0m'],
      ['a\r\nb\rc', 'a\nb\\u{d}c'],
      ['photo_\u202egpj.exe', 'photo_\\u{202e}gpj.exe'],
      ['\u2066x\u2069\u200f\u061c\u007f\u0000', '\\u{2066}x\\u{2069}\\u{200f}\\u{61c}\\u{7f}\\u{0}'],
      ['שלום עולם', 'שלום עולם']
    ]) expect(plain(text ?? '')).toBe(shown);
  });
});
