//! What is said of secrets beside their names.
import { describe, expect, it } from 'vitest';
import { DAY, HOUR } from '../time';
import { ageOf, borrowersWords, keeperOf, KEEPS, keptWords, SECRET_NAME, useWords, versionWords } from './secrets';

describe('secrets', () => {
  it('names two borrowers and counts the rest', () => {
    expect(borrowersWords([])).toBeNull();
    expect(borrowersWords(['a'])).toBe('a');
    expect(borrowersWords(['a', 'b'])).toBe('a, b');
    expect(borrowersWords(['a', 'b', 'c', 'd'])).toBe('a, b and 2 more');
  });

  it('tells an old value from a young one', () => {
    expect(ageOf({ updated_at_ms: 0 }, HOUR)).toEqual({ words: 'today', old: false });
    expect(ageOf({ updated_at_ms: 0 }, 89 * DAY)).toEqual({ words: '89 d', old: false });
    expect(ageOf({ updated_at_ms: 0 }, 112 * DAY)).toEqual({ words: '112 d', old: true });
  });

  it('says how it was lent', () => {
    expect(useWords({ how: 'env', tool: null })).toBe('in its environment');
    expect(useWords({ how: 'lease', tool: 'crm.list' })).toBe('leased for its tool crm.list');
    expect(useWords({ how: 'lease', tool: null })).toBe('leased while it worked');
  });

  it('counts values as one says them', () => {
    expect([1, 2, 3, 4, 11, 12, 21, 112].map(versionWords)).toEqual(['its first value', 'its 2nd value', 'its 3rd value', 'its 4th value', 'its 11th value', 'its 12th value', 'its 21st value', 'its 112th value']);
  });

  it('takes only names that a reference can spell', () => {
    expect(['OPENAI_KEY', 'A', 'openai', '1A', '', 'A-B'].map((name) => SECRET_NAME.test(name))).toEqual([true, true, false, false, false, false]);
  });
});

it('what is said of a secret fits what keeps it', () => {
  const said = (name: string) => {
    const keeper = keeperOf({ name });
    return [KEEPS[keeper], keptWords('PG', keeper)];
  };
  expect(said('Secret Service')).toEqual(['Keep in keyring', 'PG is kept in the keyring.']);
  expect(said('encrypted file')).toEqual(['Keep encrypted', 'PG is kept in the encrypted file.']);
  expect(said('memory')).toEqual(['Keep until the tower stops', 'PG is kept in the tower’s memory: it is lost when the tower stops.']);
  expect(keeperOf(undefined)).toBe('keyring');
});
