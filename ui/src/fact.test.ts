import { describe, expect, it } from 'vitest';
import { alertWords, factOf } from './fact';

describe('the fact of a sentence', () => {
  it.each([
    ['Reported 3; at least 150 were expected. It said it worked.', 'Reported 3; at least 150 were expected.', 'It said it worked.'],
    ['Reported success, but not proven. Expected at least 150 processed: reported 3. 3 of 200 records were processed.', 'Expected at least 150 processed: reported 3.', 'Reported success, but not proven. 3 of 200 records were processed.'],
    ['Step 4 (enrich) failed: api.example.com answered 429. $2.00 was spent.', 'Step 4 (enrich) failed: api.example.com answered 429.', '$2.00 was spent.'],
    ['Stopped: $2.30 of the $2.00 that a run may cost. Attempt 1 of 1.', 'Stopped: $2.30 of the $2.00 that a run may cost.', 'Attempt 1 of 1.'],
    ['Reported success; nothing verified it.', 'Reported success; nothing verified it.', ''],
    ['exit 1: connection refused', 'exit 1: connection refused', ''],
    ['', '', '']
  ])('%s', (words, fact, rest) => expect(factOf(words)).toEqual([fact, rest]));
});

describe('a strip', () => {
  it('begins with the fact where the title only repeats the verdict', () =>
    expect(alertWords({ kind: 'check_failed', body: 'Reported 3; at least 150 were expected. 3 of 200 records were processed.' }, 'Said it worked; the proof says no.')).toEqual({
      shown: 'Reported 3; at least 150 were expected.', whole: 'Reported 3; at least 150 were expected. 3 of 200 records were processed. Said it worked; the proof says no.'
    }));
  it('begins with the title where that is the fact, or where there is nothing else', () => {
    expect(alertWords({ kind: 'fuse_tripped', body: 'Same call 37 times.' }, 'Stopped at $2.00.').shown).toBe('Stopped at $2.00. Same call 37 times.');
    expect(alertWords({ kind: 'silent_run', body: '' }, 'Has gone quiet.').shown).toBe('Has gone quiet.');
  });
});

