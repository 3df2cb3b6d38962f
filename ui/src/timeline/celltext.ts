//! A cell of the timeline in words: a line for each of the three verdicts. Pure.
import { glyphOf } from '../glyphs';
import { number } from '../locale';
import * as boardText from '../text/board';
import type { Cell } from './cells';

export interface CellLine {
  family: 'S' | 'D' | 'C';
  state: string;
  word: string;
  detail: string;
}

const share = (part: number, whole: number) => (part === whole ? (whole === 1 ? boardText.it : boardText.all(number(whole))) : boardText.ofOfNumber(number(part), number(whole)));

export function cellLines(cell: Cell): CellLine[] {
  const line = (family: 'S' | 'D' | 'C', state: string, detail: string): CellLine => ({ family, state, word: glyphOf(family, state as never).word, detail });
  if (cell.due === 0 && cell.aside === 0) return [line('S', 'due', boardText.expected(number(cell.predicted), cell.blackout > 0 ? boardText.aBlackoutWillSkip(share(cell.blackout, cell.predicted)) : ''))];
  const rest = [cell.aside > 0 ? boardText.mergedOrInAGrey(number(cell.aside)) : '', cell.predicted > 0 ? boardText.toCome(number(cell.predicted)) : ''].filter(Boolean).join(', ');
  const lines = [cell.due > 0 ? line('S', 'ran', `${share(cell.ran, cell.due)}${rest === '' ? '' : `; ${rest}`}`) : line('S', 'coalesced', rest)];
  if (cell.sent > 0) lines.push(line('D', 'delivered', share(cell.delivered, cell.sent)));
  if (cell.confirmed > 0) lines.push(line('C', 'confirmed', share(cell.confirmed, cell.answered)));
  if (cell.claimed > 0) lines.push(line('C', 'claimed', share(cell.claimed, cell.answered)));
  return lines;
}
