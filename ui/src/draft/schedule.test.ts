import { describe, expect, it } from 'vitest';
import { definitionOf, draftOf, fieldFor, type Draft } from './draft';
import { cronOf, simpleOf } from './cron';
import { daysOf, daysText, daysWords, minutesOf, padded } from './days';
import { dayName, movedMonths, weeksOf } from './month';
import { mendPlaces, writtenPlaces } from './places';
import { blankPart, blankSchedule, makeSchedule, readSchedule, type PartDraft, type ScheduleDraft } from './schedule';
import { everyWords, secondsOf, spanOf } from './span';

const ZONE = 'Europe/Berlin';

/** Schedules as the host writes them, of every kind and with everything. */
const SCHEDULES: [string, Record<string, unknown>][] = [
  ['market hours, else hourly', {
    type: 'recurring', cron: '0 * * * *', timezone: ZONE,
    parts: [
      { days: 'mon-fri', from: '09:30', to: '16:00', timezone: 'America/New_York', every_seconds: 60, at_once: 5 },
      { days: 'sat,sun', cron: '0 12 * * *' },
      { from: '22:00', to: '02:00' }
    ],
    blackout: [{ from: '2026-12-24', to: '2026-12-27' }, { from: '2026-12-31T18:00', to: '2027-01-01T12:00' }],
    jitter_seconds: 90, paths: ['~/inbox/*.csv', '/tmp/x'], next_run: { min_seconds: 300, max_seconds: 86400 }
  }],
  ['in its parts only', { type: 'recurring', timezone: 'UTC', parts: [{ days: 'mon,wed', every_seconds: 3600 }] }],
  ['an interval', { type: 'interval', every_seconds: 5400, timezone: ZONE }],
  ['an interval with a fraction', { type: 'interval', every_seconds: 1.5, timezone: ZONE }],
  ['once, with a blackout to the instant', { type: 'once', at: '2027-02-03T04:05', timezone: ZONE, blackout: [{ from: '2026-12-24T18:00:00+01:00', to: '2026-12-27' }] }],
  ['an interval from an instant', { type: 'interval', every_seconds: 7, at: '2026-11-20T09:00:12.345+01:00', timezone: ZONE, parts: [{ every_seconds: 1 }] }],
  ['after another', { type: 'after', cue: 'lead-digest', on: 'failed', timezone: ZONE, blackout: [{ from: '2026-12-24', to: '2026-12-24' }] }],
  ['by hand, or by a file', { type: 'manual', timezone: 'UTC', paths: ['~/drop'], next_run: { min_seconds: 1, max_seconds: 60 } }],
  ['what a newer tower adds stays', { type: 'recurring', cron: '5 4 * * *', timezone: ZONE, moon: 'full', parts: [{ days: 'fri', every_seconds: 60, colour: 'red' }], blackout: [{ from: '2026-12-24', to: '2026-12-24', name: 'eve' }], next_run: { min_seconds: 60, max_seconds: 2592000, most: 3 } }]
];

function draft(change: Partial<ScheduleDraft> = {}): ScheduleDraft {
  return { ...blankSchedule(ZONE), cron: '0 * * * *', ...change };
}

function part(change: Partial<PartDraft> = {}): PartDraft {
  return { ...blankPart([]), ...change };
}

