//! Programs that ask to sign in, and keys, in words. Pure.
import type { LoginView } from '../wire';

/** What each scope of a key opens; `risk`: it can make this machine run programs. */
export const SCOPES: readonly { scope: string; may: string; risk?: boolean }[] = [
  { scope: 'cues', may: 'make, change and fire cues' },
  { scope: 'report', may: 'claim work, report outcomes, beat, send messages' },
  { scope: 'commands', may: 'make cues that run programs on this machine', risk: true }
];

/** What a program gets that signs in. */
export const LOGIN_SCOPES: readonly string[] = ['cues', 'report'];

/** "make, change and fire cues; claim work, report outcomes, beat, send messages" */
export function mayWords(scopes: readonly string[]): string {
  const known = SCOPES.filter((one) => scopes.includes(one.scope)).map((one) => one.may);
  const others = scopes.filter((scope) => !SCOPES.some((one) => one.scope === scope));
  return [...known, ...others].join('; ') || 'nothing';
}

/** Who asks: what the program says it is, or that it does not say. */
export function programOf(login: Pick<LoginView, 'program'>): string {
  return login.program === null || login.program.trim() === '' ? 'A program' : login.program;
}

/** "cueapi-cli/0.2.0 asks to sign in for me@example.com." */
export function askWords(login: LoginView): string {
  return `${programOf(login)} asks to sign in${login.email ? ` for ${login.email}` : ''}.`;
}

/** What a new key is made of: its name, what it opens; errors by field. */
export function keyOf(name: string, scopes: readonly string[]): { add: { name: string; scopes: string[] }; errors: { name?: string; scopes?: string } } {
  const errors: { name?: string; scopes?: string } = {};
  if (name.trim() === '') errors.name = 'Give it a name, such as the program that will use it.';
  if (scopes.length === 0) errors.scopes = 'A key that opens nothing is of no use: choose at least one.';
  return { add: { name: name.trim(), scopes: SCOPES.map((one) => one.scope).filter((scope) => scopes.includes(scope)) }, errors };
}
