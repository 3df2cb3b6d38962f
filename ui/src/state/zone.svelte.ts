//! In which zone the window shows times: the tower's own, UTC, or another. Each cue still fires in its own.
import { isUtc, zoneIsKnown } from '../time';
import { keep, kept } from './keep';

/** Null: the tower's own, which is the owner's. */
let chosen = $state<string | null>(kept('zone', (text) => (zoneIsKnown(text) ? text : null), null as string | null));
/** What `U` goes back to from UTC. */
let before: string | null = null;

export const zones = {
  get chosen(): string | null {
    return chosen;
  },
  /** The zone to show times in, where the tower's own is this one. */
  shown(home: string): string {
    return chosen ?? home;
  },
  choose(zone: string | null): void {
    chosen = zone;
    keep('zone', zone);
  },
  /** Swaps local and UTC. The answer is the zone that is shown now. */
  swap(home: string): string {
    const next = isUtc(zones.shown(home)) ? (before !== null && !isUtc(before) ? before : null) : 'UTC';
    before = chosen;
    zones.choose(next);
    return zones.shown(home);
  }
};
