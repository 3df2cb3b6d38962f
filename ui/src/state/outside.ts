//! What the tower leans on outside of itself, as it is told: it works, it works but nothing lasts, it is turned off, or it is not there. Pure.
import * as settingsText from '../text/settings';
import type { Health } from '../wire';

export interface Outside {
  words: string;
  tone: 'ok' | 'warn' | 'c3';
  icon: 'check' | 'warn' | 'x';
}

/** Names of the host that need a word more; a tick stands only where all is as one would have it. */
const NAMED: Record<string, Outside> = {
  memory: { words: settingsText.inMemoryLost, tone: 'warn', icon: 'warn' },
  off: { words: settingsText.turnedOff, tone: 'c3', icon: 'x' },
  file: { words: settingsText.anEncryptedFile, tone: 'ok', icon: 'check' }
};

export function outsideOf({ ok, name }: Pick<Health, 'ok' | 'name'>): Outside {
  return ok ? (NAMED[name] ?? { words: name, tone: 'ok', icon: 'check' }) : { words: settingsText.notAvailable, tone: 'warn', icon: 'warn' };
}
