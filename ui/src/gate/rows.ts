//! A payload as a table, where it is a list of things that are alike: one row for each, which may be left out. Pure.
import { dollars, number } from '../locale';
import * as gatesText from '../text/gates';
import { read, shown, type Part } from './json';

export interface Cell {
  words: string;
  number: boolean;
}

export interface Row {
  /** In the list, from 0. */
  at: number;
  /** One for each column; null: it has no such field. */
  cells: readonly (Cell | null)[];
}

export interface Rows {
  /** The payload's field that is the list; null: the payload itself is. */
  field: string | null;
  columns: readonly string[];
  /** Fields of the rows that have no column. */
  more: readonly string[];
  rows: readonly Row[];
  /** What the payload says besides the list. */
  beside: readonly { name: string; words: string }[];
  list: Part;
  /** The field that holds a text to be read, as a mail; null: none does. It has no column. */
  text: string | null;
  /** Of each row. */
  texts: readonly (string | null)[];
}

const COLUMNS_MOST = 5;
/** Of a list of bare texts or numbers. */
const BARE = '';

/** The payload by rows; null when it is no list of like things, nor an object with one. */
export function rowsOf(text: string): Rows | null {
  const whole = read(text);
  if (whole === null) return null;
  const lists = whole.kind === 'object' ? whole.fields.filter(({ value }) => isTable(value)) : [];
  const field = whole.kind === 'list' ? null : lists.length === 1 ? (lists[0]?.name ?? null) : null;
  const list = whole.kind === 'list' ? whole : lists.length === 1 ? lists[0]?.value : undefined;
  if (list === undefined || !isTable(list)) return null;
  const beside = whole.fields.filter(({ value }) => value !== list).map(({ name, value }) => ({ name, words: shown(text, value) }));
  const names = inOrder(list, [...new Set(list.items.flatMap((item) => (item.kind === 'object' ? item.fields.map(({ name }) => name) : [BARE])))]);
  const prose = names.find((name) => list.items.some((item) => isProse(text, item, name))) ?? null;
  const short = names.filter((name) => name !== prose);
  const columns = short.slice(0, COLUMNS_MOST);
  const rows = list.items.map((item, at) => ({ at, cells: columns.map((name) => cellOf(text, item, name)) }));
  const texts = list.items.map((item) => (prose === null ? null : textOf(text, item, prose)));
  return { field, columns, more: short.slice(COLUMNS_MOST), rows, beside, list, text: prose, texts };
}

/** Names that tell one thing from another, best first. */
const NAMING = ['id', 'key', 'email', 'to', 'invoice', 'order', 'number', 'name', 'path', 'url'];

const rank = (column: string) => (NAMING.includes(column.toLowerCase()) ? NAMING.indexOf(column.toLowerCase()) : NAMING.length);

/** The order of fields is nobody's: words stand before figures, and what names a row before whatever is said of it. */
function inOrder(list: Part, names: string[]): string[] {
  const figures = (name: string) => Number(list.items.some((item) => item.fields.some((field) => field.name === name && field.value.kind === 'number')));
  const named = (name: string) => Number(rank(name) === NAMING.length);
  return names.sort((a, b) => named(a) - named(b) || figures(a) - figures(b));
}

function isTable(part: Part): boolean {
  if (part.kind !== 'list' || part.items.length === 0) return false;
  const [first] = part.items;
  const bare = (item: Part) => item.kind !== 'object' && item.kind !== 'list';
  if (first?.kind === 'object') return part.items.every((item) => item.kind === 'object' && item.fields.length > 0);
  return part.items.every(bare);
}

/** Longer than a cell shows, or of several lines. */
const CELL_MOST = 120;

function textOf(text: string, item: Part, name: string): string | null {
  const part = item.kind === 'object' ? item.fields.findLast((field) => field.name === name)?.value : undefined;
  return part?.kind === 'text' ? shown(text, part) : null;
}

function isProse(text: string, item: Part, name: string): boolean {
  const words = textOf(text, item, name);
  return words !== null && (words.length > CELL_MOST || words.trim().includes('\n'));
}

function cellOf(text: string, item: Part, name: string): Cell | null {
  const part = item.kind === 'object' ? item.fields.findLast((field) => field.name === name)?.value : item;
  return part === undefined ? null : { words: shown(text, part), number: part.kind === 'number' };
}

const USD = /(^|_)usd$/i;

/** "days_late" as one says it: "Days late"; of "amount_usd" the figures themselves say what they are in. */
export function titleOf(column: string): string {
  const words = (USD.test(column) && column.length > 3 ? column.replace(USD, '') : column).replaceAll('_', ' ');
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}

/** Figures of these are amounts, with a fraction or without; those of other columns may as well be numbers of things, and stand as they are written. */
const AMOUNT = /(^|_)(amount|total|subtotal|price|cost|sum|balance|fee|tax|vat|net|gross|paid|owed|refund|credit|debit|eur|gbp|chf)$/i;
const PLACES_MOST = 6;

