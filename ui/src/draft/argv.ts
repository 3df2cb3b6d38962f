//! A command line as people type it, and the words a program gets. Pure. Quotes group; nothing is expanded, because no shell reads it.
import * as readbackText from '../text/readback';

/** What a line became: its words, or what is wrong with it. */
export type Split = { words: string[] } | { wrong: string };

/** Splits at spaces; "double" and 'single' quotes group, a backslash takes the next letter as it is (inside single quotes it is itself). */
export function splitWords(line: string): Split {
  const words: string[] = [];
  let word = '';
  let open = false; // a word has begun, even if it is still empty ("")
  let quote: '"' | "'" | null = null;
  for (let i = 0; i < line.length; i++) {
    const c = line[i] as string;
    if (quote === "'") {
      if (c === "'") quote = null;
      else word += c;
    } else if (c === '\\') {
      const next = line[i + 1];
      if (next === undefined) return { wrong: readbackText.theLineEnds };
      if (quote === '"' && next !== '"' && next !== '\\') word += c;
      else {
        word += next;
        i++;
      }
      open = true;
    } else if (quote === '"') {
      if (c === '"') quote = null;
      else word += c;
    } else if (c === '"' || c === "'") {
      quote = c;
      open = true;
    } else if (/\s/.test(c)) {
      if (open) words.push(word);
      word = '';
      open = false;
    } else {
      word += c;
      open = true;
    }
  }
  if (quote) return { wrong: readbackText.aQuoteIsNotClosed(quote === '"' ? 'double' : 'single') };
  if (open) words.push(word);
  return { words };
}

/** Signs that only a shell gives a meaning; as words they reach the program as they are. */
export function shellSigns(words: readonly string[]): string[] {
  return words.filter((word) => ['|', '||', '&&', '&', ';', '>', '>>', '<', '2>', '2>&1'].includes(word));
}

/** Writes words as a line that `splitWords` reads back. */
export function joinWords(words: readonly string[]): string {
  return words.map((word) => (/^[^\s"'\\]+$/.test(word) ? word : !word.includes("'") ? `'${word}'` : `"${word.replace(/["\\]/g, '\\$&')}"`)).join(' ');
}
