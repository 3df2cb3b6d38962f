import { describe, expect, it } from 'vitest';
import { blankCheck, checkWords, type CheckDraft } from './checks';
import { blankDraft, definitionOf, draftOf, fieldFor, type Draft } from './draft';
import { placeName } from './places';
import { readBack } from './readback';

/** A cue that asks for everything that can be proven, as the host writes it. */
const CUE = {
  name: 'lead-digest', transport: 'command', schedule: { type: 'recurring', cron: '0 9 * * 1-5', timezone: 'UTC' }, command: { argv: ['python3', 'leads.py'] }, retry: { max_attempts: 3, backoff_minutes: [1, 5, 15], on_failed_outcome: false },
  delivery: { timeout_seconds: 30, unanswered: 'wait' }, confirm: 'checks', catch_up: { policy: 'latest' }, overlap: 'skip',
  expect: { min_processed: 150, max_error_rate: 0.1, evidence: ['result_url'], max_duration_seconds: 600, assert: ['processed >= expected', 'metadata.rows == processed'] },
  checks: [
    { check: 'file', path: 'report.md', newer_than_fire: true, min_lines: 20, matches: '^total' }, { check: 'file', path: 'rows.csv', min_lines: '{{outcome.processed}}' },
    { check: 'sql', sqlite: 'crm.db', query: 'select count(*) from leads where scored_at >= {{run.due}}', equals: '{{outcome.processed}}' }, { check: 'url', url: 'http://127.0.0.1:9000/report', status: 200, timeout_seconds: 10 },
    { check: 'git', repo: '~/site', new_commit: true }, { check: 'manual' }
  ]
};
const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
const draft = (change: Partial<Draft> = {}): Draft => ({ ...blankDraft('UTC'), name: 'x', address: 'http://127.0.0.1/', cron: '5 * * * *', ...change });
const check = (change: Partial<CheckDraft>): CheckDraft => ({ ...blankCheck([], 'file', 'checks'), ...change });

it('read into the form and written again, a cue that asks for proof says the same', () => {
  const { definition, errors } = definitionOf(draftOf(plain(CUE), 'UTC'));
  expect(errors).toEqual({});
  expect(plain(definition)).toEqual(plain(CUE));
});

describe('what is wrong is said at its field', () => {
  it.each<[string, Partial<Draft>, string]>([
    ['checks alone, and none', { confirm: 'checks' }, 'confirm'],
    ['no file', { checks: [check({})] }, 'checks.0.path'],
    ['lines of nothing', { checks: [check({ path: 'a', minLines: '{{outcome}}' })] }, 'checks.0.minLines'],
    ['half JSON', { checks: [check({ kind: 'sql', json: '{' })] }, 'checks.0.json'],
    ['a report is not there before delivery', { preflight: [check({ path: 'a', minLines: '{{outcome.processed}}' })] }, 'preflight.0.minLines'],
    ['a year to be done', { maxDuration: { amount: '365', unit: 'days' } }, 'maxDuration'],
    ['too many expressions', { asserts: 'a == b\n'.repeat(21) }, 'asserts'],
    ['one that is too long', { asserts: 'a'.repeat(501) }, 'asserts']
  ])('%s', (_, change, place) => expect(Object.keys(definitionOf(draft(change)).errors)).toEqual([place]));

  it.each([
    ['expect.max_duration_seconds', 'maxDuration'], ['expect.assert[1]', 'asserts'], ['expect.assert', 'asserts'], ['checks', 'checks'], ['checks[0].path', 'checks.0.path'], ['checks[0].sha256', 'checks.0.path'],
    ['checks[1].min_lines', 'checks.1.minLines'], ['checks[2].query', 'checks.2.json'], ['checks[5].check', 'checks.5.json'], ['checks[9].path', 'checks']
  ])('the host’s %s is at %s', (path, place) => {
    expect(fieldFor(path, draftOf(plain(CUE), 'UTC'))).toBe(place);
    expect(placeName(place), 'and has a name').not.toBe(place);
  });
});

it('empty lines between expressions are none', () => expect(definitionOf(draft({ asserts: '\n processed >= 3 \n\n' })).definition['expect']).toEqual({ assert: ['processed >= 3'] }));

it('each check is said in a few words', () => {
  expect(draftOf(plain(CUE), 'UTC').checks.map(checkWords)).toEqual([
    'report.md is newer than the fire and has 20 lines or more', 'rows.csv has the reported processed lines or more', 'a query of crm.db gives the reported processed', 'http://127.0.0.1:9000/report answers 200', 'the repository ~/site has a new commit', 'you say so'
  ]);
});

describe('read back', () => {
  const said = (change: Partial<Draft>) => readBack(draft(change), 'hourly at :05').map((phrase) => phrase.text).join('');
  it('names every proof', () => {
    const text = said({ minProcessed: '150', maxDuration: { amount: '10', unit: 'minutes' }, asserts: 'processed >= expected', checks: [check({ path: 'report.md' }), check({ kind: 'manual' })] });
    expect(text).toContain('only if at least 150 are processed, it took 10 min at most, processed >= expected, report.md exists and you say so.');
  });
  it('checks alone say when they look', () => {
    expect(said({ confirm: 'checks', checks: [check({ path: 'report.md' })], deadline: '90' })).toContain('What this machine finds decides: it looks when a success is reported, and after 1 min 30 s at the latest. It counts as confirmed only if report.md exists.');
    expect(said({ confirm: 'checks', checks: [check({ path: 'a' })], transport: 'command', command: 'true' })).toContain('when a success is reported, when the program ends with 0, and after 5 min at the latest.');
  });
});
