import { describe, expect, it } from 'vitest';
import { cellWords, compared, leftOut, lookOf, rowsOf, titleOf, type Rows } from './rows';

const MAILS = '{"subject": "Invoice", "to": [{"name": "Bruma", "id": 12345678901234567890, "amount": 180}, {"name": "Alba", "id": 2, "amount": 1240, "cc": ["a"]}]}';
const table = (text: string) => rowsOf(text) as Rows;

describe('a payload by rows', () => {
  it('a list of things in an object, with what is said beside it', () => {
    const rows = table(MAILS);
    expect([rows.field, rows.columns, rows.beside]).toEqual(['to', ['name', 'id', 'cc', 'amount'], [{ name: 'subject', words: 'Invoice' }]]);
    expect(rows.rows.map((row) => row.cells.map((cell) => cell?.words ?? null))).toEqual([['Bruma', '12345678901234567890', null, '180'], ['Alba', '2', '["a"]', '1240']]);
    expect(rows.rows[0]?.cells.map((cell) => cell?.number ?? false)).toEqual([false, true, false, true]);
  });
  it('a text to be read has no column, and stands beside that of the last time', () => {
    const mails = (text: string) => table(JSON.stringify([{ to: 'Alba', amount_usd: 1240, mail: text }, { to: 'Kite', amount_usd: 95, mail: null }]));
    const now = mails('Hello Alba,\nplease pay.');
    expect([now.columns, now.text, now.texts]).toEqual([['to', 'amount_usd'], 'mail', ['Hello Alba,\nplease pay.', null]]);
    const beside = compared(now, mails('Hello Alba,\na friendly reminder.'));
    expect([beside?.since, beside?.textBefore[0]]).toEqual([[{ words: 'other text', loud: true }, null], 'Hello Alba,\na friendly reminder.']);
  });
  it('dollars read as money', () => {
    expect([titleOf('amount_usd'), titleOf('days_late'), titleOf('usd')]).toEqual(['Amount', 'Days late', 'Usd']);
    expect([cellWords('amount_usd', { words: '1240', number: true }), cellWords('amount_usd', { words: '9.5', number: true }), cellWords('amount_usd', { words: 'all', number: false }), cellWords('invoice', { words: '2280', number: true }), cellWords('x', null)]).toEqual(['$1,240', '$9.50', 'all', '2280', '']);
  });
  it.each<[string, string[], string[]]>([
    ['amount_usd', ['1240', '9.5', '0.125'], ['$1,240.000', '$9.500', '$0.125']],
    ['amount_usd', ['1240', '95'], ['$1,240', '$95']],
    ['amount', ['6310.5', '480', '-12'], ['6,310.50', '480.00', '-12.00']],
    ['total', ['1240', '350.00'], ['1,240', '350']],
    ['invoice', ['22801', '9'], ['22801', '9']],
    ['amount', ['12345678901234567890', '2'], ['12345678901234567890', '2']],
    ['amount', ['1e3', '2'], ['1e3', '2']]
  ])('a column of %s writes %j alike', (column, written, read) => {
    const cells = written.map((words) => ({ words, number: true }));
    expect(cells.map((cell) => cellWords(column, cell, lookOf(column, cells)))).toEqual(read);
  });
  it('a bare list', () => expect(table('["a@x.org", "b@x.org"]').rows.map((row) => row.cells[0]?.words)).toEqual(['a@x.org', 'b@x.org']));
  it('what has too many fields says so', () => expect(table('[{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6}]').more).toEqual(['f']));
  it.each(['{"a": 1}', '[]', '{"to": []}', '{"a": [1], "b": [2]}', '[1, {"a": 1}]', '[{}]', '[[1]]', '3', 'no'])('%s is none', (text) => expect(rowsOf(text)).toBeNull());
});

it('a row that is left out takes nothing else along, and figures stay as they were', () => {
  expect(leftOut(MAILS, table(MAILS), new Set([1]))).toBe('{"subject": "Invoice", "to": [{"name": "Bruma", "id": 12345678901234567890, "amount": 180}]}');
  expect(leftOut(MAILS, table(MAILS), new Set())).toBe(MAILS);
  expect(leftOut('[1,2,3]', table('[1,2,3]'), new Set([0, 1, 2]))).toBe('[]');
});

describe('beside the last time', () => {
  const last = table('[{"name": "Alba", "amount": 350, "cc": ""}, {"name": "Gone", "amount": 1}]');
  it('what is new, what has changed, how many are gone', () => {
    const now = table('[{"name": "Alba", "amount": 1240}, {"name": "Kite", "amount": 95}]');
    expect(compared(now, last)).toEqual({ since: [{ words: 'amount was 350', loud: true }, { words: 'new', loud: false }], textBefore: [null, null], gone: 1 });
  });
  it('more than one change is counted, none is nothing', () => {
    const of = (text: string) => compared(table(text), table('[{"id": 1, "a": 1, "b": 2}, {"id": 2, "a": 1, "b": 2}]'))?.since.map((since) => since?.words ?? null);
    expect(of('[{"id": 1, "a": 9, "b": 8}, {"id": 2, "a": 1, "b": 2}]')).toEqual(['a was 1, 1 more', null]);
  });
  it('what it was is written as the column is', () => {
    const of = (amount: string) => table(`[{"id": 1, "amount": ${amount}}, {"id": 2, "amount": 3.25}]`);
    expect(compared(of('1240'), of('350'))?.since[0]?.words).toBe('amount was 350.00');
  });
  it('nobody can tell which is which where nothing names them', () => expect(compared(table('[{"a": 1}, {"a": 1}]'), table('[{"a": 1}]'))).toBeNull());
});
