//! Texts of several lines inside of JSON, such as a traceback: told apart, so that they can be read as they were written. Pure.
import { HEAD_CHARS } from './payload';

export interface TextIn {
  /** "traceback", "error.traceback". */
  name: string;
  text: string;
}

const DEEP = 3;
const MOST = 8;

/** Those in a value, the outermost first, by the names on the way to them. */
export function textsIn(value: unknown, name = ''): TextIn[] {
  const found: TextIn[] = [];
  const look = (one: unknown, at: string, depth: number) => {
    if (found.length >= MOST) return;
    if (typeof one === 'string') {
      if (at !== '' && one.trimEnd().includes('\n')) found.push({ name: at, text: one.trimEnd() });
    } else if (depth < DEEP && typeof one === 'object' && one !== null) for (const [key, inner] of Object.entries(one)) look(inner, at === '' ? key : `${at}.${key}`, depth + 1);
  };
  look(value, name, 0);
  return found;
}

/** The same of JSON; none where it is no JSON, or too long to be laid out at once. */
export function textsOf(json: string): TextIn[] {
  if (json.length > HEAD_CHARS || !json.includes('\\n')) return [];
  try {
    return textsIn(JSON.parse(json) as unknown);
  } catch {
    return [];
  }
}

/** A value without its texts of several lines: what is left stands in one line. Undefined: nothing is left. */
export function withoutTexts(value: unknown): unknown {
  if (typeof value === 'string') return value.trimEnd().includes('\n') ? undefined : value;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const left = Object.entries(value).flatMap(([key, inner]) => {
    const kept = withoutTexts(inner);
    return kept === undefined ? [] : [[key, kept] as const];
  });
  return left.length === 0 ? undefined : Object.fromEntries(left);
}
