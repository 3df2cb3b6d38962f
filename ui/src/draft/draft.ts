//! A cue while it is being written: every field as text, the way it stands in the form. Pure. The definition (SPEC section 13) is made from it and read into it.
import { hms, instantOf, MINUTE, SECOND, typed, zoneIsKnown } from '../time';
import { joinWords, splitWords } from './argv';

export interface Pair {
  name: string;
  value: string;
}

export interface Draft {
  name: string;
  agent: string;
  transport: 'webhook' | 'command';
  address: string;
  method: string;
  headers: Pair[];
  /** A line of words, or with `shell` a line for the shell. */
  command: string;
  shell: boolean;
  folder: string;
  env: Pair[];
  kind: 'recurring' | 'once' | 'manual';
  cron: string;
  at: string;
  zone: string;
  catchUp: 'latest' | 'all' | 'none';
  /** Minutes; empty: half the gap to the next due time. */
  within: string;
  overlap: 'skip' | 'queue' | 'allow' | 'replace';
  confirm: 'outcome' | 'exit_code' | 'delivery';
  /** Seconds; empty: the default. */
  deadline: string;
  minProcessed: string;
  /** Percent. */
  maxErrors: string;
  evidence: string[];
  payload: string;
  attempts: string;
  /** Minutes, separated by commas. */
  backoff: string;
  retryFailed: boolean;
  timeout: string;
  unanswered: 'wait' | 'retry';
  pauseOnFailure: boolean;
  /** The definition that is edited; what the form does not show is kept from it. */
  base: Record<string, unknown>;
}

/** A field of the form, by name; errors are placed by it. */
export type Field = Exclude<keyof Draft, 'base'>;
export type Errors = Partial<Record<Field | 'whole', string>>;

export const EVIDENCE = [
  ['result_url', 'A link'],
  ['external_id', 'An id elsewhere'],
  ['result_ref', 'A reference'],
  ['summary', 'A summary'],
  ['artifacts', 'Artifacts']
] as const;

export function blankDraft(zone: string): Draft {
  return {
    name: '', agent: '', transport: 'webhook', address: '', method: 'POST', headers: [], command: '', shell: false, folder: '', env: [],
    kind: 'recurring', cron: '', at: '', zone, catchUp: 'latest', within: '', overlap: 'skip', confirm: 'outcome', deadline: '', minProcessed: '', maxErrors: '',
    evidence: [], payload: '', attempts: '3', backoff: '1, 5, 15', retryFailed: false, timeout: '30', unanswered: 'wait', pauseOnFailure: false, base: {}
  };
}

type Json = Record<string, unknown>;

function objectAt(from: unknown, key: string): Json {
  const value = typeof from === 'object' && from !== null ? (from as Json)[key] : undefined;
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function text(value: unknown, otherwise = ''): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : otherwise;
}

function one<T extends string>(value: unknown, of: readonly T[], otherwise: T): T {
  return of.includes(value as T) ? (value as T) : otherwise;
}

function pairsOf(value: Json): Pair[] {
  return Object.entries(value).map(([name, v]) => ({ name, value: text(v) }));
}

/** Writes a number without the noise of binary fractions. */
function tidy(value: number): string {
  return String(Number(value.toPrecision(12)));
}

