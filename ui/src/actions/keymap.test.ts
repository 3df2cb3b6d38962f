//! Which key means what, with what the owner changed; and how strokes are read and written.
import { describe, expect, it } from 'vitest';
import { ariaChord, eventOf, shownChord, strokeOf } from '../keys';
import { ACTIONS } from './list';
import { chordsOf, conflictOf, find, readChanges, wrongChord } from './keymap';

const press = (key: string, more: Partial<KeyboardEvent> = {}) => strokeOf({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more }, false);

describe('a stroke', () => {
  it.each([
    [press('r'), 'r'], [press('R', { shiftKey: true }), 'shift+r'], [press('?', { shiftKey: true }), '?'], [press('k', { ctrlKey: true }), 'mod+k'], [press('P', { ctrlKey: true, shiftKey: true }), 'mod+shift+p'],
    [press('+', { ctrlKey: true, shiftKey: true }), 'mod++'], [press('ArrowLeft', { altKey: true }), 'alt+arrowleft'], [press('F5'), 'f5'], [press(' '), 'space'], [press('Shift', { shiftKey: true }), null]
  ])('%s is read', (read, chord) => expect(read).toBe(chord));

  it('is Cmd on a Mac, where Ctrl is another key', () => {
    expect(strokeOf({ key: 'k', ctrlKey: false, metaKey: true, altKey: false, shiftKey: false }, true)).toBe('mod+k');
    expect(strokeOf({ key: 'k', ctrlKey: true, metaKey: false, altKey: false, shiftKey: false }, true)).toBe('ctrl+k');
  });

  it('is shown as it is said, and told to programs as they want it', () => {
    expect(['mod+k', 'shift+r', 'g b', 'mod++', 'mod+shift+p', '-'].map((chord) => shownChord(chord, false))).toEqual(['Ctrl K', '⇧ R', 'G B', 'Ctrl +', 'Ctrl ⇧ P', '−']);
    expect(shownChord('mod+k', true)).toBe('⌘ K');
    expect(['mod+k', 'g b', 'alt+arrowleft', 'mod++'].map((chord) => ariaChord(chord, false))).toEqual(['Control+K', null, 'Alt+ArrowLeft', 'Control+Plus']);
  });

  it('becomes the same stroke again, for every usual key', () => {
    for (const { keys } of ACTIONS) for (const stroke of keys.flatMap((chord) => chord.split(' '))) expect(strokeOf(eventOf(stroke, false) as KeyboardEvent, false), stroke).toBe(stroke);
  });
});

describe('the keys', () => {
  it('have no conflict as they come', () => {
    for (const { id, keys } of ACTIONS) for (const chord of keys) expect(conflictOf(id, chord, {})?.name, `${id} by ${chord}`).toBeUndefined();
    expect(new Set(ACTIONS.map(({ id }) => id)).size).toBe(ACTIONS.length);
  });

  it('mean what is nearest: a letter of a strip before the same one of the board', () => {
    expect(find('l', ['gates', 'alerts', 'board'], {})).toMatchObject({ is: 'action', action: { id: 'gate.later' } });
    expect(find('l', ['board'], {})).toMatchObject({ is: 'action', action: { id: 'board.ledger' } });
    expect(find('l', [], {})).toEqual({ is: 'nothing' });
  });

  it('may be two strokes', () => {
    expect(find('g', ['board'], {})).toEqual({ is: 'beginning' });
    expect(find('g l', ['board'], {})).toMatchObject({ action: { id: 'go.alerts' } });
  });

  it('act as the owner gave them, and no longer as they were', () => {
    const changes = { new: 'k', zone: null } as const;
    expect(find('k', [], changes)).toMatchObject({ action: { id: 'new' } });
    expect(find('n', [], changes)).toEqual({ is: 'gone' });
    expect(find('u', [], changes)).toEqual({ is: 'gone' });
    expect(chordsOf('zone', changes)).toEqual([]);
    // A key that became free is another action's now.
    expect(find('n', [], { ...changes, zone: 'n' })).toMatchObject({ action: { id: 'zone' } });
  });

  it('that are taken are told, also the beginning of two strokes; at another place they are free', () => {
    expect(conflictOf('zone', 'q', {})?.id).toBe('needs');
    expect(conflictOf('zone', 'g', {})?.id).toBe('go.board');
    expect(conflictOf('board.follow', 'r', {})?.id).toBe('board.rerun');
    expect(conflictOf('editor.test', 'r', {})).toBeNull();
    expect(conflictOf('editor.test', 'q', {})?.id).toBe('needs');
  });

  it('that move and open stay what they are', () => {
    expect(wrongChord('enter')).not.toBeNull();
    expect(wrongChord('g escape')).not.toBeNull();
    expect(wrongChord('mod+c')).not.toBeNull();
    expect(wrongChord('shift+r')).toBeNull();
  });

  it('are kept as they were changed, and nonsense is nothing', () => {
    expect(readChanges('{"new":"k","zone":null,"nobody":"x","key":7}')).toEqual({ new: 'k', zone: null });
    expect(readChanges('not json')).toBeNull();
    expect(readChanges('null')).toBeNull();
  });
});
