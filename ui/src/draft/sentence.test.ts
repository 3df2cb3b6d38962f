//! Schedules as people say them, read and said back.
import { describe, expect, it } from 'vitest';
import { cronOf, simpleOf, STEPS } from './cron';
import { blankDraft, definitionOf } from './draft';
import { heard, sentenceOf, type Where } from './sentence';
import { blankSchedule } from './schedule';

// A Sunday, 15:00 in Madrid.
const where: Where = { now_ms: Date.UTC(2026, 10, 22, 14, 0), zone: 'Europe/Madrid', zones: ['Europe/Madrid', 'Europe/Berlin', 'America/New_York', 'Asia/Tokyo'] };
const said = (text: string) => {
  const read = heard(text, where);
  return read === null || 'wrong' in read ? read : read.said;
};
const cron = (cron: string) => ({ kind: 'recurring', cron });

describe('a schedule is read as it is said', () => {
  it.each([
    ['every weekday at 9', '0 9 * * 1-5'],
    ['Every weekday at 9 am.', '0 9 * * 1-5'],
    ['weekdays at 9:30pm', '30 21 * * 1-5'],
    ['every day at 02:30', '30 2 * * *'],
    ['daily', '0 9 * * *'],
    ['every night at 2:30', '30 2 * * *'],
    ['every morning', '0 9 * * *'],
    ['every day at noon', '0 12 * * *'],
    ['at 7', '0 7 * * *'],
    ['at 7:15 on weekdays', '15 7 * * 1-5'],
    ['every day at 9 and 17', '0 9,17 * * *'],
    ['at 8:30, 12:30 and 18:30', '30 8,12,18 * * *'],
    ['every monday at 9', '0 9 * * 1'],
    ['mondays and thursdays at 14:30', '30 14 * * 1,4'],
    ['mon, wed, fri at 8', '0 8 * * 1,3,5'],
    ['mon-fri at 8', '0 8 * * 1-5'],
    ['monday to wednesday at 8', '0 8 * * 1-3'],
    ['weekends at midnight', '0 0 * * 6,7'],
    ['every week on friday at 16:00', '0 16 * * 5'],
    ['weekly', '0 9 * * 1'],
    ['every minute', '* * * * *'],
    ['every 5 minutes', '*/5 * * * *'],
    ['every 20min', '*/20 * * * *'],
    ['every hour', '0 * * * *'],
    ['every hour at :05', '5 * * * *'],
    ['hourly at 15', '15 * * * *'],
    ['every 2 hours', '0 */2 * * *'],
    ['every 15 minutes from 9 to 17 on weekdays', '*/15 9-16 * * 1-5'],
    ['every hour on weekdays between 8 and 18', '0 8-17 * * 1-5'],
    ['on the 1st at 6', '0 6 1 * *'],
    ['every month on day 15 at 6:30', '30 6 15 * *'],
    ['monthly on the last day at 18:00', '0 18 L * *'],
    ['on the first of every month at 6', '0 6 1 * *']
  ])('%s', (text, expected) => expect(said(text)).toEqual(cron(expected)));

  it('what no cron can say is an interval', () => {
    expect(said('every 90 minutes')).toEqual({ kind: 'interval', every: { amount: '90', unit: 'minutes' } });
    expect(said('every 30 seconds')).toEqual({ kind: 'interval', every: { amount: '30', unit: 'seconds' } });
    expect(said('every other day')).toEqual({ kind: 'interval', every: { amount: '2', unit: 'days' } });
  });

  it('one time, on the clock of the zone', () => {
    expect(said('tomorrow at 9')).toEqual({ kind: 'once', at: '2026-11-23 09:00' });
    expect(said('today at 18:30')).toEqual({ kind: 'once', at: '2026-11-22 18:30' });
    expect(said('next friday at 8')).toEqual({ kind: 'once', at: '2026-11-27 08:00' });
    expect(said('in 20 minutes')).toEqual({ kind: 'once', at: '2026-11-22 15:20' });
    expect(said('in an hour')).toEqual({ kind: 'once', at: '2026-11-22 16:00' });
    expect(said('on 2026-12-01 at 09:00')).toEqual({ kind: 'once', at: '2026-12-01 09:00' });
    expect(said('once at 9')).toEqual({ kind: 'once', at: '2026-11-23 09:00' });
  });

  it('a zone at its end is the cue’s', () => {
    expect(said('every weekday at 9 in Berlin')).toEqual({ ...cron('0 9 * * 1-5'), zone: 'Europe/Berlin' });
    expect(said('every day at 9:30 New_York time')).toEqual({ ...cron('30 9 * * *'), zone: 'America/New_York' });
    expect(said('every day at 9:30 in New York')).toEqual({ ...cron('30 9 * * *'), zone: 'America/New_York' });
    expect(said('daily at 6 UTC')).toEqual({ ...cron('0 6 * * *'), zone: 'UTC' });
    expect(said('tomorrow at 9 in Tokyo')).toEqual({ kind: 'once', at: '2026-11-23 09:00', zone: 'Asia/Tokyo' });
    expect(said('every day at 9 in Atlantis')).toEqual({ wrong: 'No zone is known by the name Atlantis; write one such as Europe/Berlin.' });
  });

  it('after another cue, or by hand', () => {
    expect(said('after lead-digest')).toEqual({ kind: 'after', after: 'lead-digest', on: 'confirmed' });
    expect(said('after lead-digest fails')).toEqual({ kind: 'after', after: 'lead-digest', on: 'failed' });
    expect(said('by hand')).toEqual({ kind: 'manual' });
  });

  it.each(['fortnightly', 'every blue moon', 'every day at 25', 'every weekday at', 'on the 32nd', 'every 0 minutes', 'now and then', 'every hour at :75', 'tomorrow at 9 and 10', 'at 9 sharp'])('%s is not guessed at', (text) => expect(said(text)).toMatchObject({ wrong: expect.stringContaining('is not understood') as string }));

  it('times that take two crons are said so', () => expect(said('every day at 9:15 and 17:30')).toMatchObject({ wrong: expect.stringContaining('more than one cron') as string }));

  it('nothing is nothing', () => expect(heard('  ', where)).toBeNull());
});