/** Reads a definition, as the host wrote it, into the form. */
export function draftOf(definition: unknown, zone: string): Draft {
  const d = (typeof definition === 'object' && definition !== null ? definition : {}) as Json;
  const schedule = objectAt(d, 'schedule');
  const callback = objectAt(d, 'callback');
  const command = objectAt(d, 'command');
  const retry = objectAt(d, 'retry');
  const delivery = objectAt(d, 'delivery');
  const catchUp = objectAt(d, 'catch_up');
  const expect = objectAt(d, 'expect');
  const cueZone = text(schedule['timezone'], zone);
  const at = Date.parse(text(schedule['at']));
  const argv = Array.isArray(command['argv']) ? command['argv'].map((word) => text(word)) : [];
  const shell = text(command['shell']);
  const within = catchUp['within_seconds'];
  const rate = expect['max_error_rate'];
  const blank = blankDraft(cueZone);
  return {
    ...blank,
    name: text(d['name']),
    agent: text(d['agent']),
    transport: one(d['transport'], ['webhook', 'command'], 'webhook'),
    address: text(callback['url']),
    method: text(callback['method'], blank.method),
    headers: pairsOf(objectAt(callback, 'headers')),
    command: shell !== '' ? shell : joinWords(argv),
    shell: shell !== '',
    folder: text(command['cwd']),
    env: pairsOf(objectAt(command, 'env')),
    kind: one(schedule['type'], ['recurring', 'once', 'manual'], 'recurring'),
    cron: text(schedule['cron']),
    at: Number.isFinite(at) ? atText(at, cueZone) : '',
    catchUp: one(catchUp['policy'], ['latest', 'all', 'none'], 'latest'),
    within: typeof within === 'number' ? tidy(within / 60) : '',
    overlap: one(d['overlap'], ['skip', 'queue', 'allow', 'replace'], 'skip'),
    confirm: one(d['confirm'], ['outcome', 'exit_code', 'delivery'], 'outcome'),
    deadline: text(delivery['outcome_deadline_seconds']),
    minProcessed: text(expect['min_processed']),
    maxErrors: typeof rate === 'number' ? tidy(rate * 100) : '',
    evidence: Array.isArray(expect['evidence']) ? expect['evidence'].map((name) => text(name)) : [],
    payload: payloadText(d['payload']),
    attempts: text(retry['max_attempts'], blank.attempts),
    backoff: Array.isArray(retry['backoff_minutes']) ? retry['backoff_minutes'].map((m) => text(m)).join(', ') : blank.backoff,
    retryFailed: retry['on_failed_outcome'] === true,
    timeout: text(delivery['timeout_seconds'], blank.timeout),
    unanswered: one(delivery['unanswered'], ['wait', 'retry'], 'wait'),
    pauseOnFailure: objectAt(d, 'on_failure')['pause'] === true,
    base: d
  };
}

function payloadText(payload: unknown): string {
  if (payload === undefined || payload === null) return '';
  return typeof payload === 'object' && Object.keys(payload).length === 0 ? '' : JSON.stringify(payload, null, 2);
}

/** An instant as it is typed, with seconds only if it has some. */
function atText(at_ms: number, zone: string): string {
  return `${typed(at_ms, zone)}${at_ms % MINUTE >= SECOND ? hms(at_ms, zone).slice(5) : ''}`;
}

/** The `schedule` object alone, for the preview; null when the form cannot say it yet. */
export function scheduleOf(draft: Draft): Json | null {
  const timezone = draft.zone.trim();
  switch (draft.kind) {
    case 'recurring':
      return draft.cron.trim() === '' ? null : { type: 'recurring', cron: draft.cron.trim(), timezone };
    case 'once': {
      // What was not touched stays as it is, to the millisecond: an instant that has passed may only stand, not be set.
      const standing = objectAt(draft.base, 'schedule');
      if (standing['timezone'] === timezone && atText(Date.parse(text(standing['at'])), timezone) === draft.at) return { type: 'once', at: standing['at'], timezone };
      const at_ms = zoneIsKnown(timezone) ? instantOf(draft.at, timezone) : null;
      return at_ms === null ? null : { type: 'once', at: draft.at.trim().replace(' ', 'T'), timezone };
    }
    case 'manual':
      return { type: 'manual', timezone };
  }
}

/** Top-level fields of a definition that the form shows, and so decides. */
const SHOWN: ReadonlySet<string> = new Set([
  'name', 'agent', 'transport', 'schedule', 'callback', 'command', 'payload', 'retry', 'delivery', 'confirm', 'catch_up', 'overlap', 'expect', 'on_failure'
]);

/** What an object of the edited definition holds besides the fields that the form decides. */
function kept(draft: Draft, key: string, decided: readonly string[]): Json {
  return Object.fromEntries(Object.entries(objectAt(draft.base, key)).filter(([name, value]) => !decided.includes(name) && value !== null));
}

/** What came out of a form: the definition, and what is wrong with it at its fields. */
export interface Made {
  definition: Json;
  errors: Errors;
}

const WHOLE_ATTEMPTS = 'A whole number from 1 to 10.';
const WEEK_MINUTES = 7 * 24 * 60;
const WAITS_MOST = 10;

