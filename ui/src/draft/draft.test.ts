import { describe, expect, it } from 'vitest';
import { blankDraft, definitionOf, draftOf, fieldFor, scheduleOf, type Draft } from './draft';
import { blankPart } from './schedule';
import { draftFrom, TEMPLATES } from './templates';

const ZONE = 'Europe/Madrid';

/** A definition as the host writes it. */
const LEADS = {
  name: 'lead-digest', description: 'for the sales team', agent: 'leads', transport: 'command',
  schedule: { type: 'recurring', cron: '0 9 * * 1-5', timezone: 'Europe/Berlin' },
  command: { argv: ['python3', 'leads.py', 'two words'], shell: null, cwd: '~/agents', env: { KEY: '{{secret:OPENAI}}' }, stop_grace_seconds: 10 },
  payload: { segment: 'trial' }, retry: { max_attempts: 5, backoff_minutes: [0.5, 5], on_failed_outcome: true },
  delivery: { timeout_seconds: 30, outcome_deadline_seconds: 600, unanswered: 'retry' }, confirm: 'outcome',
  catch_up: { policy: 'latest', within_seconds: 5400 }, overlap: 'queue',
  expect: { min_processed: 150, max_error_rate: 0.07, evidence: ['result_url', 'summary'] }, on_failure: { pause: true }
};

function with_(change: Partial<Draft>): Draft {
  return { ...blankDraft(ZONE), name: 'x', transport: 'command', command: 'true', cron: '5 * * * *', ...change };
}

describe('a definition and the form', () => {
  it('a definition read into the form and written again says the same', () => {
    const { definition, errors } = definitionOf(draftOf(LEADS, ZONE));
    expect(errors).toEqual({});
    expect(definition).toEqual({ ...LEADS, command: { argv: LEADS.command.argv, cwd: LEADS.command.cwd, env: LEADS.command.env, stop_grace_seconds: 10 } });
  });

  it('shows rates as percent and lengths in the unit that fits', () => {
    const draft = draftOf(LEADS, ZONE);
    expect(draft.maxErrors).toBe('7');
    expect(draft.within).toEqual({ amount: '90', unit: 'minutes' });
    expect(draft.command).toBe("python3 leads.py 'two words'");
    expect(draft.zone).toBe('Europe/Berlin');
  });

  it('keeps a masked header as it is', () => {
    const hook = { name: 'h', transport: 'webhook', schedule: { type: 'manual', timezone: 'UTC' }, callback: { url: 'http://127.0.0.1:9/x', method: 'POST', headers: { Authorization: '••••' } } };
    expect(definitionOf(draftOf(hook, ZONE)).definition['callback']).toEqual(hook.callback);
  });

  it('does not carry a command into a web hook', () => {
    const draft: Draft = { ...draftOf(LEADS, ZONE), transport: 'webhook', address: 'http://127.0.0.1:9000/run' };
    const { definition } = definitionOf(draft);
    expect(definition['command']).toBeUndefined();
    expect(definition['callback']).toEqual({ url: 'http://127.0.0.1:9000/run', method: 'POST' });
  });

  it('splits the line into words, or hands it whole to a shell', () => {
    expect(definitionOf(with_({ command: 'sh -c "exit 3"' })).definition['command']).toEqual({ argv: ['sh', '-c', 'exit 3'] });
    expect(definitionOf(with_({ command: 'cat a | wc', shell: true })).definition['command']).toEqual({ shell: 'cat a | wc' });
  });

  it('every template can be saved as it is', () => {
    for (const template of TEMPLATES) expect(definitionOf(draftFrom(template.key, ZONE)).errors, template.key).toEqual({});
  });
});

