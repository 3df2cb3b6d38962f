//! How a cue reaches its agent, as it stands in the form: what each transport has, what must hold before, what stops a run and what follows it. Pure.
import * as readbackText from '../text/readback';
import { checksOf, makeChecks, type CheckDraft, type CheckPlace } from './checks';
import { objectAt, one, text, without, type Json } from './json';
import { secondsOf, spanOf, type Span } from './span';
import { makeUses, usesOf, type UseDraft, type UsePlace } from './uses';

export const TRANSPORTS = ['webhook', 'worker', 'command', 'watch'] as const;
export type TransportWord = (typeof TRANSPORTS)[number];
export const RESTARTS = ['never', 'on_failure', 'always'] as const;

export interface DeliveringDraft {
  /** Of a web hook: its address may be in a private network. */
  allowPrivate: boolean;
  /** Seconds; empty: not bounded by itself. */
  connectTimeout: string;
  firstByte: string;
  /** How long a worker keeps a run without a sign of life. */
  lease: Span;
  restart: (typeof RESTARTS)[number];
  uses: UseDraft[];
  priority: string;
  preflight: CheckDraft[];
  /** Told of a failure for good; empty: nobody. */
  failWebhook: string;
  /** The other cues, by name or id; empty: none. */
  fallback: string;
  onSuccess: string;
}

export type DeliveringField = keyof DeliveringDraft;
export type DeliveringPlace = DeliveringField | CheckPlace | UsePlace;

const LEASE_S = 900;
const LEASE_MOST_S = 86_400;
const WEEK_S = 7 * 86_400;
const PRIORITY_MOST = 100;

/** Seconds a delivery may take where nobody says: an answer, a claim, the first ping. */
export const TIMEOUT_S: Record<TransportWord, number> = { webhook: 30, worker: 900, command: 30, watch: 300 };

/** The longest that may be asked for: whoever comes by himself may be waited for. */
export function timeoutMost(transport: TransportWord): number {
  return transport === 'worker' || transport === 'watch' ? WEEK_S : 3600;
}

export function blankDelivering(): DeliveringDraft {
  return { allowPrivate: false, connectTimeout: '', firstByte: '', lease: spanOf(LEASE_S), restart: 'never', uses: [], priority: '', preflight: [], failWebhook: '', fallback: '', onSuccess: '' };
}

export function readDelivering(d: Json): DeliveringDraft {
  const delivery = objectAt(d, 'delivery');
  const priority = d['priority'];
  const lease = objectAt(d, 'worker')['lease_seconds'];
  return {
    allowPrivate: objectAt(d, 'callback')['allow_private'] === true,
    connectTimeout: text(delivery['connect_timeout_seconds']),
    firstByte: text(delivery['first_byte_timeout_seconds']),
    lease: spanOf(typeof lease === 'number' ? lease : LEASE_S),
    restart: one(objectAt(d, 'command')['restart'], RESTARTS, 'never'),
    uses: usesOf(d['uses']),
    priority: typeof priority === 'number' && priority !== 0 ? String(priority) : '',
    preflight: checksOf(d['preflight']),
    failWebhook: text(objectAt(d, 'on_failure')['webhook']),
    fallback: text(objectAt(d, 'on_failure')['fallback_cue']),
    onSuccess: text(d['on_success_fire'])
  };
}

type Wrong = (place: DeliveringPlace, sentence: string) => void;

/** Top-level fields made here, in the order of the specification; what is not asked for is left out. */
export function makeDelivering(draft: DeliveringDraft & { transport: TransportWord }, base: Json, wrong: Wrong): Json {
  const made: Json = {};
  if (draft.transport === 'worker') made['worker'] = { ...without(objectAt(base, 'worker'), ['lease_seconds']), lease_seconds: length(draft.lease, 1, LEASE_MOST_S, () => wrong('lease', readbackText.aLengthFrom1Second)) ?? LEASE_S };
  if (draft.transport !== 'watch') {
    const uses = makeUses(draft.uses, wrong);
    if (uses.length > 0) made['uses'] = uses;
    const typed = draft.priority.trim();
    const priority = typed === '' ? 0 : Number(typed);
    if (!Number.isInteger(priority) || Math.abs(priority) > PRIORITY_MOST) wrong('priority', readbackText.aWholeNumber(PRIORITY_MOST));
    else if (priority !== 0) made['priority'] = priority;
    const preflight = makeChecks(draft.preflight, 'preflight', wrong);
    if (preflight.length > 0) made['preflight'] = preflight;
  }
  if (draft.onSuccess.trim() !== '') made['on_success_fire'] = draft.onSuccess.trim();
  return made;
}

/** Seconds of a length; null when none is given or it is wrong. */
function length(span: Span, from: number, to: number, wrong: () => void): number | null {
  const seconds = secondsOf(span);
  if (seconds === null) return null;
  if (seconds >= from && seconds <= to) return seconds;
  wrong();
  return null;
}

/** Inside `delivery`, of a web hook. */
export function makeTimeouts(draft: DeliveringDraft, wrong: Wrong): Json {
  const made: Json = {};
  for (const [field, key, most] of [['connectTimeout', 'connect_timeout_seconds', 600], ['firstByte', 'first_byte_timeout_seconds', 3600]] as const) {
    const typed = draft[field].trim();
    if (typed === '') continue;
    const value = Number(typed);
    if (value >= 0.1 && value <= most) made[key] = value;
    else wrong(field, readbackText.secondsFrom01(most));
  }
  return made;
}

/** Inside `on_failure`. */
export function makeOnFailure(draft: DeliveringDraft, wrong: Wrong): Json {
  const made: Json = {};
  const address = draft.failWebhook.trim();
  if (address !== '' && !/^https?:\/\/\S+$/i.test(address)) wrong('failWebhook', readbackText.anAddressBeginsWithHttp);
  else if (address !== '') made['webhook'] = address;
  if (draft.fallback.trim() !== '') made['fallback_cue'] = draft.fallback.trim();
  return made;
}

/** A way of delivery that has no such thing hides it. */
export const HAS = {
  /** The tower decides when a due time that passed is made up, and what meets a live run. */
  policies: (transport: TransportWord) => transport !== 'watch',
  retries: (transport: TransportWord) => transport !== 'watch',
  payload: (transport: TransportWord) => transport !== 'watch',
  exitCode: (transport: TransportWord) => transport === 'command' || transport === 'watch'
} as const;
