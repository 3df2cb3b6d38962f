import { describe, expect, it } from 'vitest';
import { asKind, blankCheck, checkWords, EXAMPLES, type CheckDraft } from './checks';
import { blankDraft, definitionOf, draftOf, fieldFor, type Draft } from './draft';
import { placeName } from './places';
import { readBack } from './readback';
import { pingSnippets, taskOf, workerSnippets } from './snippets';
import { blankUse } from './uses';

const ZONE = 'Europe/Madrid';

/** Cues as the host writes them: one of each way of delivery, with everything that can be said of it. */
const HOOK = {
  name: 'score', transport: 'webhook', schedule: { type: 'recurring', cron: '5 * * * *', timezone: 'UTC' },
  callback: { url: 'http://192.168.1.20:9000/run', method: 'POST', allow_private: true }, retry: { max_attempts: 3, backoff_minutes: [1, 5, 15], on_failed_outcome: false },
  delivery: { timeout_seconds: 30, connect_timeout_seconds: 3, first_byte_timeout_seconds: 20, unanswered: 'wait' }, confirm: 'outcome', catch_up: { policy: 'latest' }, overlap: 'skip',
  uses: [{ pool: 'openai', weight: 1, tokens: 9000 }, { pool: 'crm', weight: 2 }], priority: 5,
  preflight: [
    { check: 'url', url: 'http://127.0.0.1:9000/health', status: 204, timeout_seconds: 10, on_fail: 'fail' }, { check: 'disk', path: '~/', free_gb: 2 }, { check: 'memory', free_mb: 500 }, { check: 'secret', name: 'KEY' },
    { check: 'file', path: '~/in.csv', newer_than_fire: true, min_lines: 20 }, { check: 'sql', sqlite: '~/crm.db', query: 'select 1', at_least: 1 }
  ],
  budget: { run: { duration_seconds: 3600 } }, on_failure: { webhook: 'https://example.com/x', fallback_cue: 'c4' }, on_success_fire: 'c3'
};
const WORKER = { ...HOOK, transport: 'worker', callback: undefined, worker: { lease_seconds: 600 }, delivery: { timeout_seconds: 900 }, payload: { task: 'score' } };
const COMMAND = { ...HOOK, transport: 'command', callback: undefined, command: { argv: ['python3', 'watch.py'], restart: 'on_failure' }, delivery: { timeout_seconds: 30, unanswered: 'wait' } };
const WATCH = { name: 'backup', transport: 'watch', schedule: { type: 'recurring', cron: '30 2 * * *', timezone: 'UTC' }, delivery: { timeout_seconds: 300 }, confirm: 'exit_code' };

const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>;

it.each([['webhook', HOOK], ['worker', WORKER], ['command', COMMAND], ['watch', WATCH]])('a %s cue read into the form and written again says the same', (_, cue) => {
  const { definition, errors } = definitionOf(draftOf(plain(cue), ZONE));
  expect(errors).toEqual({});
  expect(plain(definition)).toEqual(plain(cue));
});

it('what a way of delivery does not have is not said', () => {
  const { definition } = definitionOf({ ...draftOf(plain(HOOK), ZONE), transport: 'watch' });
  for (const field of ['callback', 'worker', 'command', 'uses', 'preflight', 'priority', 'retry', 'overlap', 'catch_up', 'payload']) expect(definition[field], field).toBeUndefined();
  expect(definition['delivery']).toEqual({ timeout_seconds: 30 });
  expect(definitionOf({ ...draftOf(plain(WORKER), ZONE), transport: 'command', command: 'true' }).definition['worker']).toBeUndefined();
});

it('what nobody asks for is left out', () => {
  const { definition } = definitionOf({ ...blankDraft(ZONE), name: 'x', address: 'http://127.0.0.1/', cron: '5 * * * *' });
  for (const field of ['uses', 'preflight', 'priority', 'budget', 'on_success_fire', 'on_failure', 'worker']) expect(definition[field], field).toBeUndefined();
  expect(definition['callback']).toEqual({ url: 'http://127.0.0.1/', method: 'POST' });
  expect(definition['delivery']).toEqual({ timeout_seconds: 30, unanswered: 'wait' });
});