describe('a schedule in the form', () => {
  it.each(SCHEDULES)('%s: read and written again it says the same', (_, schedule) => {
    const definition = { name: 'x', transport: 'command', command: { argv: ['true'] }, schedule, catch_up: { policy: 'ask' }, overlap: 'queue' };
    const made = definitionOf(draftOf(definition, 'UTC'));
    expect(made.errors).toEqual({});
    expect(made.definition['schedule']).toEqual(schedule);
    expect(made.definition['catch_up']).toEqual(definition.catch_up);
  });

  it('a window without a day is not one of every day', () => {
    const { schedule, errors } = makeSchedule(draft({ parts: [part({ days: [], from: '9', to: '17' })] }), {});
    expect(errors).toEqual({ 'parts.0.days': 'Choose at least one day.' });
    expect(schedule['parts']).toEqual([{ days: [], from: '09:00', to: '17:00', every_seconds: 60 }]);
  });

  it('what another kind knows is not sent', () => {
    const all = readSchedule(SCHEDULES[0]?.[1] ?? {}, 'UTC');
    expect(Object.keys(makeSchedule({ ...all, kind: 'manual' }, {}).schedule).sort()).toEqual(['blackout', 'next_run', 'paths', 'timezone', 'type']);
    expect(Object.keys(makeSchedule({ ...all, kind: 'once', at: '2027-02-03 04:05' }, {}).schedule).sort()).toEqual(['at', 'blackout', 'next_run', 'paths', 'timezone', 'type']);
  });

  it('nothing outside its windows is a recurring schedule without a cron, whatever stood above', () => {
    const { schedule, errors } = makeSchedule(draft({ kind: 'interval', windowsOnly: true, parts: [part()] }), {});
    expect(errors).toEqual({});
    expect(schedule).toEqual({ type: 'recurring', timezone: ZONE, parts: [{ days: 'mon-fri', from: '09:00', to: '17:00', every_seconds: 60 }] });
    expect(makeSchedule(draft({ windowsOnly: true, parts: [part({ rate: 'otherwise' })] }), {}).errors).toEqual({ 'parts.0.every': expect.stringContaining('say how often') as string });
    expect(makeSchedule(draft({ windowsOnly: true }), {}).schedule['cron']).toBe('0 * * * *');
  });

  it.each<[string, Partial<ScheduleDraft>, string]>([
    ['no days', { parts: [part({ days: [] })] }, 'parts.0.days'],
    ['a wrong beginning', { parts: [part(), part({ from: '24:00' })] }, 'parts.1.from'],
    ['a wrong end', { parts: [part({ to: '17.00' })] }, 'parts.0.to'],
    ['no length', { parts: [part({ from: '9:00', to: '09:00' })] }, 'parts.0.to'],
    ['an unknown zone', { parts: [part({ zone: 'Mars/Base' })] }, 'parts.0.zone'],
    ['no gap', { parts: [part({ every: { amount: '', unit: 'minutes' } })] }, 'parts.0.every'],
    ['less than a second', { parts: [part({ every: { amount: '0.9', unit: 'seconds' } })] }, 'parts.0.every'],
    ['no cron', { parts: [part({ rate: 'cron' })] }, 'parts.0.cron'],
    ['none at once', { parts: [part({ atOnce: '0' })] }, 'parts.0.atOnce'],
    ['a blackout without an end', { blackout: [{ key: 1, from: '2026-12-24', to: '', rest: {} }] }, 'blackout.0.to'],
    ['a blackout that ends first', { blackout: [{ key: 1, from: '2026-12-24', to: '2026-12-23', rest: {} }] }, 'blackout.0.to'],
    ['a day that is none', { blackout: [{ key: 1, from: '2026-02-30', to: '2026-03-01', rest: {} }] }, 'blackout.0.from'],
    ['two hours of jitter', { jitter: { amount: '2', unit: 'hours' } }, 'jitter'],
    ['an empty path', { paths: ['~/x', ' '] }, 'paths.1'],
    ['limits the wrong way round', { nextMin: { amount: '2', unit: 'days' }, nextMax: { amount: '1', unit: 'days' } }, 'nextMax'],
    ['no gap of the interval', { kind: 'interval', every: { amount: 'often', unit: 'minutes' } }, 'every'],
    ['a beginning that is none', { kind: 'interval', countFrom: 'dawn' }, 'countFrom'],
    ['after nothing', { kind: 'after' }, 'after']
  ])('%s is said at its field', (_, change, place) => expect(Object.keys(makeSchedule(draft(change), {}).errors)).toEqual([place]));

  it.each<[string, Partial<ScheduleDraft>, string]>([
    ['schedule.parts[1].from', { parts: [part(), part()] }, 'parts.1.from'],
    ['schedule.parts[0].timezone', { parts: [part()] }, 'parts.0.zone'],
    ['schedule.parts[0].at_once', { parts: [part()] }, 'parts.0.atOnce'],
    ['schedule.parts[0].every_seconds', { parts: [part({ rate: 'cron' })] }, 'parts.0.cron'],
    ['schedule.parts[0]', { parts: [part()] }, 'parts.0.days'],
    ['schedule.parts', { parts: [part()] }, 'parts'],
    ['schedule.blackout[0].to', { blackout: [{ key: 1, from: '', to: '', rest: {} }] }, 'blackout.0.to'],
    ['schedule.blackout[3]', {}, 'blackout'],
    ['schedule.paths[0]', { paths: ['x'] }, 'paths.0'],
    ['schedule.jitter_seconds', {}, 'jitter'],
    ['schedule.next_run.max_seconds', {}, 'nextMax'],
    ['schedule.next_run', {}, 'nextMin'],
    ['schedule.every_seconds', { kind: 'interval' }, 'every'],
    ['schedule.at', { kind: 'interval' }, 'countFrom'],
    ['schedule.cue', { kind: 'after' }, 'after'],
    ['schedule.on', { kind: 'after' }, 'on'],
    ['schedule', { kind: 'interval' }, 'every'],
    ['schedule.cron', { windowsOnly: true, parts: [part()] }, 'parts'],
    ['schedule.type', { kind: 'manual' }, 'kind']
  ])('the host’s %s', (path, change, place) => expect(fieldFor(path, { ...draftOf({}, ZONE), ...draft(change) } as Draft)).toBe(place));
});

