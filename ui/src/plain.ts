//! What others said, made harmless for whoever reads it: characters that turn round the direction in which all that follows is read
//! ("gpj.exe" for "exe.jpg"), and those that show nothing, are written out. Counterpart of core's `plain.rs`.

const TURNING: ReadonlySet<number> = new Set([0x061c, 0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069]);

function isObeyed(letter: string): boolean {
  const code = letter.codePointAt(0) ?? 0;
  const control = code < 0x20 || (code >= 0x7f && code <= 0x9f);
  return TURNING.has(code) || (control && letter !== '\n' && letter !== '\t');
}

/** The text with such characters as `\u{202e}`. Line breaks and tabs stay. */
export function plain(text: string): string {
  let safe = '';
  for (const letter of text.replaceAll('\r\n', '\n')) safe += isObeyed(letter) ? `\\u{${(letter.codePointAt(0) ?? 0).toString(16)}}` : letter;
  return safe;
}

/** JSON as text with such characters as JSON itself escapes them: it reads as the same value, and may be edited. */
export function plainJson(json: string): string {
  let safe = '';
  for (const letter of json) safe += isObeyed(letter) && letter !== '\r' ? `\\u${(letter.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}` : letter;
  return safe;
}
