//! What was found in other schedulers: how it is told, what may be chosen.
import { describe, expect, it } from 'vitest';
import { MINUTE } from '../time';
import type { AdoptEntry, AdoptKind, AdoptPreview } from '../wire';
import { bySource, chosenKeys, firesWords, firstChosen, foundHere, foundWords, mayAdopt, ownJobs } from './adopt';

const entry = (key: string, kind: AdoptKind, more: Partial<AdoptEntry> = {}): AdoptEntry => ({
  key, number: 1, source: kind, kind, line: 1, unit: null, text: '', user: null, name: key, reason: null, words: '', definition: {}, fires_ms: [], offsets_minutes: [], notes: [], secrets: [], can_watch_first: kind === 'crontab' || kind === 'user_timer', owner_steps: [], ...more
});
const preview = (...entries: AdoptEntry[]): AdoptPreview => ({
  sources: (['crontab', 'user_timer', 'system_crontab'] as const).map((id) => ({ id, kind: id, name: id, entries: 0, notes: [], trouble: null })),
  entries, adopted: []
});
const found = preview(entry('a', 'crontab'), entry('b', 'crontab'), entry('no', 'crontab', { reason: 'It is run when the machine starts.' }), entry('t', 'user_timer'), entry('s', 'system_crontab'));

describe('what runs here already', () => {
  it('is counted by where it is, without what cannot be a cue', () => {
    expect(foundWords(found)).toBe('2 lines in your crontab, 1 timer, 1 job of the system');
    expect(foundWords({ ...found, entries: ownJobs(found) })).toBe('2 lines in your crontab, 1 timer');
    expect(foundWords(preview())).toBe('');
  });

  it('is shown first by where it is, with a job or some as they are written there', () => {
    const here = preview(entry('a', 'crontab', { text: '0 9 * * * report.sh' }), entry('b', 'crontab', { text: '@hourly b' }), entry('t', 'user_timer', { unit: 'backup.timer' }), entry('u', 'user_timer', { unit: 'scrape.timer' }), entry('s', 'system_crontab'));
    expect(foundHere(here)).toEqual([{ id: 'crontab', words: '2 lines in your crontab', sample: '0 9 * * * report.sh' }, { id: 'user_timer', words: '2 timers', sample: 'backup.timer, scrape.timer' }]);
    expect(foundHere(preview())).toEqual([]);
  });

  it('is ticked where it is the owner’s own', () => expect(chosenKeys(found, firstChosen(found), 'watch_first')).toEqual(['a', 'b', 't']));

  it('is not watched where the tower has no hand in it, even if it was ticked', () => {
    const all = { a: true, no: true, s: true };
    expect(chosenKeys(found, all, 'watch_first')).toEqual(['a']);
    expect(chosenKeys(found, all, 'take_over')).toEqual(['a', 's']);
    expect(found.entries.filter((one) => !mayAdopt(one, 'take_over')).map(({ key }) => key)).toEqual(['no']);
  });

  it('is shown under its source; a source that says nothing is not', () => {
    const silent = { ...found, sources: [...found.sources, { id: 'quiet', kind: 'crontab' as const, name: '', entries: 0, notes: [], trouble: null }, { id: 'shut', kind: 'crontab' as const, name: '', entries: 0, notes: [], trouble: 'It could not be read.' }] };
    expect(bySource(silent).map(({ source, entries }) => [source.id, entries.length])).toEqual([['crontab', 3], ['user_timer', 1], ['system_crontab', 1], ['shut', 0]]);
  });

  it('says when it fires next, and names a day once', () => {
    const at = Date.UTC(2026, 10, 22, 3, 15);
    expect(firesWords([at, at + 60 * MINUTE, at + 24 * 60 * MINUTE], at - MINUTE, 'UTC')).toBe('next 03:15:00, then 04:15, Mon 23 Nov 03:15');
    expect([firesWords([at], at, 'UTC'), firesWords([], at, 'UTC')]).toEqual(['next 03:15:00', '']);
  });
});
