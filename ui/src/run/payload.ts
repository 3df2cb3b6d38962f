//! A payload's JSON with line breaks and indents, piece by piece: what is long is not laid out before somebody wants it all. Pure.

/** As much as is shown at once. */
export const HEAD_CHARS = 64 * 1024;

/** Where a layout stands: it goes on from here with the next piece. */
export interface Layout {
  /** Of the JSON text, how much is laid out. */
  at: number;
  depth: number;
  inString: boolean;
}

export const START: Layout = { at: 0, depth: 0, inString: false };

/** Lays out JSON from `from` until at least `chars` are written or the text ends. Text that is no JSON comes out readable, too. */
export function laidOut(json: string, from: Layout, chars: number): { text: string; next: Layout } {
  const out: string[] = [];
  let [at, depth, inString, written] = [from.at, from.depth, from.inString, 0];
  const put = (text: string) => {
    out.push(text);
    written += text.length;
  };
  const line = () => put(`\n${'  '.repeat(Math.min(depth, 40))}`);
  while (at < json.length && written < chars) {
    if (inString) {
      // To its end, or as far as there is room.
      let end = at;
      while (end < json.length && json[end] !== '"' && end - at < chars) end += json[end] === '\\' ? 2 : 1;
      const closes = json[end] === '"' && end < json.length;
      put(json.slice(at, closes ? end + 1 : end));
      at = Math.min(json.length, closes ? end + 1 : end);
      inString = !closes;
      continue;
    }
    const sign = json[at] as string;
    at++;
    if (sign === '"') {
      inString = true;
      put(sign);
    } else if (sign === '{' || sign === '[') {
      let close = at;
      while (' \n\r\t'.includes(json[close] ?? 'x')) close++;
      if (json[close] === '}' || json[close] === ']') {
        put(sign + json[close]);
        at = close + 1;
      } else {
        depth++;
        put(sign);
        line();
      }
    } else if (sign === '}' || sign === ']') {
      depth = Math.max(0, depth - 1);
      line();
      put(sign);
    } else if (sign === ',') {
      put(sign);
      line();
    } else if (sign === ':') put(': ');
    else if (!' \n\r\t'.includes(sign)) {
      let end = at;
      while (end < json.length && end - at < 400 && !'",:{}[] \n\r\t'.includes(json[end] as string)) end++;
      put(json.slice(at - 1, end));
      at = end;
    }
  }
  return { text: out.join(''), next: { at, depth, inString } };
}

/** A text alone reads better without its quotes and escapes: the text of a JSON string; null for any other JSON, and for one that is long. */
export function plainText(json: string): string | null {
  if (!json.startsWith('"') || json.length > HEAD_CHARS) return null;
  try {
    const read = JSON.parse(json) as unknown;
    return typeof read === 'string' ? read : null;
  } catch {
    return null;
  }
}
