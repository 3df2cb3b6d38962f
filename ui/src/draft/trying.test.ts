//! What is said of a test fire.
import { describe, expect, it } from 'vitest';
import { mark } from '../testing';
import { blankDraft } from './draft';
import { leftOutWords, tried, untriable } from './trying';

describe('a test fire', () => {
  it('cannot start what is only watched', () => expect([untriable({ transport: 'watch' }) !== null, untriable({ transport: 'worker' })]).toEqual([true, null]));

  it('names what it leaves out', () => {
    const blank = blankDraft('UTC');
    expect(leftOutWords({ ...blank, kind: 'manual', attempts: '1' })).toBe('Once, by this form: nothing is left out. Nothing is saved.');
    expect(leftOutWords({ ...blank, transport: 'command', restart: 'always', onSuccess: 'next' })).toBe('Once, by this form: no due time, no second attempt, no second start, nothing that follows it. Nothing is saved.');
  });

  it('says what its end means for this form, and nothing while it goes on', () => {
    expect(tried(mark({ confirmed: 'working', ended_at_ms: null }), false)).toBeNull();
    expect(tried(mark({ delivered: 'delivering', confirmed: 'none', ended_at_ms: null }), false)).toBeNull();
    expect([tried(mark(), false)?.good, tried(mark({ confirmed: 'claimed' }), false)?.good, tried(mark({ confirmed: 'refuted' }), false)?.good, tried(mark({ confirmed: 'failed' }), false)?.good]).toEqual([true, true, false, false]);
    expect(tried(mark({ delivered: 'bounced', confirmed: 'none' }), false)?.words).toMatch(/did not do it/);
    expect(tried(mark(), true)).toEqual({ words: 'The form has changed since.', good: false });
  });
});
