//! Backups in words, and passphrases that do not do.
import { describe, expect, it } from 'vitest';
import type { BackupView } from '../wire';
import { bringsWords, fileName, ofSecrets, sealErrors, secretsWords, sizeWords } from './backups';

const backup: BackupView = { path: '/b/cuetower-2026-11-22-033000.backup', bytes: 3_140_000, made_at_ms: 0, program: 'Cuetower 1.4.0', cues: 1, runs: 12_030, secrets: [], sealed: false };

describe('a backup', () => {
  it('has a size in a unit that fits', () => expect([999, 1000, 412_300, 999_600, 3_140_000, 48_000_000, 999_600_000].map(sizeWords)).toEqual(['999 B', '1 kB', '412 kB', '1.0 MB', '3.1 MB', '48 MB', '1.0 GB']));

  it('says what a restore brings', () => expect(bringsWords(backup)).toBe('1 cue and 12,030 runs come back as they were. 3.1 MB, made by Cuetower 1.4.0.'));

  it('says whether the values of secrets are in it', () => {
    expect([backup, { ...backup, secrets: ['A', 'B'] }, { ...backup, secrets: ['A', 'B'], sealed: true }].map(secretsWords)).toEqual(['none', '2 by name alone', '2 in it, sealed']);
    expect(ofSecrets(backup)).toBeNull();
    expect(ofSecrets({ ...backup, secrets: ['A', 'B'] })).toContain('without the values: A, B.');
    expect(ofSecrets({ ...backup, secrets: ['A'], sealed: true })).toContain('Opens the 1 secret in it');
  });

  it('goes by the last part of its path', () => expect([backup.path, 'C:\\b\\t.backup', 't.backup'].map(fileName)).toEqual(['cuetower-2026-11-22-033000.backup', 't.backup', 't.backup']));
});

describe('a passphrase', () => {
  it('is told of by its field', () => {
    expect(Object.keys(sealErrors('seven77', 'seven77'))).toEqual(['passphrase']);
    expect(Object.keys(sealErrors('long enough', 'long enouhg'))).toEqual(['again']);
    expect(sealErrors('long enough', 'long enough')).toEqual({});
  });
  it('is counted in letters', () => expect([sealErrors('🗝🗝🗝🗝', '🗝🗝🗝🗝').passphrase !== undefined, sealErrors('🗝🗝🗝🗝🗝🗝🗝🗝', '🗝🗝🗝🗝🗝🗝🗝🗝')]).toEqual([true, {}]));
});
