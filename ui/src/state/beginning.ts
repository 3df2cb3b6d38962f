//! Where the ledger begins, for a picture of time that reaches back beyond it. Pure but for whom it asks.

/** The newest record due before an instant; null: there is none. */
export type NewestBefore = (before_ms: number) => Promise<number | null>;

/** Nearer than this is near enough. */
const NEAR_MS = 1000;

/** The oldest record, or some record before `from_ms` where there is one. `held_ms`: all records since then are here, the oldest of them at `oldest_ms`. */
export async function findBeginning(newestBefore: NewestBefore, from_ms: number, held_ms: number, oldest_ms: number): Promise<number> {
  if (oldest_ms < from_ms) return oldest_ms;
  const older = await newestBefore(from_ms);
  if (older !== null) return older;
  if (held_ms <= from_ms) return oldest_ms;
  let [lo, hi] = [from_ms, (await newestBefore(held_ms)) ?? oldest_ms];
  while (hi < held_ms && hi - lo > NEAR_MS) {
    const middle = Math.ceil((lo + hi) / 2);
    const found = await newestBefore(middle);
    if (found === null) lo = middle;
    else hi = found;
  }
  return hi;
}
