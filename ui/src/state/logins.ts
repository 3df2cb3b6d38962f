//! Programs that ask to sign in, and keys, in words. Pure.
import * as secretsText from '../text/secrets';
import type { KeyAdd, LoginView } from '../wire';

/** What each scope of a key opens; `risk`: it can make this machine run programs. */
export const SCOPES: readonly { scope: string; may: string; risk?: boolean; fine?: boolean }[] = [
  { scope: 'cues', may: secretsText.makeChangeAndFireCues },
  { scope: 'cues:read', may: secretsText.seeCuesAndRuns, fine: true },
  { scope: 'cues:write', may: secretsText.makeChangeAndFireCuesWithout, fine: true },
  { scope: 'report', may: secretsText.claimWorkReportOutcomes },
  { scope: 'claim', may: secretsText.claimWork, fine: true },
  { scope: 'ask', may: secretsText.askYouAtAGate, fine: true },
  { scope: 'otlp', may: secretsText.sendTraces, fine: true },
  { scope: 'heartbeat', may: 'beat', fine: true },
  { scope: 'commands', may: secretsText.makeCuesThatRunPrograms, risk: true }
];

/** Beside a finer word, `report` is no more than it says. */
const NARROW_REPORT = secretsText.reportOutcomesAndSteps;

/** What one scope of a key opens, among its others. */
export function mayOf(scope: string, scopes: readonly string[]): string {
  const fine = SCOPES.some((one) => one.fine === true && scopes.includes(one.scope));
  if (scope === 'report' && fine) return NARROW_REPORT;
  return SCOPES.find((one) => one.scope === scope)?.may ?? scope;
}

/** What a program gets that signs in. */
export const LOGIN_SCOPES: readonly string[] = ['cues', 'report'];

/** "make, change and fire cues; claim work, report outcomes, beat, send messages" */
export function mayWords(scopes: readonly string[]): string {
  const known = SCOPES.filter((one) => scopes.includes(one.scope)).map((one) => mayOf(one.scope, scopes));
  const others = scopes.filter((scope) => !SCOPES.some((one) => one.scope === scope));
  return [...known, ...others].join('; ') || 'nothing';
}

/** Who asks: what the program says it is, or that it does not say. */
export function programOf(login: Pick<LoginView, 'program'>): string {
  return login.program === null || login.program.trim() === '' ? secretsText.aProgram : login.program;
}

/** "cueapi-cli/0.2.0 asks to sign in for me@example.com." */
export function askWords(login: LoginView): string {
  return secretsText.asksToSignIn(programOf(login), login.email ? secretsText.forIt(login.email) : '');
}

/** What is said of a new key beside its name and what it opens. */
export interface KeyLimits {
  agent: string;
  own_cues: boolean;
  /** Days, as they are typed; empty: without an end. */
  expires: string;
}

const NO_LIMITS: KeyLimits = { agent: '', own_cues: false, expires: '' };
const DAYS_MAX = 3650;

/** What a new key is made of: its name, what it opens, what it is limited to; errors by field. */
export function keyOf(name: string, scopes: readonly string[], limits: KeyLimits = NO_LIMITS): { add: KeyAdd; errors: { name?: string; scopes?: string; agent?: string; expires?: string } } {
  const errors: { name?: string; scopes?: string; agent?: string; expires?: string } = {};
  const add: KeyAdd = { name: name.trim(), scopes: SCOPES.map((one) => one.scope).filter((scope) => scopes.includes(scope)) };
  const agent = limits.agent.trim();
  if (agent !== '') add.agent = agent;
  if (limits.own_cues) {
    add.own_cues = true;
    if (agent === '') errors.agent = secretsText.sayWhoseCuesItMay;
  }
  if (limits.expires.trim() !== '') {
    const days = Number(limits.expires);
    if (Number.isInteger(days) && days >= 1 && days <= DAYS_MAX) add.expires_in_days = days;
    else errors.expires = secretsText.aNumberOfDays1(DAYS_MAX);
  }
  if (name.trim() === '') errors.name = secretsText.giveItANameSuchAs;
  if (scopes.length === 0) errors.scopes = secretsText.aKeyThatOpensNothing;
  return { add, errors };
}
