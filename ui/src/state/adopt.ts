//! Jobs of other schedulers as they are shown: what was found, what may be chosen, what is chosen. Pure.
import * as adoptText from '../text/adopt';
import { sameDay, stamp, hm } from '../time';
import type { AdoptEntry, AdoptKind, AdoptMode, AdoptPreview, AdoptSource } from '../wire';

const OF_THE_OWNER: ReadonlySet<AdoptKind> = new Set<AdoptKind>(['crontab', 'user_timer']);

/** Those that can be cues, and that are the owner's own: what the system runs for itself is no first thing to adopt. */
export function ownJobs({ entries }: AdoptPreview): AdoptEntry[] {
  return entries.filter((entry) => entry.reason === null && OF_THE_OWNER.has(entry.kind));
}

/** "7 lines in your crontab, 2 timers"; empty where nothing can be a cue. */
export function foundWords({ entries }: AdoptPreview): string {
  const count = (...kinds: AdoptKind[]) => entries.filter((entry) => entry.reason === null && kinds.includes(entry.kind)).length;
  const [lines, timers, system] = [count('crontab'), count('user_timer'), count('system_crontab', 'system_timer')];
  const parts = [
    lines === 0 ? '' : lines === 1 ? adoptText.oneLine : adoptText.lines(lines),
    timers === 0 ? '' : timers === 1 ? adoptText.oneTimer : adoptText.timers(timers),
    system === 0 ? '' : system === 1 ? adoptText.oneOfTheSystem : adoptText.ofTheSystem(system)
  ];
  return parts.filter((part) => part !== '').join(adoptText.and);
}

/** What runs here, as the first run shows it: a line for each place, with one or some of its jobs as they are written there. */
export function foundHere(preview: AdoptPreview): { id: string; words: string; sample: string }[] {
  const own = { ...preview, entries: ownJobs(preview) };
  return bySource(own)
    .filter(({ entries }) => entries.length > 0)
    .map(({ source, entries }) => ({ id: source.id, words: foundWords({ ...preview, entries }), sample: entries[0]?.unit == null ? (entries[0]?.text ?? '') : entries.map((entry) => entry.unit).join(adoptText.and) }));
}

export interface SourceEntries {
  source: AdoptSource;
  entries: AdoptEntry[];
}

/** Sources that have something to say, in their order. */
export function bySource({ sources, entries }: AdoptPreview): SourceEntries[] {
  return sources
    .map((source) => ({ source, entries: entries.filter((entry) => entry.source === source.id) }))
    .filter((one) => one.entries.length > 0 || one.source.trouble !== null);
}

/** Watching needs the tower's hand in the other scheduler. */
export function mayAdopt(entry: AdoptEntry, mode: AdoptMode): boolean {
  return entry.reason === null && (mode === 'take_over' || entry.can_watch_first);
}

/** Ticked at first: the owner's own. */
export function firstChosen(preview: AdoptPreview): Record<string, boolean> {
  return Object.fromEntries(ownJobs(preview).map((entry) => [entry.key, true]));
}

/** Keys to adopt, in the order shown. */
export function chosenKeys(preview: AdoptPreview, chosen: Readonly<Record<string, boolean>>, mode: AdoptMode): string[] {
  return preview.entries.filter((entry) => chosen[entry.key] === true && mayAdopt(entry, mode)).map((entry) => entry.key);
}

/** "next 03:15:00, then Mon 23 Nov 03:15". Of one day only the first names it. */
export function firesWords(fires_ms: readonly number[], now_ms: number, zone: string): string {
  const [first, ...others] = fires_ms;
  if (first === undefined) return '';
  const more = others.slice(0, 2).map((at_ms, i) => (sameDay(at_ms, fires_ms[i] ?? at_ms, zone) ? hm(at_ms, zone) : stamp(at_ms, now_ms, zone)));
  return [adoptText.next(stamp(first, now_ms, zone)), ...(more.length > 0 ? [adoptText.thenAt(more.join(adoptText.and))] : [])].join(adoptText.and);
}
