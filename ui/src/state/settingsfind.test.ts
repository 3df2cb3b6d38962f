//! Settings under the names that people bring along.
import { expect, test } from 'vitest';
import { EMPTY_FLEET } from './fleet';
import { itemsFor } from './palette';
import { isMeant, SETTING_PLACES } from './settingsfind';

const world = { fleet: EMPTY_FLEET, gates: [], logins: [], agents: [], paused: false, now_ms: 0, zone: 'UTC' };

test.each([
  ['theme', 'Theme'], ['dark', 'Theme'], ['time zone', 'Times are shown in'], ['timezone', 'Times are shown in'], ['start at login', 'Start at login'], ['autostart', 'Start at login'], ['font', 'Text size'],
  ['crontab', 'Adopt what runs here already'], ['systemd', 'Adopt what runs here already'], ['export', 'Costs'], ['csv', 'Costs'], ['briefing', 'Ledger'], ['missed', 'Ledger']
])('the palette finds %s', (typed, text) => expect(itemsFor(typed, world).map((item) => item.text)).toContain(text));

test('a setting that the palette offers leads to its row', () => {
  const [item] = itemsFor('dark', world);
  expect(item?.act).toEqual({ do: 'go', to: { at: 'settings', find: 'Theme' } });
});

test('a row is found by other words for it, and no other row is', () => {
  expect(isMeant(['dark'], 'Theme System follows the desktop')).toBe(true);
  expect(isMeant(['time', 'zone'], 'Times are shown in each cue still fires in its own zone')).toBe(true);
  expect(isMeant(['dark'], 'Text size of everything')).toBe(false);
  expect(SETTING_PLACES.every((place) => isMeant(place.text.toLowerCase().split(' '), place.text))).toBe(true);
});