function check(change: Partial<CheckDraft>): CheckDraft {
  return { ...blankCheck([], change.kind ?? 'url'), ...change };
}

describe('what is wrong is said at its field', () => {
  it.each<[string, Partial<Draft>, string]>([
    ['a lease of nothing', { transport: 'worker', lease: { amount: '0', unit: 'seconds' } }, 'lease'],
    ['a lease of a week', { transport: 'worker', lease: { amount: '7', unit: 'days' } }, 'lease'],
    ['no budget', { stopAfter: { amount: 'x', unit: 'hours' } }, 'stopAfter'],
    ['a priority that is none', { priority: '1000' }, 'priority'],
    ['a pool nobody chose', { uses: [blankUse([])] }, 'uses.0.pool'],
    ['a pool named twice', { uses: [blankUse([], 'openai'), blankUse([], 'openai')] }, 'uses.1.pool'],
    ['half a weight', { uses: [{ ...blankUse([], 'openai'), weight: '0.5' }] }, 'uses.0.weight'],
    ['no address to look at', { preflight: [check({ url: 'here' })] }, 'preflight.0.url'],
    ['no folder', { preflight: [check({ kind: 'disk', free: '2' })] }, 'preflight.0.path'],
    ['no amount', { preflight: [check({ kind: 'memory' })] }, 'preflight.0.free'],
    ['no secret', { preflight: [check({ kind: 'secret' })] }, 'preflight.0.name'],
    ['half JSON', { preflight: [check({ kind: 'sql', json: '{ "sqlite": ' })] }, 'preflight.0.json'],
    ['a list where an object belongs', { preflight: [check({ kind: 'git', json: '[]' })] }, 'preflight.0.json'],
    ['an address to tell that is none', { failWebhook: 'ops@example.com' }, 'failWebhook'],
    ['no time to connect', { connectTimeout: '0' }, 'connectTimeout'],
    ['too long until an answer', { firstByte: '7200' }, 'firstByte']
  ])('%s', (_, change, place) => {
    const draft = { ...blankDraft(ZONE), name: 'x', address: 'http://127.0.0.1/', cron: '5 * * * *', ...change };
    expect(Object.keys(definitionOf(draft).errors)).toEqual([place]);
  });

  it.each([
    ['callback.allow_private', 'allowPrivate'], ['worker.lease_seconds', 'lease'], ['command.restart', 'restart'], ['delivery.connect_timeout_seconds', 'connectTimeout'], ['delivery.first_byte_timeout_seconds', 'firstByte'],
    ['uses', 'uses'], ['uses[1].weight', 'uses.1.weight'], ['uses[0]', 'uses.0.pool'], ['uses[9]', 'uses'], ['priority', 'priority'], ['budget.run.duration_seconds', 'stopAfter'], ['on_failure.webhook', 'failWebhook'],
    ['on_failure.fallback_cue', 'fallback'], ['on_failure.pause', 'pauseOnFailure'], ['on_success_fire', 'onSuccess'], ['preflight', 'preflight'], ['preflight[0].status', 'preflight.0.status'], ['preflight[1].free_gb', 'preflight.1.free'],
    ['preflight[3].name', 'preflight.3.name'], ['preflight[4].newer_than_fire', 'preflight.4.path'], ['preflight[5].sqlite', 'preflight.5.json'], ['preflight[0].headers', 'preflight.0.url']
  ])('the host’s %s is at %s', (path, place) => {
    expect(fieldFor(path, draftOf(plain(HOOK), ZONE))).toBe(place);
    expect(placeName(place), 'and has a name').not.toBe(place);
  });
});

it('another kind of check keeps what both have in common', () => {
  expect(asKind(check({ kind: 'disk', path: '/srv', free: '2', onFail: 'fail' }), 'memory')).toMatchObject({ free: '2', onFail: 'fail', path: '/srv' });
  expect(asKind(check({}), 'sql').json).toBe(EXAMPLES.preflight.sql);
});