describe('what is wrong is said at its field', () => {
  it.each<[string, Partial<Draft>, keyof Draft]>([
    ['no name', { name: '  ' }, 'name'],
    ['no schedule', { cron: '' }, 'cron'],
    ['no time', { kind: 'once', at: '' }, 'at'],
    ['no date', { kind: 'once', at: '2026-02-30 09:00' }, 'at'],
    ['no zone', { zone: '' }, 'zone'],
    ['no program', { command: '' }, 'command'],
    ['an open quote', { command: 'say "x' }, 'command'],
    ['no address', { transport: 'webhook', address: '' }, 'address'],
    ['half JSON', { payload: '{ "a": ' }, 'payload'],
    ['words for minutes', { backoff: 'soon' }, 'backoff'],
    ['no attempts', { attempts: '0' }, 'attempts'],
    ['words for seconds', { deadline: 'soon' }, 'deadline'],
    ['a limit and no limit', { overlap: 'allow', parts: [{ ...blankPart([]), atOnce: '2' }] }, 'overlap'],
    ['a variable twice', { env: [{ name: 'A', value: '1' }, { name: 'A', value: '2' }] }, 'env'],
    ['a value without a name', { env: [{ name: '', value: '2' }] }, 'env']
  ])('%s', (_, change, field) => expect(Object.keys(definitionOf(with_(change)).errors)).toEqual([field]));

  it.each<[field: keyof Draft, wrong: string[], right: string[], sentence: string]>([
    ['maxErrors', ['101', '-1', 'few'], ['', '0', '7.5', '100'], 'Percent, 0 to 100.'],
    ['minProcessed', ['-1', 'many'], ['', '0', '150'], 'A number from 0 up, such as 150.'],
    ['deadline', ['0', '0.05', '3601', '-5', 'soon'], ['', '0.1', '300', '3600'], 'Seconds from 0.1 to 3600, such as 300.'],
    ['timeout', ['0', '3600.5', 'soon'], ['', '0.1', '30', '3600'], 'Seconds from 0.1 to 3600, such as 30.'],
    ['attempts', ['0', '11', '2.5', '1.0001', 'two'], ['', '1', '10'], 'A whole number from 1 to 10.'],
    ['backoff', ['-1', '1, 10081', '1, 2, -0.5'], ['', '0', '1, 5, 15', '10080', '1 2 3 4 5 6 7 8 9 10'], 'Each from 0 to 10080 minutes, which is 7 days.'],
    ['backoff', ['soon', '1; 5'], [], 'Minutes with commas between, such as 1, 5, 15.'],
    ['backoff', ['1 2 3 4 5 6 7 8 9 10 11'], [], 'At most 10 waits; these are 11.'],
    ['address', [''], ['http://127.0.0.1:9000/run', 'HTTPS://example.org', ' http://[::1]:9000/x '], 'Where to? Such as http://127.0.0.1:9000/run.'],
    ['address', ['localhost:9000', 'ftp://x/y', 'mailto:a@example.org', '/run'], [], 'An address begins with http:// or https://, such as http://127.0.0.1:9000/run.'],
    ['address', ['http://127.0.0.1:9000/a b', 'my agent'], ['http://h/{{secret:KEY}} x'], 'An address has no spaces; write %20 for one.'],
    ['address', ['http://', 'http://[::1', 'http://h:99999/'], [], 'This is no address; write one such as http://127.0.0.1:9000/run.']
  ])('%s: %j, but %j may be saved', (field, wrong, right, sentence) => {
    const said = (value: string) => definitionOf(with_({ ...(field === 'address' ? { transport: 'webhook' } : {}), [field]: value })).errors;
    for (const value of wrong) expect(said(value), value).toEqual({ [field]: sentence });
    for (const value of right) expect(said(value), value).toEqual({});
  });

  it('all of it is said at once', () => {
    const all: Partial<Draft> = { name: '', transport: 'webhook', address: 'nowhere', maxErrors: '200', minProcessed: '-1', deadline: '9999', timeout: '0', attempts: '11', backoff: '-1' };
    expect(Object.keys(definitionOf(with_(all)).errors).sort()).toEqual(Object.keys(all).filter((field) => field !== 'transport').sort());
  });

  it('a field that is not shown is not judged', () => {
    const within = { amount: 'soon', unit: 'minutes' } as const;
    expect(definitionOf(with_({ within })).errors).toEqual({ within: 'A length up to 366 days, such as 60 minutes.' });
    expect(definitionOf(with_({ within, catchUp: 'all' })).errors).toEqual({});
    expect(definitionOf(with_({ within, kind: 'manual' })).errors).toEqual({});
    const wrong = { parts: [{ ...blankPart([]), from: 'noon' }], jitter: { amount: '-1', unit: 'seconds' } } as const;
    expect(Object.keys(definitionOf(with_({ ...wrong, parts: [...wrong.parts] })).errors)).toEqual(['parts.0.from', 'jitter']);
    expect(definitionOf(with_({ ...wrong, parts: [...wrong.parts], kind: 'after', after: 'x' })).errors).toEqual({});
  });

  it.each<[string, Partial<Draft>, string | null]>([
    ['schedule.cron', {}, 'cron'], ['schedule', { kind: 'once' }, 'at'], ['schedule.timezone', {}, 'zone'], ['callback.headers.X-Key', {}, 'headers'], ['callback.url', {}, 'address'],
    ['command.argv[0]', {}, 'command'], ['command.env.KEY', {}, 'env'], ['retry.backoff_minutes', {}, 'backoff'], ['delivery.timeout_seconds', {}, 'timeout'],
    ['expect.max_error_rate', {}, 'maxErrors'], ['named', {}, null], ['gates', {}, null]
  ])('the host’s %s', (path, change, field) => expect(fieldFor(path, with_(change))).toBe(field));
});

describe('scheduleOf', () => {
  it.each<[string, Partial<Draft>, unknown]>([
    ['a cron', { cron: ' 0 9 * * * ' }, { type: 'recurring', cron: '0 9 * * *', timezone: ZONE }],
    ['nothing yet', { cron: '' }, null],
    ['an interval', { kind: 'interval' }, { type: 'interval', every_seconds: 300, timezone: ZONE }],
    ['after another cue', { kind: 'after', after: 'lead-digest', on: 'either' }, { type: 'after', cue: 'lead-digest', on: 'either', timezone: ZONE }],
    ['a wall clock, which the host reads in the zone', { kind: 'once', at: ' 2026-12-01 09:00 ' }, { type: 'once', at: '2026-12-01T09:00', timezone: ZONE }],
    ['a wall clock with seconds', { kind: 'once', at: '2026-07-01 09:00:30' }, { type: 'once', at: '2026-07-01T09:00:30', timezone: ZONE }],
    ['an unknown zone', { kind: 'once', at: '2026-07-01 09:00', zone: 'Mars/Base' }, null],
    ['by hand', { kind: 'manual' }, { type: 'manual', timezone: ZONE }]
  ])('%s', (_, change, schedule) => expect(scheduleOf(with_(change))).toEqual(schedule));

  it('an instant that was not touched stays as it was, to the millisecond', () => {
    const schedule = { type: 'once', at: '2026-11-20T09:00:12.345+01:00', timezone: ZONE };
    const draft = draftOf({ name: 'x', schedule }, 'UTC');
    expect(draft.at).toBe('2026-11-20 09:00:12');
    expect(scheduleOf(draft)).toEqual(schedule);
    expect(scheduleOf({ ...draft, at: '2026-11-20 09:00:13' })).toEqual({ ...schedule, at: '2026-11-20T09:00:13' });
    expect(scheduleOf({ ...draft, zone: 'UTC' })).toEqual({ ...schedule, at: '2026-11-20T09:00:12', timezone: 'UTC' });
  });
});
