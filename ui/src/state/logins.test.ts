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
  expect(mayWords(['cues:read', 'report'])).toBe('see cues and runs; report outcomes and steps, send messages');
});

it('a key needs a name and something to open', () => {
  expect(keyOf(' mac-mini ', ['commands', 'cues'])).toEqual({ add: { name: 'mac-mini', scopes: ['cues', 'commands'] }, errors: {} });
  expect(Object.keys(keyOf(' ', []).errors)).toEqual(['name', 'scopes']);
});

it('a key may be limited to an agent and to so many days', () => {
  const limited = keyOf('ada', ['cues'], { agent: ' ada ', own_cues: true, expires: '90' });
  expect(limited).toEqual({ add: { name: 'ada', scopes: ['cues'], agent: 'ada', own_cues: true, expires_in_days: 90 }, errors: {} });
  expect(keyOf('ada', ['cues'], { agent: '', own_cues: true, expires: '' }).errors).toHaveProperty('agent');
  for (const expires of ['0', '1.5', 'soon', '4000', '-1']) expect(keyOf('ada', ['cues'], { agent: '', own_cues: false, expires }).errors).toHaveProperty('expires');
});

it('a program that asks is among what needs you, by how long it waits', () => {
  const fleet = withAlerts(EMPTY_FLEET, [alert({ id: 'older', opened_at_ms: NOW - 90_000 }), alert({ id: 'newer', run_id: 'r2', opened_at_ms: NOW })]);
  expect(needsOf(fleet, [], [login()], NOW).map((need) => need.key)).toEqual(['older', 'login WXYZ-1234', 'newer']);
});
