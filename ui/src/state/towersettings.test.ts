//! The tower's settings, as they are grouped, edited and told of.
import { describe, expect, it } from 'vitest';
import type { SettingView } from '../wire';
import { defaultWords, grouped, isUsual, kindOf, setWords, wrongWords } from './towersettings';

const setting = (name: string, value: string, usual = value, more: Partial<SettingView> = {}): SettingView => ({ name, value, default: usual, about: '', environment: null, at_start: false, ...more });

describe('the settings', () => {
  it('are in their sections, in order, and one of a later tower is there too', () =>
    expect(grouped([setting('doors.listen', 'a'), setting('backup.keep', '7'), setting('doors.desk', 'b'), setting('moon.phase', 'x')]).map(({ title, settings }) => [title, settings.map(({ name }) => name)])).toEqual([
      ['Doors', ['doors.listen', 'doors.desk']], ['Backups', ['backup.keep']], ['moon', ['moon.phase']]
    ]));

  it('are what their default is, whatever the file says', () => expect([setting('a.b', 'yes', 'false'), setting('a.b', '7', '14'), setting('a.b', '7', 'info'), setting('a.b', '', '')].map(kindOf)).toEqual(['switch', 'number', 'words', 'words']));

  it('say what they are by default', () => expect([setting('a.b', '1', '7'), setting('a.b', '1', '')].map((one) => [defaultWords(one), isUsual(one)])).toEqual([['7 by default', false], ['empty by default', false]]));

  it('say when a change holds', () => {
    expect(setWords(setting('backup.folder', ''))).toBe('backup.folder is empty now.');
    expect(setWords(setting('doors.desk', '127.0.0.1:0', '', { at_start: true }))).toBe('doors.desk is 127.0.0.1:0 from the next start on.');
  });

  it('say what is wrong without the name twice', () => {
    expect(wrongWords('backup.keep', 'backup.keep: must be 1 to 1000, not 0')).toBe('Must be 1 to 1000, not 0.');
    expect(wrongWords('backup.keep', 'The file could not be written.')).toBe('The file could not be written.');
  });
});
