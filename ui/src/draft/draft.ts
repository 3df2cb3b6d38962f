//! A cue while it is being written: every field as text, the way it stands in the form. Pure. The definition (SPEC section 13) is made from it and read into it.
import * as readbackText from '../text/readback';
import { joinWords, splitWords } from './argv';
import { checkPlace, checksOf, makeChecks, type CheckDraft } from './checks';
import { blankDelivering, HAS, makeDelivering, makeOnFailure, makeTimeouts, readDelivering, TIMEOUT_S, timeoutMost, TRANSPORTS, type DeliveringDraft, type DeliveringPlace, type TransportWord } from './delivering';
import { blankLending, makeLending, readLending, type LendingDraft } from './lending';
import { blankGating, makeGating, readGating, type GatingDraft, type GatingField } from './gating';
import { objectAt, one, text, without, type Json } from './json';
import { placeFor } from './places';
import { boundAgainst } from './policies';
import { blankSchedule, comesAgain, isAskable, KINDS, makeSchedule, readSchedule, type InnerPlace, type ScheduleDraft } from './schedule';
import { secondsOf, spanOf, tidy, type Span } from './span';
import { usePlace } from './uses';
import { blankWatching, makeWatching, readWatching, type WatchingDraft, type WatchingField } from './watching';

export interface Pair {
  name: string;
  value: string;
}

