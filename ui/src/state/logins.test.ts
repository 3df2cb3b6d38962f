import { expect, it } from 'vitest';
import { alert, login, NOW } from '../testing';
import { EMPTY_FLEET, withAlerts } from './fleet';
import { askWords, keyOf, mayWords } from './logins';
import { needsOf } from './needs';

it('who asks, and for whom', () => {
  expect(askWords(login())).toBe('cueapi-cli/0.2.0 asks to sign in for me@example.com.');
  expect(askWords(login({ program: ' ', email: null }))).toBe('A program asks to sign in.');
});

it('what a key may do', () => {
  expect(mayWords(['report', 'cues'])).toBe('make, change and fire cues; claim work, report outcomes, beat, send messages');
  expect(mayWords(['cues', 'dance'])).toBe('make, change and fire cues; dance');
  expect(mayWords([])).toBe('nothing');
});

it('a key needs a name and something to open', () => {
  expect(keyOf(' mac-mini ', ['commands', 'cues'])).toEqual({ add: { name: 'mac-mini', scopes: ['cues', 'commands'] }, errors: {} });
  expect(Object.keys(keyOf(' ', []).errors)).toEqual(['name', 'scopes']);
});

it('a program that asks is among what needs you, by how long it waits', () => {
  const fleet = withAlerts(EMPTY_FLEET, [alert({ id: 'older', opened_at_ms: NOW - 90_000 }), alert({ id: 'newer', opened_at_ms: NOW })]);
  expect(needsOf(fleet, [login()], NOW).map((need) => need.key)).toEqual(['older', 'login WXYZ-1234', 'newer']);
});