describe('days and times', () => {
  it.each<[string, number[], string]>([
    ['mon-fri', [0, 1, 2, 3, 4], 'Mon–Fri'], ['mon,wed', [0, 2], 'Mon, Wed'], ['sat-mon', [0, 5, 6], 'Mon, Sat, Sun'], ['Sunday', [6], 'Sun'], ['', [0, 1, 2, 3, 4, 5, 6], 'every day'], ['fri,sat,sun,tue', [1, 4, 5, 6], 'Tue, Fri–Sun']
  ])('%s', (text, days, words) => {
    expect(daysOf(text)).toEqual(days);
    expect(daysWords(days)).toBe(words);
    expect(daysOf(daysText(days))).toEqual(days);
  });

  it.each<[string, number | null]>([['09:30', 570], ['9:30', 570], ['24:00', 1440], ['24:01', null], ['9', 540], ['24', 1440], ['25', null], ['9:3', null], ['', null], ['12:60', null], ['09:30:30', 570.5]])('%s', (text, minutes) => expect(minutesOf(text)).toBe(minutes));
  it('is saved with two figures', () => expect(['9:05', ' 10:05', '9', '24', '9:30:15', 'noon', '99'].map(padded)).toEqual(['09:05', '10:05', '09:00', '24:00', '09:30:15', 'noon', '99']));

  it('the weeks of a month begin on Monday', () => {
    expect(weeksOf('2026-11-21').map((week) => `${week[0]} ${week[6]}`)).toEqual(['2026-10-26 2026-11-01', '2026-11-02 2026-11-08', '2026-11-09 2026-11-15', '2026-11-16 2026-11-22', '2026-11-23 2026-11-29', '2026-11-30 2026-12-06']);
    expect(weeksOf('2027-02-14')).toHaveLength(4);
    expect(dayName('2026-12-24')).toBe('Thursday 24 December 2026');
    expect([movedMonths('2027-01-31', 1), movedMonths('2027-01-15', -1)]).toEqual(['2027-02-28', '2026-12-15']);
  });
});

