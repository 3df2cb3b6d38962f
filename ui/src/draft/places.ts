//! Where in the form something is said: the place of a path inside `schedule`, and which mistakes are worth saying while one types. Pure.
import { comesAgain, type PartField, type ScheduleDraft, type ScheduleErrors, type SchedulePlace } from './schedule';

/** Of the mistakes in windows and blackout days, those in fields that hold something: an empty one is only not filled in yet. */
export function writtenPlaces(draft: ScheduleDraft, errors: ScheduleErrors): ScheduleErrors {
  return Object.fromEntries(
    Object.entries(errors).filter(([place]) => {
      const [list, at, field] = place.split('.');
      const item = list === 'parts' ? draft.parts[Number(at)] : list === 'blackout' ? draft.blackout[Number(at)] : undefined;
      const value = item?.[field as keyof typeof item] as unknown;
      return Array.isArray(value) || (typeof value === 'string' && value.trim() !== '');
    })
  );
}

const PART_FIELDS: Record<string, PartField> = { days: 'days', from: 'from', to: 'to', timezone: 'zone', every_seconds: 'every', cron: 'cron', at_once: 'atOnce' };
const FIELDS: Record<string, keyof ScheduleDraft> = {
  timezone: 'zone', cron: 'cron', every_seconds: 'every', cue: 'after', on: 'on', parts: 'parts', blackout: 'blackout', jitter_seconds: 'jitter', paths: 'paths', next_run: 'nextMin', type: 'kind'
};
const SHOWN_BY_KIND: Record<ScheduleDraft['kind'], keyof ScheduleDraft> = { recurring: 'cron', interval: 'every', once: 'at', after: 'after', manual: 'kind' };

/** The form's place for a path inside `schedule` (`parts[0].from`); where it has none, the field that says when. */
export function placeFor(path: string, draft: ScheduleDraft): SchedulePlace {
  const [, list, at, field] = /^(parts|blackout|paths)\[(\d+)\](?:\.(\w+))?/.exec(path) ?? [];
  const i = Number(at ?? -1);
  if (list === 'parts' && i < draft.parts.length) {
    const place = PART_FIELDS[field ?? ''];
    const rated = draft.parts[i]?.rate === 'cron' ? 'cron' : 'every';
    return `parts.${i}.${place === 'cron' || place === 'every' ? rated : (place ?? 'days')}`;
  }
  if (list === 'blackout' && i < draft.blackout.length) return `blackout.${i}.${field === 'to' ? 'to' : 'from'}`;
  if (list === 'paths' && i < draft.paths.length) return `paths.${i}`;
  if (path.startsWith('next_run.max')) return 'nextMax';
  const head = path.split(/[.[]/)[0] ?? '';
  if (head === 'at') return draft.kind === 'interval' ? 'countFrom' : 'at';
  const found = FIELDS[head] ?? SHOWN_BY_KIND[draft.kind];
  if (found !== 'cron' && found !== 'every' && found !== 'after' && found !== 'kind') return found;
  return draft.windowsOnly && comesAgain(draft.kind) && draft.parts.length > 0 ? 'parts' : SHOWN_BY_KIND[draft.kind];
}

