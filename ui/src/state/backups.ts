//! Backups in words, and what is wrong with a passphrase that is typed twice. Pure.
import { number } from '../locale';
import * as keepText from '../text/keep';
import type { BackupView } from '../wire';

export const PASSPHRASE_CHARS_MIN = 8;

/** "412 kB", "3.1 MB". */
export function sizeWords(bytes: number): string {
  if (bytes < 1000) return keepText.b(bytes);
  if (bytes < 999_500) return keepText.kb(Math.round(bytes / 1000));
  if (bytes < 999_500_000) return keepText.mb(number(bytes / 1e6, bytes < 9_950_000 ? 1 : 0));
  return keepText.gb(number(bytes / 1e9, 1));
}

export const cueWords = (count: number): string => (count === 1 ? keepText.oneCue : keepText.cues(number(count)));
export const runWords = (count: number): string => (count === 1 ? keepText.oneRun : keepText.runs(number(count)));
const secretWords = (count: number): string => (count === 1 ? keepText.oneSecret : keepText.secrets(number(count)));

/** Whether the values of secrets are in it. */
export function secretsWords({ secrets, sealed }: BackupView): string {
  if (sealed) return keepText.inIt(secrets.length);
  return secrets.length === 0 ? keepText.none : keepText.namesAlone(secrets.length);
}

/** The last part of a path, of either kind of machine. */
export function fileName(path: string): string {
  return path.split(/[/\\]/).filter(Boolean).at(-1) ?? path;
}

/** What a restore brings, in a sentence. */
export function bringsWords(backup: BackupView): string {
  return keepText.itHas(cueWords(backup.cues), runWords(backup.runs), sizeWords(backup.bytes), backup.program);
}

/** What becomes of the secrets; null where it knows of none. */
export function ofSecrets(backup: BackupView): string | null {
  if (backup.sealed) return keepText.itsSecretsGoNow(secretWords(backup.secrets.length));
  return backup.secrets.length === 0 ? null : keepText.itNamesSecrets(secretWords(backup.secrets.length), backup.secrets.join(', '));
}

export interface SealErrors {
  passphrase?: string;
  again?: string;
}

/** Characters are counted as the tower does: letters, not bytes. */
export function sealErrors(passphrase: string, again: string): SealErrors {
  if ([...passphrase].length < PASSPHRASE_CHARS_MIN) return { passphrase: keepText.atLeastEight };
  return again === passphrase ? {} : { again: keepText.theyDiffer };
}