/** What is wrong with a web hook's address, as far as the form can know; an address with a secret in it is the host's to judge. */
function wrongWithAddress(address: string): string | null {
  if (address === '') return 'Where to? Such as http://127.0.0.1:9000/run.';
  if (address.includes('{{')) return null;
  if (/\s/.test(address)) return 'An address has no spaces; write %20 for one.';
  if (!/^https?:\/\//i.test(address)) return 'An address begins with http:// or https://, such as http://127.0.0.1:9000/run.';
  return URL.canParse(address) ? null : 'This is no address; write one such as http://127.0.0.1:9000/run.';
}

/** Makes the definition; only what the form itself can know is wrong is in `errors`, the host judges the rest. */
export function definitionOf(draft: Draft): Made {
  const errors: Errors = {};
  const number = (field: Field, typed: string, sense: string, from: number, to: number): number | undefined => {
    if (typed.trim() === '') return undefined;
    const value = Number(typed);
    if (value >= from && value <= to) return value;
    errors[field] = sense;
    return undefined;
  };
  const definition: Json = { name: draft.name.trim() };
  for (const [key, value] of Object.entries(draft.base)) if (!SHOWN.has(key) && value !== null) definition[key] = value;
  if (definition['name'] === '') errors.name = 'Give the cue a name, such as lead-digest.';
  if (draft.agent.trim() !== '') definition['agent'] = draft.agent.trim();
  definition['transport'] = draft.transport;

  const schedule = scheduleOf(draft);
  if (schedule) definition['schedule'] = schedule;
  else if (draft.kind === 'recurring') errors.cron = 'Say when, such as 0 9 * * 1-5 for weekdays at 09:00.';
  else errors.at = draft.at.trim() === '' ? 'Say when, such as 2026-12-01 09:00.' : 'Write a date and a time, such as 2026-12-01 09:00.';
  if (draft.kind !== 'manual' && draft.zone.trim() === '') errors.zone = 'Name a time zone, such as Europe/Berlin.';

  if (draft.transport === 'webhook') {
    const callback: Json = { ...kept(draft, 'callback', ['headers']), url: draft.address.trim(), method: draft.method };
    const wrong = wrongWithAddress(draft.address.trim());
    if (wrong !== null) errors.address = wrong;
    const headers = recordOf(draft.headers, 'header', (sentence) => (errors.headers = sentence));
    if (headers) callback['headers'] = headers;
    definition['callback'] = callback;
  } else {
    const command = kept(draft, 'command', ['argv', 'shell', 'cwd', 'env']);
    if (draft.command.trim() === '') errors.command = draft.shell ? 'Which line should the shell run?' : 'Which program? Such as python3 leads.py.';
    if (draft.shell) command['shell'] = draft.command.trim();
    else {
      const split = splitWords(draft.command);
      if ('wrong' in split) errors.command = split.wrong;
      else command['argv'] = split.words;
    }
    if (draft.folder.trim() !== '') command['cwd'] = draft.folder.trim();
    const env = recordOf(draft.env, 'variable', (sentence) => (errors.env = sentence));
    if (env) command['env'] = env;
    definition['command'] = command;
  }

  if (draft.payload.trim() !== '') {
    try {
      definition['payload'] = JSON.parse(draft.payload) as unknown;
    } catch (error) {
      errors.payload = `This is not JSON yet: ${error instanceof Error ? error.message : String(error)}.`;
    }
  }

  const attempts = number('attempts', draft.attempts, WHOLE_ATTEMPTS, 1, 10) ?? 3;
  if (!Number.isInteger(attempts)) errors.attempts = WHOLE_ATTEMPTS;
  const retry: Json = { ...kept(draft, 'retry', ['backoff_minutes', 'backoff_seconds']), max_attempts: attempts, on_failed_outcome: draft.retryFailed };
  const waits = draft.backoff.split(/[\s,]+/).filter((wait) => wait !== '').map(Number);
  if (waits.some((wait) => !Number.isFinite(wait))) errors.backoff = 'Minutes with commas between, such as 1, 5, 15.';
  else if (waits.some((wait) => wait < 0 || wait > WEEK_MINUTES)) errors.backoff = `Each from 0 to ${WEEK_MINUTES} minutes, which is 7 days.`;
  else if (waits.length > WAITS_MOST) errors.backoff = `At most ${WAITS_MOST} waits; these are ${waits.length}.`;
  else if (waits.length > 0) retry['backoff_minutes'] = waits;
  definition['retry'] = retry;

  const delivery: Json = { ...kept(draft, 'delivery', ['timeout_seconds', 'outcome_deadline_seconds']), unanswered: draft.unanswered };
  const timeout = number('timeout', draft.timeout, 'Seconds from 0.1 to 3600, such as 30.', 0.1, 3600);
  if (timeout !== undefined) delivery['timeout_seconds'] = timeout;
  const deadline = number('deadline', draft.deadline, 'Seconds from 0.1 to 3600, such as 300.', 0.1, 3600);
  if (deadline !== undefined) delivery['outcome_deadline_seconds'] = deadline;
  definition['delivery'] = delivery;
  definition['confirm'] = draft.confirm;

  const catchUp: Json = { policy: draft.catchUp };
  const within = draft.catchUp === 'latest' && draft.kind !== 'manual' ? number('within', draft.within, 'Minutes, such as 60.', 0, 366 * 24 * 60) : undefined;
  if (within !== undefined) catchUp['within_seconds'] = Math.round(within * 60);
  if (draft.kind !== 'manual') definition['catch_up'] = catchUp;
  definition['overlap'] = draft.overlap;

  const expect = kept(draft, 'expect', ['min_processed', 'max_error_rate', 'evidence']);
  const least = number('minProcessed', draft.minProcessed, 'A number from 0 up, such as 150.', 0, 1e15);
  if (least !== undefined) expect['min_processed'] = least;
  const rate = number('maxErrors', draft.maxErrors, 'Percent, 0 to 100.', 0, 100);
  if (rate !== undefined) expect['max_error_rate'] = Number((rate / 100).toPrecision(12));
  if (draft.evidence.length > 0) expect['evidence'] = [...draft.evidence];
  if (Object.keys(expect).length > 0) definition['expect'] = expect;
  const onFailure = kept(draft, 'on_failure', ['pause']);
  if (draft.pauseOnFailure) onFailure['pause'] = true;
  if (Object.keys(onFailure).length > 0) definition['on_failure'] = onFailure;
  return { definition, errors };
}

function recordOf(pairs: readonly Pair[], what: string, wrong: (sentence: string) => void): Record<string, string> | null {
  const record: Record<string, string> = {};
  for (const { name, value } of pairs) {
    const key = name.trim();
    if (key === '' && value === '') continue;
    if (key === '') wrong(`Name the ${what} that has a value.`);
    else if (key in record) wrong(`${key} is named twice.`);
    else record[key] = value;
  }
  return Object.keys(record).length > 0 ? record : null;
}

const PLACES: readonly (readonly [prefix: string, field: Field])[] = [
  ['name', 'name'], ['agent', 'agent'], ['transport', 'transport'],
  ['schedule.timezone', 'zone'], ['schedule.at', 'at'], ['schedule', 'cron'],
  ['callback.method', 'method'], ['callback.headers', 'headers'], ['callback', 'address'],
  ['command.cwd', 'folder'], ['command.env', 'env'], ['command', 'command'],
  ['payload', 'payload'], ['retry.backoff_minutes', 'backoff'], ['retry.on_failed_outcome', 'retryFailed'], ['retry', 'attempts'],
  ['delivery.outcome_deadline_seconds', 'deadline'], ['delivery.unanswered', 'unanswered'], ['delivery', 'timeout'],
  ['confirm', 'confirm'], ['catch_up.within_seconds', 'within'], ['catch_up', 'catchUp'], ['overlap', 'overlap'],
  ['expect.max_error_rate', 'maxErrors'], ['expect.evidence', 'evidence'], ['expect', 'minProcessed'], ['on_failure', 'pauseOnFailure']
];

/** The form's field for a path of the definition (`schedule.cron`); null when the form has none. */
export function fieldFor(path: string | null, draft: Draft): Field | null {
  if (path === null) return null;
  const found = PLACES.find(([prefix]) => path === prefix || path.startsWith(`${prefix}.`) || path.startsWith(`${prefix}[`))?.[1] ?? null;
  if (found === 'cron' && draft.kind !== 'recurring') return draft.kind === 'once' ? 'at' : 'kind';
  return found;
}
