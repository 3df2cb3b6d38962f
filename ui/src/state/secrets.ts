//! Secrets in words: by whom one is borrowed, how it was lent, how old its value is. Pure. No value ever comes here.
import * as secretsText from '../text/secrets';
import { ago, DAY } from '../time';
import type { Health, SecretUse, SecretView } from '../wire';

export const SECRET_NAME = /^[A-Z][A-Z0-9_]{0,63}$/;
export const NAMING = secretsText.capitalLettersDigits;
/** A value of this age is worth a new one. */
export const OLD_MS = 90 * DAY;
const NAMED_MOST = 2;

/** "score-new-leads, pipeline-report and 3 more"; null when no cue borrows it. */
export function borrowersWords(cues: readonly string[]): string | null {
  if (cues.length === 0) return null;
  const named = cues.slice(0, NAMED_MOST);
  const more = cues.length - named.length;
  if (more > 0) return secretsText.andMore(named.join(', '), more);
  return named.join(', ');
}

/** "112 d", and whether it is worth a new one. */
export function ageOf(secret: Pick<SecretView, 'updated_at_ms'>, now_ms: number): { words: string; old: boolean } {
  const age_ms = now_ms - secret.updated_at_ms;
  return { words: age_ms < DAY ? secretsText.today : ago(secret.updated_at_ms, now_ms).replace(/ ago$/, ''), old: age_ms >= OLD_MS };
}

const HOW: Record<string, string> = { env: secretsText.inItsEnvironment, header: secretsText.inAHeader, lease: secretsText.leasedWhileItWorked, check: secretsText.forACheck };

/** "in its environment", "leased for its tool crm.list" */
export function useWords(use: Pick<SecretUse, 'how' | 'tool'>): string {
  return use.how === 'lease' && use.tool !== null ? secretsText.leasedForItsTool(use.tool) : (HOW[use.how] ?? use.how);
}

/** "its first value", "its 3rd value" */
export function versionWords(version: number): string {
  if (version <= 1) return secretsText.itsFirstValue;
  const teen = version % 100 >= 11 && version % 100 <= 13;
  const end = teen ? 'th' : ({ 1: 'st', 2: 'nd', 3: 'rd' }[version % 10] ?? 'th');
  return secretsText.itsValue(version, end);
}

/** What keeps the values, by the name the tower gives it. */
export type Keeper = 'keyring' | 'file' | 'memory';

/** A tower that was not asked yet is taken for one with a keyring, as most have. */
export function keeperOf(vault: Pick<Health, 'name'> | undefined): Keeper {
  if (vault?.name === 'memory') return 'memory';
  return vault?.name.includes('file') === true ? 'file' : 'keyring';
}

/** Inside of a sentence. */
export const PLACES: Readonly<Record<Keeper, string>> = { keyring: secretsText.theKeyring, file: secretsText.theEncryptedFile, memory: secretsText.theTowersMemory };

/** On the button that keeps one. */
export const KEEPS: Readonly<Record<Keeper, string>> = { keyring: secretsText.keepInKeyring, file: secretsText.keepInTheFile, memory: secretsText.keepUntilItStops };

/** What is said once it is kept. */
export function keptWords(secret: string, keeper: Keeper): string {
  return keeper === 'memory' ? secretsText.isKeptUntilItStops(secret) : secretsText.isKeptIn(secret, PLACES[keeper]);
}