it.each<[Partial<CheckDraft>, string]>([
  [{ url: 'http://a/h?key=1' }, 'http://a/h answers 2xx'], [{ kind: 'disk', path: '/srv', free: '2' }, '/srv has 2 GB free'], [{ kind: 'memory', free: '500', unit: 'MB' }, '500 MB of memory is free'],
  [{ kind: 'file', path: 'in.csv', newer: true, minLines: '20' }, 'in.csv is newer than the fire and has 20 lines or more'], [{ kind: 'file', path: 'in.csv' }, 'in.csv exists'], [{ kind: 'command', json: '{"argv":["pg_isready","-q"]}' }, 'pg_isready -q exits with 0'],
  [{ kind: 'sql', json: '{"postgres":"••••"}' }, 'a query of PostgreSQL gives what is asked'], [{ kind: 'git', json: '{ "repo": ' }, 'the repository … is as asked']
])('%o in words', (change, words) => expect(checkWords(check(change))).toBe(words));

describe('read back', () => {
  const said = (cue: unknown, change: Partial<Draft> = {}) => readBack({ ...draftOf(plain(cue), ZONE), ...change }, 'hourly at :05', (id) => ({ c3: 'digest', c4: 'by-mail' })[id] ?? id).map((phrase) => phrase.text).join('');

  it('says what it waits for, what stops it and what follows', () => {
    const text = said(HOOK);
    expect(text).toContain('The address may be in a private network.');
    expect(text).toContain('It waits for room in the pools openai (about 9,000 tokens) and crm (takes 2), with priority 5.');
    expect(text).toContain('It is held until ~/ has 2 GB free, 500 MB of memory is free, the secret KEY is there, ~/in.csv is newer than the fire and has 20 lines or more and a query of ~/crm.db gives at least 1.');
    expect(text).toContain('The attempt fails unless http://127.0.0.1:9000/health answers 204. ');
    expect(text).toContain('Stops after 1 h.');
    expect(text).toContain('If a run fails for good, by-mail fires in its place and https://example.com/x is told. If it ends well, digest fires.');
  });

  it('a worker, a long-lived command and a watched agent each have their own words', () => {
    expect(said(WORKER)).toContain('Hourly at :05, UTC time, offer it to workers. One has 15 min to claim it, and keeps it for 10 min from its last sign of life. ');
    expect(said(COMMAND)).toContain('start python3 watch.py. If it ends with anything but 0, it is started again. ');
    expect(said(COMMAND)).toContain('The agent may live on and report when it likes.');
    expect(said(COMMAND)).toContain('Stops each start after 1 h.');
    expect(said(WATCH, { agent: 'cron@nas' })).toMatch(/^Hourly at :05, UTC time, expect a ping of the agent cron@nas\. The tower does not start it; with no ping 5 min later, the run is silent\. It counts as confirmed only if its last ping says 0\.$/);
  });
});

describe('lines to copy', () => {
  it('name the task that the payload names', () => {
    expect(taskOf('{ "task": "score" }', 'x')).toEqual({ task: 'score', named: true });
    expect(taskOf('{ "task": ', 'leads')).toEqual({ task: 'leads', named: false });
    expect(taskOf('', '')).toEqual({ task: 'my-task', named: false });
    for (const snippet of workerSnippets('http://127.0.0.1:8737', 'score')) expect(snippet.code, snippet.key).toContain('http://127.0.0.1:8737');
    expect(workerSnippets('http://x', 'two words').map((snippet) => snippet.code).join('')).toContain('task = "two words"');
  });

  it('call the ping URL at the cue’s own times', () => {
    const url = 'http://127.0.0.1:8737/ping/pk_1';
    expect(pingSnippets(url, '0 3 * * *')[0]?.code).toBe(`0 3 * * * cuetowerctl exec --ping ${url} -- your-command --and its arguments\n`);
    expect(pingSnippets(url, '')[0]?.code.startsWith('30 2 * * * ')).toBe(true);
    for (const snippet of pingSnippets(url, '')) expect(snippet.code, snippet.key).toContain(url);
  });
});