describe('it is said back so that it reads the same', () => {
  const crons = [...STEPS.map((step) => (step === 1 ? '* * * * *' : `*/${step} * * * *`)), '7 * * * *', '30 2 * * *', '0 9 * * 1-5', '0 9 * * 6,7', '15 14 * * 1,4', '0 8 * * 2', '0 6 1 * *', '0 18 L * *'];
  it.each(crons)('%s', (written) => {
    const sentence = sentenceOf({ ...blankSchedule('UTC'), cron: written }, '', (cue) => cue);
    const simple = simpleOf(written);
    expect(said(sentence), sentence).toEqual(cron(simple ? cronOf(simple) : written));
  });

  it('the other kinds too', () => {
    const blank = blankSchedule('UTC');
    for (const change of [{ kind: 'interval', every: { amount: '90', unit: 'minutes' } }, { kind: 'once', at: '2026-12-01 09:00' }, { kind: 'after', after: 'leads', on: 'failed' }, { kind: 'after', after: 'leads', on: 'either' }, { kind: 'manual' }] as const) {
      expect(said(sentenceOf({ ...blank, ...change }, '', (cue) => cue))).toEqual(change);
    }
  });

  it('a cron that no sentence can say is left to the host’s words', () => expect(sentenceOf({ ...blankSchedule('UTC'), cron: '0 9 1-7 * 1' }, 'at 09:00 on the first Monday', (cue) => cue)).toBe('at 09:00 on the first Monday'));
});

it('a form in which something said is not understood is not whole', () => {
  const draft = { ...blankDraft('UTC'), name: 'a', transport: 'command' as const, command: 'true', cron: '0 9 * * *' };
  expect(definitionOf(draft).errors).toEqual({});
  expect(definitionOf({ ...draft, words: 'every blue moon' }).errors).toHaveProperty('words');
});
