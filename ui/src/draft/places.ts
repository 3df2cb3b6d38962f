//! Where in the form something is said: the place of a path inside `schedule`, which mistakes are worth saying while one types, and the place's name. Pure.
import { comesAgain, type PartField, type ScheduleDraft, type ScheduleErrors, type SchedulePlace } from './schedule';

/** Of the schedule's mistakes, those in fields that hold something: an empty one is only not filled in yet. */
export function writtenPlaces(draft: ScheduleDraft, errors: ScheduleErrors): ScheduleErrors {
  return Object.fromEntries(
    Object.entries(errors).filter(([place]) => {
      const [list, at, field] = place.split('.');
      if (field === undefined) return AT_REST.some((one) => one === place) && isWritten(draft[place as (typeof AT_REST)[number]]);
      const item = list === 'parts' ? draft.parts[Number(at)] : list === 'blackout' ? draft.blackout[Number(at)] : undefined;
      const value = item?.[field as keyof typeof item] as unknown;
      return Array.isArray(value) || isWritten(value);
    })
  );
}

/** Fields that say when, outside windows and blackout days. */
const AT_REST = ['at', 'countFrom', 'every', 'jitter'] as const;

function isWritten(value: unknown): boolean {
  const text = typeof value === 'object' && value !== null && 'amount' in value ? value.amount : value;
  return typeof text === 'string' && text.trim() !== '';
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


/** In the order of the form. */
const NAMES: Record<string, string> = {
  name: 'its name', agent: 'Agent', transport: 'Deliver by', address: 'Address', method: 'Method', headers: 'Headers', command: 'Command', folder: 'In folder', env: 'Environment', payload: 'Payload',
  kind: 'Schedule', words: 'In words', cron: 'Cron', every: 'Runs every', countFrom: 'Counted from', at: 'At', zone: 'Zone', after: 'Other cue', on: 'How it ended', parts: 'Windows', blackout: 'Blackout days',
  jitter: 'Jitter', paths: 'Watched files', nextMin: 'Its agent asks', nextMax: 'Its agent asks', catchUp: 'Tower off or asleep when due', within: 'Lateness at most', overlap: 'Previous run still going',
  allowPrivate: 'Private network', lease: 'Lease', restart: 'When it ends', uses: 'Pools', priority: 'Priority', preflight: 'Checks', connectTimeout: 'Connecting', firstByte: 'First answer',
  failWebhook: 'Tell an address', fallback: 'Another cue in its place', onSuccess: 'The cue after it',
  confirm: 'Confirmed by', deadline: 'Outcome due within', minProcessed: 'Processed, at least', maxErrors: 'Errors, at most', maxDuration: 'Done within', asserts: 'What must be true', evidence: 'Evidence', checks: 'What is looked at',
  beatEvery: 'Beats every', beatGrace: 'Late by at most', startGrace: 'First beat within', progressWithin: 'Progress within', beatRestart: 'Start it again',
  runCost: 'Cost of a run', runTokens: 'Tokens of a run', runSteps: 'Steps of a run', stopAfter: 'Stop a run after', dayCost: 'Cost of a day', dayTokens: 'Tokens of a day', loops: 'If it goes in circles',
  askDelivery: 'Ask me before it goes', askSteps: 'Ask me before these steps', askConfirm: 'Ask me before it counts', askDeadline: 'Answer within', onNoAnswer: 'With no answer', secrets: 'Secrets',
  attempts: 'Attempts in all', backoff: 'Minutes between them', retryFailed: 'Attempts in all', timeout: 'Delivery may take', unanswered: 'Delivery may take', pauseOnFailure: 'If it fails'
};
const PART_NAMES: Record<string, string> = { days: 'the days', from: 'the beginning', to: 'the end', zone: 'the zone', every: 'how often', cron: 'the expression', atOnce: 'how many at once' };

/** A place as the form names it: "Zone", "the days of window 1". */
export function placeName(place: string): string {
  const [list, at, field = ''] = place.split('.');
  const number = Number(at) + 1;
  if (list === 'parts' && at !== undefined) return `${PART_NAMES[field] ?? 'something'} of window ${number}`;
  if (list === 'blackout' && at !== undefined) return `the ${field === 'to' ? 'last' : 'first'} day of blackout ${number}`;
  if (list === 'uses' && at !== undefined) return `pool ${number}`;
  if (list === 'preflight' && at !== undefined) return `check ${number}`;
  if (list === 'checks' && at !== undefined) return `proof ${number}`;
  if (list === 'paths' && at !== undefined) return `path ${number}`;
  return NAMES[place] ?? place;
}

const NAMED_MOST = 3;

/** What stands in the way of a save, in one line: "2 things to mend: Zone, the days of window 1". Null when nothing does. */
export function mendWords(places: readonly string[]): string | null {
  if (places.length === 0) return null;
  const order = Object.keys(NAMES);
  const rank = (place: string) => order.indexOf(place.split('.')[0] ?? '');
  const names = [...new Set([...places].sort((a, b) => rank(a) - rank(b)).map(placeName))];
  const more = names.length - NAMED_MOST;
  return `${places.length} ${places.length === 1 ? 'thing' : 'things'} to mend: ${names.slice(0, NAMED_MOST).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