/** How the figures of a column are written: dollars as money, amounts by the locale, each with as many decimals as the one that has most; or, as null, as they came. */
export type Look = { as: 'usd' | 'amount'; places: number } | null;

export function lookOf(column: string, cells: readonly (Cell | null)[]): Look {
  const as = USD.test(column) ? 'usd' : AMOUNT.test(column) ? 'amount' : null;
  if (as === null) return null;
  const places = cells.flatMap((cell) => (cell?.number ? [placesOf(cell.words)] : []));
  // Where one of them cannot be written as exactly as it came, all of them stay.
  if (places.length === 0 || places.includes(null)) return null;
  const most = Math.max(...places.map((one) => one ?? 0));
  return { as, places: most === 1 ? 2 : most };
}

/** Decimals of a figure as it is written; null where a number of ours could not hold it. */
function placesOf(words: string): number | null {
  const [, whole = '', fraction = ''] = /^-?(\d+)(?:\.(\d+))?$/.exec(words) ?? [];
  if (whole === '' || fraction.length > PLACES_MOST || whole.length + fraction.length > 15) return null;
  return fraction.replace(/0+$/, '').length;
}

/** A cell as it is read. */
export function cellWords(column: string, cell: Cell | null, look: Look = lookOf(column, [cell])): string {
  if (cell === null) return '';
  if (!cell.number || look === null) return cell.words;
  return look.as === 'usd' ? dollars(Number(cell.words), look.places) : number(Number(cell.words), look.places);
}

/** The payload without these rows, everything else as it was written. */
export function leftOut(text: string, rows: Rows, out: ReadonlySet<number>): string {
  if (out.size === 0) return text;
  const kept = rows.list.items.filter((_, at) => !out.has(at)).map((item) => text.slice(item.start, item.end));
  return `${text.slice(0, rows.list.start)}[${kept.join(', ')}]${text.slice(rows.list.end)}`;
}

/** All of it is chosen. */
export const NONE: ReadonlySet<number> = new Set();

/** What is left out, once this row is chosen or not. */
export function chosen(out: ReadonlySet<number>, at: number, on: boolean): ReadonlySet<number> {
  return new Set(on ? [...out].filter((other) => other !== at) : [...out, at]);
}

/** What is new in a row since the last time; `loud`: a figure of it has changed. */
export interface Since {
  words: string;
  loud: boolean;
}

export interface Compared {
  since: readonly (Since | null)[];
  /** Its text of the last time, for each row; null: it was not there, or had none. */
  textBefore: readonly (string | null)[];
  /** Rows of the last time that are not among these. */
  gone: number;
}

/** Each row beside the same one of the last time; null when nobody can tell which is which. */
export function compared(now: Rows, last: Rows): Compared | null {
  const naming = namingColumn(now, last);
  if (naming === null) return null;
  const [here, there] = [now.columns.indexOf(naming), last.columns.indexOf(naming)];
  const before = new Map(last.rows.map((row) => [row.cells[there]?.words ?? '', row]));
  const of = (row: Row) => before.get(row.cells[here]?.words ?? '');
  const textBefore = now.rows.map((row) => last.texts[of(row)?.at ?? -1] ?? null);
  const names = new Set(now.rows.map((row) => row.cells[here]?.words ?? ''));
  const since = now.rows.map((row): Since | null => {
    const old = of(row);
    if (old === undefined) return { words: gatesText.newIt, loud: false };
    const texts = now.texts[row.at] !== (last.texts[old.at] ?? null) ? [gatesText.otherText] : [];
    const changed = [...now.columns.flatMap((column, i) => {
      const [is, was] = [row.cells[i]?.words ?? null, old.cells[last.columns.indexOf(column)]?.words ?? null];
      return is === was ? [] : [gatesText.was(titleOf(column).toLowerCase(), was === null ? gatesText.notThere : was === '' ? 'empty' : cellWords(column, old.cells[last.columns.indexOf(column)] ?? null, lookOf(column, [...now.rows.map((one) => one.cells[i] ?? null), old.cells[last.columns.indexOf(column)] ?? null])))];
    }), ...texts];
    if (changed.length === 0) return null;
    return { words: changed.length === 1 ? (changed[0] ?? '') : gatesText.more(changed[0] ?? '', changed.length - 1), loud: true };
  });
  return { since, textBefore, gone: last.rows.filter((row) => !names.has(row.cells[there]?.words ?? '')).length };
}

/** The column whose every figure is there once, in both tables. */
function namingColumn(now: Rows, last: Rows): string | null {
  const once = (rows: Rows, column: string) => {
    const at = rows.columns.indexOf(column);
    const words = rows.rows.map((row) => row.cells[at]?.words);
    return at >= 0 && !words.includes(undefined) && new Set(words).size === words.length;
  };
  const fit = now.columns.filter((column) => once(now, column) && once(last, column));
  return [...fit].sort((a, b) => rank(a) - rank(b))[0] ?? null;
}
