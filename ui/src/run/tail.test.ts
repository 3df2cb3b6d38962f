import { describe, expect, it } from 'vitest';
import type { RunOutput } from '../wire';
import { appended, EMPTY_TAIL, gapWords, keptTail, sizeWords, TAIL_CHARS, textOf, type Tail } from './tail';

const LIMIT_LINES = 40_000;

function said(text: string, change: Partial<RunOutput> = {}): RunOutput {
  return { text, unfinished: '', next_byte: text.length, skipped_bytes: 0, live: true, ...change };
}

function charsOf(tail: Tail): number {
  return tail.pieces.reduce((sum, piece) => sum + (piece.kind === 'text' ? piece.text.length : 0), 0);
}

describe('live output', () => {
  it('is put together as it came, and asked for from where it ended', () => {
    let tail = appended(EMPTY_TAIL, said('one\ntw', { next_byte: 6 }));
    tail = appended(tail, said('', { next_byte: 6 }));
    tail = appended(tail, said('o\nthree\n', { next_byte: 14 }));
    expect(textOf(tail)).toBe('one\ntwo\nthree\n');
    expect(tail.next_byte).toBe(14);
    expect(tail.pieces, 'little text is one piece').toHaveLength(1);
  });

  it('keeps the pieces that are full as they are: only the last one is drawn anew', () => {
    const line = `${'x'.repeat(99)}\n`;
    let tail = EMPTY_TAIL;
    for (let i = 0; i < 300; i++) tail = appended(tail, said(line));
    const before = tail.pieces;
    const after = appended(tail, said(line)).pieces;
    expect(before.length).toBeGreaterThan(2);
    before.slice(0, -1).forEach((piece, i) => expect(after[i]).toBe(piece));
    expect(new Set(after.map((piece) => piece.key)).size, 'every piece has a key of its own').toBe(after.length);
    for (const piece of after.slice(0, -1)) expect(piece.kind === 'text' && piece.text.endsWith('\n'), 'cut after a line').toBe(true);
  });

  it('is bounded, and says how much of the beginning went', () => {
    let tail = EMPTY_TAIL;
    for (let i = 0; i < LIMIT_LINES; i += 500) tail = appended(tail, said('0123456789\n'.repeat(500)));
    expect(charsOf(tail)).toBeLessThanOrEqual(TAIL_CHARS);
    const [first] = tail.pieces;
    expect(first?.kind).toBe('gap');
    expect(first?.kind === 'gap' && first.bytes + charsOf(tail)).toBe(LIMIT_LINES * 11);
    expect(textOf(tail).startsWith('… ')).toBe(true);
  });

  it('one endless line is cut where it must', () => {
    const tail = appended(EMPTY_TAIL, said('y'.repeat(20_000)));
    expect(textOf(tail)).toBe('y'.repeat(20_000));
    expect(tail.pieces.length).toBeGreaterThan(1);
  });

  it('says where something was left out', () => {
    let tail = appended(EMPTY_TAIL, said('begins\n'));
    tail = appended(tail, said('goes on\n', { skipped_bytes: 831_488 }));
    expect(textOf(tail)).toBe('begins\n… 831 kB left out …\ngoes on\n');
    const gap = tail.pieces[1];
    expect(gap?.kind === 'gap' && gapWords(gap)).toBe('… 831 kB left out: more was printed than is kept …');
  });

  it('a line that is still being printed is shown once, however often it comes', () => {
    let tail = appended(EMPTY_TAIL, said('begins\n', { unfinished: '10 %' }));
    expect(textOf(tail)).toBe('begins\n10 %');
    tail = appended(tail, said('', { unfinished: '20 %' }));
    expect(textOf(tail)).toBe('begins\n20 %');
    tail = appended(tail, said('100 %\n'));
    expect(textOf(tail)).toBe('begins\n100 %\n');
  });

  it('ends with what is kept', () => {
    const tail = appended(appended(EMPTY_TAIL, said('seen\n')), said('kept of it\n', { live: false, skipped_bytes: 5 }));
    expect(textOf(tail)).toBe('… 5 bytes left out …\nkept of it\n');
    expect(tail.live).toBe(false);
    expect(keptTail('')).toMatchObject({ pieces: [], live: false });
  });
});

it.each([[0, '0 bytes'], [1, '1 byte'], [999, '999 bytes'], [1000, '1 kB'], [1536, '1.5 kB'], [43_000_000, '43 MB'], [999_999, '1 MB'], [4_700_000_000, '4.7 GB']])('%d is %s', (bytes, words) => expect(sizeWords(bytes)).toBe(words));