export interface Draft extends ScheduleDraft, DeliveringDraft, WatchingDraft, GatingDraft, LendingDraft {
  name: string;
  agent: string;
  transport: TransportWord;
  address: string;
  method: string;
  headers: Pair[];
  /** A line of words, or with `shell` a line for the shell. */
  command: string;
  shell: boolean;
  folder: string;
  env: Pair[];
  catchUp: 'latest' | 'all' | 'none' | 'ask';
  /** Empty: half the gap to the next due time, at most 12 h. */
  within: Span;
  overlap: 'skip' | 'queue' | 'allow' | 'replace';
  confirm: 'outcome' | 'exit_code' | 'checks' | 'delivery';
  /** Seconds; empty: the default. */
  deadline: string;
  minProcessed: string;
  /** Percent. */
  maxErrors: string;
  evidence: string[];
  /** How long it may take to be believed; empty: not asked. */
  maxDuration: Span;
  /** Expressions over what was reported, one a line. */
  asserts: string;
  /** What the tower looks at itself before a success is believed. */
  checks: CheckDraft[];
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
export type Errors = Partial<Record<Field | InnerPlace | DeliveringPlace | 'whole', string>>;

export const EVIDENCE = [
  ['result_url', readbackText.aLink],
  ['external_id', readbackText.anIdElsewhere],
  ['result_ref', readbackText.aReference],
  ['summary', readbackText.aSummary],
  ['artifacts', readbackText.artifacts]
] as const;

export function blankDraft(zone: string): Draft {
  return {
    name: '', agent: '', transport: 'webhook', address: '', method: 'POST', headers: [], command: '', shell: false, folder: '', env: [],
    ...blankSchedule(zone), ...blankDelivering(), ...blankWatching(), ...blankGating(), ...blankLending(), catchUp: 'latest', within: spanOf(null), overlap: 'skip', confirm: 'outcome', deadline: '', minProcessed: '', maxErrors: '',
    evidence: [], maxDuration: spanOf(null), asserts: '', checks: [], payload: '', attempts: '3', backoff: '1, 5, 15', retryFailed: false, timeout: '30', unanswered: 'wait', pauseOnFailure: false, base: {}
  };
}

function pairsOf(value: Json): Pair[] {
  return Object.entries(value).map(([name, v]) => ({ name, value: text(v) }));
}

/** Reads a definition, as the host wrote it, into the form. */
export function draftOf(definition: unknown, zone: string): Draft {
  const d = (typeof definition === 'object' && definition !== null ? definition : {}) as Json;
  const transport = one(d['transport'], TRANSPORTS, 'webhook');
  const callback = objectAt(d, 'callback');
  const command = objectAt(d, 'command');
  const retry = objectAt(d, 'retry');
  const delivery = objectAt(d, 'delivery');
  const catchUp = objectAt(d, 'catch_up');
  const expect = objectAt(d, 'expect');
  const argv = Array.isArray(command['argv']) ? command['argv'].map((word) => text(word)) : [];
  const shell = text(command['shell']);
  const rate = expect['max_error_rate'];
  const blank = blankDraft(zone);
  return {
    ...blank,
    name: text(d['name']),
    agent: text(d['agent']),
    transport,
    address: text(callback['url']),
    method: text(callback['method'], blank.method),
    headers: pairsOf(objectAt(callback, 'headers')),
    command: shell !== '' ? shell : joinWords(argv),
    shell: shell !== '',
    folder: text(command['cwd']),
    env: pairsOf(objectAt(command, 'env')),
    ...readSchedule(objectAt(d, 'schedule'), zone),
    ...readDelivering(d),
    ...readWatching(d),
    ...readGating(d),
    ...readLending(d),
    catchUp: one(catchUp['policy'], ['latest', 'all', 'none', 'ask'], 'latest'),
    within: spanOf(catchUp['within_seconds']),
    overlap: one(d['overlap'], ['skip', 'queue', 'allow', 'replace'], overlapOf(one(objectAt(d, 'schedule')['type'], KINDS, 'recurring'))),
    confirm: one(d['confirm'], ['outcome', 'exit_code', 'checks', 'delivery'], 'outcome'),
    deadline: text(delivery['outcome_deadline_seconds']),
    minProcessed: text(expect['min_processed']),
    maxErrors: typeof rate === 'number' ? tidy(rate * 100) : '',
    evidence: Array.isArray(expect['evidence']) ? expect['evidence'].map((name) => text(name)) : [],
    maxDuration: spanOf(expect['max_duration_seconds']),
    asserts: Array.isArray(expect['assert']) ? expect['assert'].map((line) => text(line)).join('\n') : '',
    checks: checksOf(d['checks']),
    payload: payloadText(d['payload']),
    attempts: text(retry['max_attempts'], blank.attempts),
    backoff: Array.isArray(retry['backoff_minutes']) ? retry['backoff_minutes'].map((m) => text(m)).join(', ') : blank.backoff,
    retryFailed: retry['on_failed_outcome'] === true,
    timeout: text(delivery['timeout_seconds'], String(TIMEOUT_S[transport])),
    unanswered: one(delivery['unanswered'], ['wait', 'retry'], 'wait'),
    pauseOnFailure: objectAt(d, 'on_failure')['pause'] === true,
    base: d
  };
}

function payloadText(payload: unknown): string {
  if (payload === undefined || payload === null) return '';
  return typeof payload === 'object' && Object.keys(payload).length === 0 ? '' : JSON.stringify(payload, null, 2);
}

/** The `schedule` object alone, for the preview; null when the form cannot say it yet. */
export function scheduleOf(draft: Draft): Json | null {
  const { schedule, errors } = makeSchedule(draft, objectAt(draft.base, 'schedule'));
  return isAskable(draft, errors) ? schedule : null;
}

/** Top-level fields of a definition that the form shows, and so decides. */
const SHOWN: ReadonlySet<string> = new Set([
  'name', 'agent', 'transport', 'schedule', 'callback', 'command', 'payload', 'retry', 'delivery', 'confirm', 'catch_up', 'overlap', 'expect', 'on_failure', 'worker', 'uses', 'priority', 'preflight', 'checks', 'heartbeat', 'budget', 'loops', 'on_success_fire', 'gate', 'secrets'
]);

/** What an object of the edited definition holds besides the fields that the form decides. */
function kept(draft: Draft, key: string, decided: readonly string[]): Json {
  return without(objectAt(draft.base, key), decided);
}

/** The overlap of a cue that names none: what comes by itself does not pile up, what somebody asked for runs. */
export function overlapOf(kind: Draft['kind']): Draft['overlap'] {
  return comesAgain(kind) ? 'skip' : 'allow';
}

/** True when a due time can pass while the tower is away: what is fired from outside has none. */
export function isMissable(draft: Draft): boolean {
  return draft.kind !== 'manual' && draft.kind !== 'after';
}

/** What came out of a form: the definition, and what is wrong with it at its fields. */
export interface Made {
  definition: Json;
  errors: Errors;
}

/** Where the field itself does not say more. */
const NOT_UNDERSTOOD = readbackText.thisIsNotUnderstoodYet;
const WHOLE_ATTEMPTS = readbackText.aWholeNumberFrom1To;
const WEEK_MINUTES = 7 * 24 * 60;
const YEAR_SECONDS = 366 * 24 * 3600;
const WAITS_MOST = 10;
const WEEK_SECONDS = 7 * 24 * 3600;
const ASSERTS_MOST = 20;
const ASSERT_CHARS_MOST = 500;

/** What is wrong with a web hook's address, as far as the form can know; an address with a secret in it is the host's to judge. */
function wrongWithAddress(address: string): string | null {
  if (address === '') return readbackText.whereToSuchAsHttp;
  if (address.includes('{{')) return null;
  if (/\s/.test(address)) return readbackText.anAddressHasNoSpaces;
  if (!/^https?:\/\//i.test(address)) return readbackText.anAddressBeginsWithHttpOr;
  return URL.canParse(address) ? null : readbackText.thisIsNoAddressWrite;
}

/** Makes the definition; only what the form itself can know is wrong is in `errors`, the host judges the rest. */
export function definitionOf(draft: Draft): Made {
  const errors: Errors = {};
  const number: ReadNumber = (field, typed, sense, from, to) => {
    if (typed.trim() === '') return undefined;
    const value = Number(typed);
    if (value >= from && value <= to) return value;
    errors[field] = sense;
    return undefined;
  };
  const definition: Json = { name: draft.name.trim() };
  for (const [key, value] of Object.entries(draft.base)) if (!SHOWN.has(key) && value !== null) definition[key] = value;
  if (definition['name'] === '') errors.name = readbackText.giveTheCueAName;
  if (draft.agent.trim() !== '') definition['agent'] = draft.agent.trim();
  definition['transport'] = draft.transport;

  const { schedule, errors: unscheduled } = makeSchedule(draft, objectAt(draft.base, 'schedule'));
  definition['schedule'] = schedule;
  Object.assign(errors, unscheduled);
  // A schedule that is not what was said is not saved.
  if (draft.words.trim() !== '') errors.words = NOT_UNDERSTOOD;

  if (draft.transport === 'webhook') {
    const callback: Json = { ...kept(draft, 'callback', ['headers', 'allow_private']), url: draft.address.trim(), method: draft.method };
    const misfit = wrongWithAddress(draft.address.trim());
    if (misfit !== null) errors.address = misfit;
    const headers = recordOf(draft.headers, 'header', (sentence) => (errors.headers = sentence));
    if (headers) callback['headers'] = headers;
    if (draft.allowPrivate) callback['allow_private'] = true;
    definition['callback'] = callback;
  } else if (draft.transport === 'command') {
    const command = kept(draft, 'command', ['argv', 'shell', 'cwd', 'env', 'restart']);
    if (draft.command.trim() === '') errors.command = draft.shell ? readbackText.whichLineShouldTheShell : readbackText.whichProgramSuch;
    if (draft.shell) command['shell'] = draft.command.trim();
    else {
      const split = splitWords(draft.command);
      if ('wrong' in split) errors.command = split.wrong;
      else command['argv'] = split.words;
    }
    if (draft.folder.trim() !== '') command['cwd'] = draft.folder.trim();
    const env = recordOf(draft.env, 'variable', (sentence) => (errors.env = sentence));
    if (env) command['env'] = env;
    if (draft.restart !== 'never') command['restart'] = draft.restart;
    definition['command'] = command;
  }
  const wrong = (place: DeliveringPlace | WatchingField | GatingField, sentence: string) => (errors[place] ??= sentence);
  const { worker, ...delivering } = makeDelivering(draft, draft.base, wrong);
  if (worker !== undefined) definition['worker'] = worker;

  if (HAS.payload(draft.transport) && draft.payload.trim() !== '') {
    try {
      definition['payload'] = JSON.parse(draft.payload) as unknown;
    } catch (error) {
      errors.payload = readbackText.thisIsNotJsonYet(error instanceof Error ? error.message : String(error));
    }
  }
  if (HAS.retries(draft.transport)) definition['retry'] = retryOf(draft, errors, number);

  const delivery = kept(draft, 'delivery', ['timeout_seconds', 'connect_timeout_seconds', 'first_byte_timeout_seconds', 'outcome_deadline_seconds', 'unanswered']);
  if (draft.transport === 'webhook' || draft.transport === 'command') delivery['unanswered'] = draft.unanswered;
  const most = timeoutMost(draft.transport);
  const timeout = number('timeout', draft.timeout, readbackText.secondsFrom01OfMost(most, TIMEOUT_S[draft.transport]), 0.1, most);
  if (timeout !== undefined) delivery['timeout_seconds'] = timeout;
  if (draft.transport === 'webhook') Object.assign(delivery, makeTimeouts(draft, wrong));
  const deadline = number('deadline', draft.deadline, readbackText.secondsFrom01To(most), 0.1, most);
  if (deadline !== undefined) delivery['outcome_deadline_seconds'] = deadline;
  definition['delivery'] = delivery;
  definition['confirm'] = draft.confirm;
  if (HAS.policies(draft.transport)) sayPolicies(draft, definition, errors);

  const expect = kept(draft, 'expect', ['min_processed', 'max_error_rate', 'evidence', 'max_duration_seconds', 'assert']);
  const least = number('minProcessed', draft.minProcessed, readbackText.aNumberFrom0Up, 0, 1e15);
  if (least !== undefined) expect['min_processed'] = least;
  const rate = number('maxErrors', draft.maxErrors, readbackText.percent0To100, 0, 100);
  if (rate !== undefined) expect['max_error_rate'] = Number((rate / 100).toPrecision(12));
  if (draft.evidence.length > 0) expect['evidence'] = [...draft.evidence];
  sayProof(draft, expect, errors);
  if (Object.keys(expect).length > 0) definition['expect'] = expect;
  const checks = makeChecks(draft.checks, 'checks', wrong);
  if (checks.length > 0) definition['checks'] = checks;
  else if (draft.confirm === 'checks') errors.confirm = readbackText.nothingIsLookedAtYet;
  const onFailure = { ...kept(draft, 'on_failure', ['pause', 'webhook', 'fallback_cue']), ...makeOnFailure(draft, wrong) };
  if (draft.pauseOnFailure) onFailure['pause'] = true;
  if (Object.keys(onFailure).length > 0) definition['on_failure'] = onFailure;
  Object.assign(definition, makeWatching(draft, draft.base, wrong), makeGating(draft, draft.base, wrong), makeLending(draft), delivering);
  return { definition, errors };
}

type ReadNumber = (field: Field, typed: string, sense: string, from: number, to: number) => number | undefined;

function retryOf(draft: Draft, errors: Errors, number: ReadNumber): Json {
  const attempts = number('attempts', draft.attempts, WHOLE_ATTEMPTS, 1, 10) ?? 3;
  if (!Number.isInteger(attempts)) errors.attempts = WHOLE_ATTEMPTS;
  const retry: Json = { ...kept(draft, 'retry', ['backoff_minutes', 'backoff_seconds']), max_attempts: attempts, on_failed_outcome: draft.retryFailed };
  const waits = draft.backoff.split(/[\s,]+/).filter((wait) => wait !== '').map(Number);
  if (waits.some((wait) => !Number.isFinite(wait))) errors.backoff = readbackText.minutesWithCommasBetween;
  else if (waits.some((wait) => wait < 0 || wait > WEEK_MINUTES)) errors.backoff = readbackText.eachFrom0ToMinutes(WEEK_MINUTES);
  else if (waits.length > WAITS_MOST) errors.backoff = readbackText.atMostWaitsTheseAre(WAITS_MOST, waits.length);
  else if (waits.length > 0) retry['backoff_minutes'] = waits;
  return retry;
}

/** What is asked of a report besides its counts and its evidence. */
/** Its expressions, line by line; whether each can be read is the tower's to say (`judging.ts`). */
export function assertsOf(draft: Draft): string[] {
  return draft.asserts.split('\n').map((line) => line.trim()).filter((line) => line !== '');
}

function sayProof(draft: Draft, expect: Json, errors: Errors): void {
  const longest = secondsOf(draft.maxDuration);
  if (longest !== null && !(longest >= 0.1 && longest <= WEEK_SECONDS)) errors.maxDuration = readbackText.aLengthUpTo7;
  else if (longest !== null) expect['max_duration_seconds'] = longest;
  const lines = assertsOf(draft);
  if (lines.length > ASSERTS_MOST) errors.asserts = readbackText.atMostLinesTheseAre(ASSERTS_MOST, lines.length);
  else if (lines.some((line) => line.length > ASSERT_CHARS_MOST)) errors.asserts = readbackText.eachLineHasAtMost(ASSERT_CHARS_MOST);
  else if (lines.length > 0) expect['assert'] = lines;
}

/** What is done about a due time that passed, and about one that meets a live run. */
function sayPolicies(draft: Draft, definition: Json, errors: Errors): void {
  if (isMissable(draft)) {
    const catchUp: Json = { ...kept(draft, 'catch_up', ['policy', 'within_seconds']), policy: draft.catchUp };
    const within = draft.catchUp === 'latest' ? secondsOf(draft.within) : null;
    if (within !== null && !(within >= 0.1 && within <= YEAR_SECONDS)) errors.within = readbackText.aLengthUpTo366;
    else if (within !== null) catchUp['within_seconds'] = within;
    definition['catch_up'] = catchUp;
  } else if ('catch_up' in draft.base) definition['catch_up'] = draft.base['catch_up'];
  definition['overlap'] = draft.overlap;
  const unbound = boundAgainst(draft);
  if (unbound !== null) errors.overlap = unbound;
}

function recordOf(pairs: readonly Pair[], what: string, wrong: (sentence: string) => void): Record<string, string> | null {
  const record: Record<string, string> = {};
  for (const { name, value } of pairs) {
    const key = name.trim();
    if (key === '' && value === '') continue;
    if (key === '') wrong(readbackText.nameTheThatHas(what));
    else if (key in record) wrong(readbackText.isNamedTwice(key));
    else record[key] = value;
  }
  return Object.keys(record).length > 0 ? record : null;
}

const PLACES: readonly (readonly [prefix: string, field: Field])[] = [
  ['callback.allow_private', 'allowPrivate'], ['worker', 'lease'], ['command.restart', 'restart'], ['uses', 'uses'], ['priority', 'priority'], ['preflight', 'preflight'],
  ['heartbeat.grace_seconds', 'beatGrace'], ['heartbeat.start_grace_seconds', 'startGrace'], ['heartbeat.progress_within_seconds', 'progressWithin'], ['heartbeat.restart', 'beatRestart'], ['heartbeat', 'beatEvery'],
  ['budget.run.cost_usd', 'runCost'], ['budget.run.tokens', 'runTokens'], ['budget.run.steps', 'runSteps'], ['budget.day.tokens', 'dayTokens'], ['budget.day', 'dayCost'], ['budget', 'stopAfter'], ['loops', 'loops'],
  ['gate.before_delivery', 'askDelivery'], ['gate.before_confirmation', 'askConfirm'], ['gate.steps', 'askSteps'], ['gate.deadline_seconds', 'askDeadline'], ['gate', 'onNoAnswer'],
  ['delivery.connect_timeout_seconds', 'connectTimeout'], ['delivery.first_byte_timeout_seconds', 'firstByte'], ['on_failure.webhook', 'failWebhook'], ['on_failure.fallback_cue', 'fallback'], ['on_success_fire', 'onSuccess'],
  ['secrets', 'secrets'], ['name', 'name'], ['agent', 'agent'], ['transport', 'transport'],
  ['callback.method', 'method'], ['callback.headers', 'headers'], ['callback', 'address'],
  ['command.cwd', 'folder'], ['command.env', 'env'], ['command', 'command'],
  ['payload', 'payload'], ['retry.backoff_minutes', 'backoff'], ['retry.on_failed_outcome', 'retryFailed'], ['retry', 'attempts'],
  ['delivery.outcome_deadline_seconds', 'deadline'], ['delivery.unanswered', 'unanswered'], ['delivery', 'timeout'],
  ['confirm', 'confirm'], ['catch_up.within_seconds', 'within'], ['catch_up', 'catchUp'], ['overlap', 'overlap'],
  ['expect.max_error_rate', 'maxErrors'], ['expect.evidence', 'evidence'], ['expect.max_duration_seconds', 'maxDuration'], ['expect.assert', 'asserts'], ['checks', 'checks'], ['expect', 'minProcessed'], ['on_failure', 'pauseOnFailure']
];

/** The form's place for a path of the definition (`schedule.cron`); null when the form has none. */
export function fieldFor(path: string | null, draft: Draft): Field | InnerPlace | DeliveringPlace | null {
  if (path === null) return null;
  const list = (['preflight', 'checks'] as const).find((name) => path.startsWith(`${name}[`));
  const inner = list !== undefined ? checkPlace(path.slice(list.length), list, draft[list]) : path.startsWith('uses[') ? usePlace(path.slice('uses'.length), draft.uses) : null;
  if (inner !== null) return inner;
  if (/^schedule\b/.test(path)) return placeFor(path.replace(/^schedule\.?/, ''), draft);
  return PLACES.find(([prefix]) => path === prefix || path.startsWith(`${prefix}.`) || path.startsWith(`${prefix}[`))?.[1] ?? null;
}