describe('what is to be mended', () => {
  it('is said while one types where something is written, and only then', () => {
    const wrong = (change: Partial<ScheduleDraft>) => writtenPlaces(draft(change), makeSchedule(draft(change), {}).errors);
    expect(Object.keys(wrong({ kind: 'once', at: 'tomorrow' }))).toEqual(['at']);
    expect(Object.keys(wrong({ kind: 'interval', every: { amount: 'often', unit: 'minutes' }, countFrom: 'dawn' }))).toEqual(['every', 'countFrom']);
    expect(wrong({ kind: 'once' })).toEqual({});
    expect(wrong({ kind: 'interval', every: { amount: '', unit: 'minutes' }, paths: [''] })).toEqual({});
    expect(Object.keys(wrong({ parts: [part({ days: [], from: '' })] }))).toEqual(['parts.0.days']);
  });
  it('is said of every field alike: what holds something, no answer that always stands, nothing that is empty', () => {
    const form = { minProcessed: 'many', name: '', confirm: 'checks', askDeadline: { amount: '', unit: 'hours' }, stopAfter: { amount: 'soon', unit: 'hours' }, checks: [{ json: '{' }, { path: '' }] };
    const errors = { minProcessed: 'a', name: 'b', confirm: 'c', askDeadline: 'd', stopAfter: 'e', 'checks.0.json': 'f', 'checks.1.path': 'g' };
    expect(writtenPlaces(form, errors)).toEqual({ minProcessed: 'a', stopAfter: 'e', 'checks.0.json': 'f' });
  });
  it('is named place by place, in the order of the form', () => expect(mendPlaces(['checks.0.path', 'name', 'whole', 'zone'])).toEqual([{ place: 'name', name: 'its name' }, { place: 'zone', name: 'Zone' }, { place: 'checks.0.path', name: 'proof 1' }]));
  it.each<[string[], string[]]>([
    [[], []],
    [['parts.0.days', 'blackout.1.to'], ['the days of window 1', 'the last day of blackout 2']],
    [['name', 'cron', 'paths.0', 'jitter', 'env'], ['its name', 'Environment', 'Cron', 'Jitter', 'path 1']]
  ])('%j', (places, names) => expect(mendPlaces(places).map(({ name }) => name)).toEqual(names));
});

describe('lengths', () => {
  it.each<[number, string, string]>([[60, '1', 'minutes'], [90, '90', 'seconds'], [5400, '90', 'minutes'], [86400, '1', 'days'], [0.5, '0.5', 'seconds'], [0, '0', 'seconds']])('%d s', (seconds, amount, unit) => {
    expect(spanOf(seconds)).toEqual({ amount, unit });
    expect(secondsOf(spanOf(seconds))).toBe(seconds);
  });
  it('one of a unit needs no figure', () => expect([everyWords(spanOf(60)), everyWords(spanOf(300)), everyWords(spanOf(3600)), everyWords(spanOf(null))]).toEqual(['every minute', 'every 5 min', 'every hour', '']));
});

describe('a cron as a sentence', () => {
  it.each(['* * * * *', '*/15 * * * *', '5 * * * *', '30 2 * * *', '0 9 * * 1-5', '0 9 * * 1,3,7', '0 0 1 * *', '0 0 L * *'])('%s goes there and back', (cron) => {
    const simple = simpleOf(cron);
    expect(simple && cronOf(simple)).toBe(cron);
  });
  it.each<[string, string]>([['@hourly', '0 * * * *'], ['0 9 * * mon-fri', '0 9 * * 1-5'], ['0 9 * * 0,6', '0 9 * * 6,7'], ['00 09 * * *', '0 9 * * *']])('%s says %s', (cron, same) => {
    const simple = simpleOf(cron);
    expect(simple && cronOf(simple)).toBe(same);
  });
  it.each(['', '0 9 * 6 *', '*/7 * * * *', '0 9 1 * 1', '0 9-17 * * *', '0 9 * * 1#2', '0 0 9 * * *', '60 9 * * *', '0 9 32 * *', '0,30 9 * * *', '0 9 * * 5-1'])('%j is only written', (cron) => expect(simpleOf(cron)).toBeNull());
});
