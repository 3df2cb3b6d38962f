//! A long name in two halves: where there is no room for all of it, the first gives way and the second, by which like names differ, stays. Pure.

/** A tail of so many letters at least and at most. */
const [TAIL_LEAST, TAIL_MOST] = [5, 10];
/** Names up to this are never cut in practice. */
const SHORT = 10;

/** "remind-late-payers" as "remind-late" and "-payers": the tail begins at a word of the name where there is one that fits. The second is empty for a short name. */
export function halves(name: string): [head: string, tail: string] {
  const letters = [...name];
  if (letters.length <= SHORT) return [name, ''];
  for (let at = letters.length - TAIL_MOST; at <= letters.length - TAIL_LEAST; at++) if (/[-_./: ]/.test(letters[at] ?? '')) return cut(letters, at);
  return cut(letters, letters.length - TAIL_LEAST - 1);
}

function cut(letters: readonly string[], at: number): [string, string] {
  return [letters.slice(0, at).join(''), letters.slice(at).join('')];
}

/** As much of a name as `room` holds: "remind…-payers". A mark that would stand before the dots goes with what is cut. */
export function middled(name: string, room: number, widthOf: (text: string) => number): string {
  if (widthOf(name) <= room) return name;
  const [head, tail] = halves(name);
  const letters = [...head];
  const cutAt = (at: number) => `${letters.slice(0, at).join('').replace(/[-_./: ]+$/, '')}…${tail}`;
  let [lo, hi] = [0, letters.length - 1];
  while (lo < hi) {
    const at = Math.ceil((lo + hi) / 2);
    if (widthOf(cutAt(at)) <= room) lo = at;
    else hi = at - 1;
  }
  return cutAt(lo);
}
