//! A payload as one reads it aloud: one thing a line, a text with its own lines. For looking at what changed; nothing is made from it. Pure.
import { compact, laid, read, shown, type Part } from './json';

/** Lines for eyes; JSON where it has no simpler shape. */
export function readable(json: string): string {
  const whole = read(json);
  if (whole === null || (whole.kind !== 'object' && whole.kind !== 'list')) return whole === null ? json : shown(json, whole);
  if (whole.kind === 'list') return items(json, whole).join('\n');
  return whole.fields.map(({ name, value }) => field(json, name, value)).join('\n');
}

/** Two payloads so that every difference between them is seen. */
export function beside(before: string | null, now: string | null): [before: string, now: string] {
  const words: [string, string] = [before === null ? '' : readable(before), now === null ? '' : readable(now)];
  const hidden = before !== null && now !== null && words[0] === words[1] && compact(before) !== compact(now);
  return hidden ? [laid(before), laid(now)] : words;
}

function field(json: string, name: string, value: Part): string {
  if (value.kind === 'list' && value.items.length > 0) return [`${name}:`, ...items(json, value).map((line) => `  ${line}`)].join('\n');
  const words = shown(json, value);
  if (words.includes('\n')) return [`${name}:`, ...words.split('\n').map((line) => `  ${line}`)].join('\n');
  return `${name}: ${words}`;
}

/** Each on a line of its own: of an object what names it first, then what is said of it. */
function items(json: string, list: Part): string[] {
  return list.items.map((item) => {
    if (item.kind !== 'object') return shown(json, item).replaceAll('\n', ' ⏎ ');
    const fields = item.fields.map(({ name, value }) => ({ name, value, words: shown(json, value).replaceAll('\n', ' ⏎ ') }));
    const bare = fields.find(({ name, value }) => value.kind === 'text' && NAMING.includes(name.toLowerCase()));
    const rest = fields.filter((one) => one !== bare).map(({ name, words }) => `${name} ${words}`);
    return [...(bare ? [bare.words] : []), ...rest].join(', ');
  });
}

const NAMING = ['name', 'to', 'email', 'id', 'key', 'title', 'path', 'url'];
