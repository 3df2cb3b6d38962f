import { expect, it } from 'vitest';
import { mark, NOW } from '../testing';
import { mergedRows, withDays } from './ledger';

it('rows come newest first, each once, with the live ones as they are now, and none from beyond a gap', () => {
  const lane = [mark({ occurrence_id: 'stray', due_ms: NOW - 900 }), mark({ occurrence_id: 'a', due_ms: NOW - 300, confirmed: 'refuted' }), mark({ occurrence_id: 'b', due_ms: NOW - 100 })];
  const pages = [mark({ occurrence_id: 'a', due_ms: NOW - 300, confirmed: 'working' }), mark({ occurrence_id: 'c', due_ms: NOW - 400 }), mark({ occurrence_id: 'd', due_ms: NOW - 800 })];
  const rows = mergedRows([lane], pages, NOW - 500);
  expect(rows.map((row) => row.occurrence_id)).toEqual(['b', 'a', 'c']);
  expect(rows[1]?.confirmed).toBe('refuted');
});

it('a day is said once, before its first row; what has none stands between', () => {
  const said = withDays(['Mon 2', 'Mon 1', '-', 'Sun 9', '-', 'Sun 8'], (row) => (row === '-' ? null : row.slice(0, 3))).map(({ day, row }) => (row === null ? `[${day}]` : row));
  expect(said).toEqual(['[Mon]', 'Mon 2', 'Mon 1', '-', '[Sun]', 'Sun 9', '-', 'Sun 8']);
});
