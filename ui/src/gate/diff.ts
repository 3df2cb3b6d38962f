//! Two texts beside each other, line by line; and a diff that an agent wrote, by its lines. Pure.
import * as gatesText from '../text/gates';

export interface Line {
  kind: 'same' | 'add' | 'del' | 'head';
  text: string;
}

export type Shown = Line | { kind: 'fold'; count: number };

/** So many differences are looked for at most; texts with more have hardly anything in common. */
const EDITS_MOST = 1200;
const AROUND = 2;

/** Lines of `now` as they came from those of `before`. */
export function diffOf(before: string, now: string): Line[] {
  const [a, b] = [linesOf(before), linesOf(now)];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const same = (text: string): Line => ({ kind: 'same', text });
  return [...a.slice(0, head).map(same), ...between(a.slice(head, a.length - tail), b.slice(head, b.length - tail)), ...a.slice(a.length - tail).map(same)];
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.replaceAll('\r\n', '\n').split('\n');
}

/** Myers' shortest edit, with what goes before what comes. */
function between(a: readonly string[], b: readonly string[]): Line[] {
  const whole = (): Line[] => [...a.map((text): Line => ({ kind: 'del', text })), ...b.map((text): Line => ({ kind: 'add', text }))];
  if (a.length === 0 || b.length === 0) return whole();
  const most = Math.min(a.length + b.length, EDITS_MOST);
  const offset = most + 1;
  const reach = new Int32Array(2 * most + 3);
  const trail: Int32Array[] = [];
  for (let d = 0; d <= most; d++) {
    trail.push(reach.slice(offset - d - 1, offset + d + 2));
    for (let k = -d; k <= d; k += 2) {
      let x = k === -d || (k !== d && at(reach, offset + k - 1) < at(reach, offset + k + 1)) ? at(reach, offset + k + 1) : at(reach, offset + k - 1) + 1;
      let y = x - k;
      while (x < a.length && y < b.length && a[x] === b[y]) {
        x++;
        y++;
      }
      reach[offset + k] = x;
      if (x >= a.length && y >= b.length) return back(a, b, trail, d);
    }
  }
  return whole();
}

const at = (of: Int32Array, i: number) => of[i] ?? 0;

/** The way back from the end, by what was reached with one edit less each time. */
function back(a: readonly string[], b: readonly string[], trail: readonly Int32Array[], edits: number): Line[] {
  const out: Line[] = [];
  let [x, y] = [a.length, b.length];
  for (let d = edits; d >= 0; d--) {
    const reached = (k: number) => at(trail[d] as Int32Array, k + d + 1);
    const k = x - y;
    const down = k === -d || (k !== d && reached(k - 1) < reached(k + 1));
    const from = down ? k + 1 : k - 1;
    const fromX = d === 0 ? 0 : reached(from);
    const fromY = d === 0 ? 0 : fromX - from;
    for (; x > fromX && y > fromY; x--, y--) out.push({ kind: 'same', text: a[x - 1] ?? '' });
    if (d > 0) out.push(down ? { kind: 'add', text: b[fromY] ?? '' } : { kind: 'del', text: a[fromX] ?? '' });
    [x, y] = [fromX, fromY];
  }
  return out.reverse();
}

/** True when the two differ anywhere. */
export function differs(lines: readonly Line[]): boolean {
  return lines.some((line) => line.kind === 'add' || line.kind === 'del');
}

/** "2 lines more, 1 less" */
export function countWords(lines: readonly Line[]): string {
  const count = (kind: Line['kind']) => lines.filter((line) => line.kind === kind).length;
  const [more, less] = [count('add'), count('del')];
  if (more === 0 && less === 0) return gatesText.nothingHasChanged;
  return [more > 0 ? gatesText.linesMore(more) : '', less > 0 ? gatesText.less(less, more > 0 ? '' : gatesText.lines(less)) : ''].filter((words) => words !== '').join(', ');
}

/** With what stayed the same folded, but for a few lines around each change. */
export function folded(lines: readonly Line[]): Shown[] {
  const near = new Uint8Array(lines.length);
  lines.forEach((line, i) => {
    if (line.kind !== 'same') near.fill(1, Math.max(0, i - AROUND), i + AROUND + 1);
  });
  const out: Shown[] = [];
  for (let i = 0; i < lines.length; ) {
    let end = i;
    while (end < lines.length && near[end] === 0) end++;
    // A single line is as short as the word that would stand for it.
    if (end - i > 1) {
      out.push({ kind: 'fold', count: end - i });
      i = end;
    } else {
      out.push(lines[i] as Line);
      i++;
    }
  }
  return out;
}

/** A diff as programs write it: by its signs. Text that is none comes out as it is. */
export function written(diff: string): Line[] {
  // In front of the first hunk of a file, "---" and "+++" name the file.
  let names = true;
  return linesOf(diff.replace(/\n$/, '')).map((line): Line => {
    if (/^(diff |index )/.test(line)) names = true;
    if (line.startsWith('@@')) names = false;
    if (/^(diff |index |@@)/.test(line) || (names && /^(--- |\+\+\+ )/.test(line))) return { kind: 'head', text: line };
    if (line.startsWith('+')) return { kind: 'add', text: line.slice(1) };
    if (line.startsWith('-')) return { kind: 'del', text: line.slice(1) };
    return { kind: 'same', text: line.startsWith(' ') ? line.slice(1) : line };
  });
}
