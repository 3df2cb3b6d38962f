//! JSON as text with the places of its parts: what is left out, or looked at alone, leaves every other figure as it was written. Pure.
// `JSON.parse` would round an order's number of twenty digits, and a yes would send another one than was shown.

import { plainJson } from '../plain';
import { laidOut, START } from '../run/payload';
import * as gatesText from '../text/gates';

export type Kind = 'object' | 'list' | 'text' | 'number' | 'flag' | 'null';

export interface Part {
  kind: Kind;
  /** Of the text, up to and without `end`. */
  start: number;
  end: number;
  /** Of an object. */
  fields: readonly { name: string; value: Part }[];
  /** Of a list. */
  items: readonly Part[];
}

const WHITE = ' \n\r\t';

/** The whole text as one part; null when it is no JSON. */
export function read(text: string): Part | null {
  if (wrongWith(text) !== null) return null;
  return partAt(text, after(text, 0));
}

/** What is wrong with a text that should be JSON, in the engine's words; null: nothing. */
export function wrongWith(text: string): string | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function after(text: string, at: number): number {
  while (at < text.length && WHITE.includes(text[at] as string)) at++;
  return at;
}

/** The part that begins here. The text is known to be JSON. */
function partAt(text: string, start: number): Part {
  const leaf = (kind: Kind, end: number): Part => ({ kind, start, end, fields: [], items: [] });
  switch (text[start]) {
    case '"':
      return leaf('text', textEnd(text, start));
    case '{': {
      const fields: { name: string; value: Part }[] = [];
      let at = after(text, start + 1);
      while (text[at] !== '}') {
        const nameEnd = textEnd(text, at);
        const name = JSON.parse(text.slice(at, nameEnd)) as string;
        const value = partAt(text, after(text, after(text, nameEnd) + 1));
        fields.push({ name, value });
        at = after(text, value.end);
        if (text[at] === ',') at = after(text, at + 1);
      }
      return { ...leaf('object', at + 1), fields };
    }
    case '[': {
      const items: Part[] = [];
      let at = after(text, start + 1);
      while (text[at] !== ']') {
        const item = partAt(text, at);
        items.push(item);
        at = after(text, item.end);
        if (text[at] === ',') at = after(text, at + 1);
      }
      return { ...leaf('list', at + 1), items };
    }
    default: {
      let end = start;
      while (end < text.length && !',]} \n\r\t'.includes(text[end] as string)) end++;
      const word = text[start];
      return leaf(word === 'n' ? 'null' : word === 't' || word === 'f' ? 'flag' : 'number', end);
    }
  }
}

function textEnd(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** A part as it is read: a text without its quotes, anything else as it is written, on one line. */
export function shown(text: string, part: Part): string {
  const raw = text.slice(part.start, part.end);
  return part.kind === 'text' ? (JSON.parse(raw) as string) : part.kind === 'object' || part.kind === 'list' ? compact(raw) : raw;
}

/** Without the white space between its parts. */
export function compact(json: string): string {
  let out = '';
  for (let at = 0; at < json.length; ) {
    const sign = json[at] as string;
    if (sign === '"') {
      const end = textEnd(json, at);
      out += json.slice(at, end);
      at = end;
    } else {
      if (!WHITE.includes(sign)) out += sign;
      at++;
    }
  }
  return out;
}

const KINDS: Record<Kind, string> = { object: gatesText.anObject, list: gatesText.aList, text: gatesText.aText, number: gatesText.aNumber, flag: gatesText.trueOrFalse, null: gatesText.nullIt };

export const kindWords = (kind: Kind): string => KINDS[kind];

/** As it is shown, compared and edited: with line breaks and indents, and nothing in it that would be obeyed instead of read. */
export function laid(json: string): string {
  return laidOut(plainJson(json), START, Infinity).text;
}
