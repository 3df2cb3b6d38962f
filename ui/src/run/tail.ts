//! What a program prints, as it comes: bounded, in pieces that end with a line where they can, with a word where something was left out. Pure.
import * as runText from '../text/run';
import type { RunOutput } from '../wire';

/** Of one piece; only the last one still grows, so that little is drawn anew. */
const PIECE_CHARS = 8 * 1024;
/** Of all pieces together, while the end is followed, and while somebody reads further up. */
export const TAIL_CHARS = 256 * 1024;
export const TAIL_CHARS_READING = 1024 * 1024;

export type Piece = { key: number; kind: 'text'; text: string } | { key: number; kind: 'gap'; bytes: number; why: 'fast' | 'far' };

export interface Tail {
  pieces: readonly Piece[];
  /** The line that is being printed, as far as it is: it comes again, whole or longer. */
  unfinished: string;
  /** For the next question. */
  next_byte: number;
  live: boolean;
}

export const EMPTY_TAIL: Tail = { pieces: [], unfinished: '', next_byte: 0, live: true };

function charsOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, piece) => sum + (piece.kind === 'text' ? piece.text.length : 0), 0);
}

/** Cuts after the last line that fits; in the middle of one that is longer than a piece. */
function cutAt(text: string): number {
  if (text.length <= PIECE_CHARS) return text.length;
  const line = text.lastIndexOf('\n', PIECE_CHARS - 1);
  return line < 0 ? PIECE_CHARS : line + 1;
}

function keyAfter(pieces: readonly Piece[]): number {
  return (pieces[pieces.length - 1]?.key ?? 0) + 1;
}

function withText(pieces: Piece[], text: string): void {
  const last = pieces[pieces.length - 1];
  const grows = last?.kind === 'text' && last.text.length < PIECE_CHARS;
  if (grows) pieces.pop();
  let key = grows ? last.key : keyAfter(pieces);
  let rest = grows ? last.text + text : text;
  while (rest !== '') {
    const at = cutAt(rest);
    pieces.push({ key: key++, kind: 'text', text: rest.slice(0, at) });
    rest = rest.slice(at);
  }
}

/** Takes the oldest text away until the rest fits, and says at the top how much that was. */
function bounded(pieces: Piece[], most: number): Piece[] {
  let chars = charsOf(pieces);
  if (chars <= most) return pieces;
  let bytes = 0;
  let from = 0;
  for (const piece of pieces.slice(0, -1)) {
    if (chars <= most) break;
    if (piece.kind === 'text') {
      chars -= piece.text.length;
      bytes += piece.text.length;
    } else bytes += piece.bytes;
    from++;
  }
  if (from === 0) return pieces;
  return [{ key: -1, kind: 'gap', bytes, why: 'far' }, ...pieces.slice(from)];
}

/** With the answer to one more question; `most` bounds what is kept. */
export function appended(tail: Tail, answer: RunOutput, most = TAIL_CHARS): Tail {
  // What has ended is shown as it is kept, whatever was seen of it before.
  const pieces: Piece[] = answer.live ? [...tail.pieces] : [];
  if (answer.skipped_bytes > 0) pieces.push({ key: keyAfter(pieces), kind: 'gap', bytes: answer.skipped_bytes, why: answer.live && tail.pieces.length > 0 ? 'fast' : 'far' });
  if (answer.text !== '') withText(pieces, answer.text);
  return { pieces: answer.live ? bounded(pieces, most) : pieces, unfinished: answer.unfinished, next_byte: answer.next_byte, live: answer.live };
}

/** What is kept of an attempt that has ended. */
export function keptTail(text: string): Tail {
  const pieces: Piece[] = [];
  if (text !== '') withText(pieces, text);
  return { pieces, unfinished: '', next_byte: text.length, live: false };
}

/** All text that is there, for the clipboard. */
export function textOf(tail: Tail): string {
  return tail.pieces.map((piece) => (piece.kind === 'text' ? piece.text : runText.leftOut(sizeWords(piece.bytes)))).join('') + tail.unfinished;
}

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const;

/** "812 bytes", "41 MB", "1.2 GB": as the tower says it in its sentences. */
export function sizeWords(bytes: number): string {
  let at = 0;
  let size = Math.max(0, bytes);
  while (size >= 1000 && at < UNITS.length - 1) {
    size /= 1000;
    at++;
  }
  if (at > 0 && Math.round(size) >= 1000 && at < UNITS.length - 1) {
    size /= 1000;
    at++;
  }
  return `${at > 0 && size < 9.95 ? size.toFixed(1).replace(/\.0$/, '') : Math.round(size)} ${at === 0 && Math.round(size) === 1 ? 'byte' : UNITS[at]}`;
}

/** "812 kB left out: it prints faster than is read here" */
export function gapWords(piece: Piece & { kind: 'gap' }): string {
  return `… ${sizeWords(piece.bytes)} ${piece.why === 'fast' ? runText.leftOutMoreWasPrinted : runText.beforeThisLeftOut} …`;
}
