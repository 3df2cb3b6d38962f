//! Numbers and dates as they are written elsewhere.
import { afterEach, describe, expect, it } from 'vitest';
import { priceWords } from './costs/prices';
import { dayWords, grouped as groupedCosts, scaleWords } from './costs/shape';
import { useWords } from './draft/uses';
import { thousands, tokensWords, usdWords } from './run/labels';
import { brief, grouped, memoryWords } from './state/agents';
import { limitWords } from './state/pools';
import { counted } from './state/tomorrow';
import { exampleOf, fromWeekStart, LOCALES, number, writeAs, written, writtenIn } from './locale';
import { scaledMedia, nextScale } from './scale';
import { day, lasting, money, roundMoney } from './time';
import { dueTimes } from './words';

const NOW = Date.parse('2026-11-20T08:02:41Z');

describe('what is written', () => {
  afterEach(() => writeAs(writtenIn('en-GB')));

  it('is by the locale; words stay', () => {
    const all = (tag: string) => {
      writeAs(writtenIn(tag));
      return [day(NOW, 'UTC'), number(43_100), money(1234.5), money(0.0042), lasting(1500), dueTimes(43_100)].map((text) => text.replace(/[\u00a0\u202f]/g, ' '));
    };
    expect(all('en-GB')).toEqual(['Fri 20 Nov', '43,100', '$1,234.50', '$0.0042', '1.5 s', '43,100 due times']);
    expect(all('en-US')).toEqual(['Fri Nov 20', '43,100', '$1,234.50', '$0.0042', '1.5 s', '43,100 due times']);
    expect(all('de-DE')).toEqual(['Fri 20 Nov', '43.100', '1.234,50 $', '0,0042 $', '1,5 s', '43.100 due times']);
    expect(all('fr-FR')).toEqual(['Fri 20 Nov', '43 100', '1 234,50 $', '0,0042 $', '1,5 s', '43 100 due times']);
  });

  it('of every figure, not only of sums', () => {
    writeAs(writtenIn('de-DE'));
    const plain = (words: string) => words.replaceAll('\u00a0', ' ');
    expect([grouped(1_234_567), groupedCosts(9_000), thousands(100_000), counted(1_240), brief(1_234_567), brief(3_900), tokensWords(5_700)]).toEqual(['1.234.567', '9.000', '100.000', '1.240', '1,2M', '3,9k', '5,7k']);
    expect([usdWords(0.41), usdWords(0.011), usdWords(0.009), usdWords(0), priceWords(0.0375), roundMoney(25), roundMoney(2.5)].map(plain)).toEqual(['0,41 $', '0,011 $', '0,009 $', '0 $', '0,0375 $', '25 $', '2,50 $']);
    expect([memoryWords(1_126), limitWords({ concurrency: null, calls_per_min: null, tokens_per_min: 90_000 }), useWords({ key: 1, pool: 'openai', weight: '1', tokens: '9000', rest: {} })]).toEqual(['1,1 GB', '90.000 tokens a minute', 'openai (about 9.000 tokens)']);
    expect(scaleWords([0, 0.5]).map(plain)).toEqual(['0 $', '0,50 $']);
    writeAs(writtenIn('en-US'));
    expect(dayWords('2026-11-21')).toBe('Nov 21');
  });

  it('keeps our figures where others are usual', () => {
    writeAs(writtenIn('ar-EG'));
    expect(number(1234)).toMatch(/^1.?234$/);
  });

  it('begins its weeks where they begin there, or where the owner says', () => {
    const first = (tag: string, chosen: number | null = null) => {
      writeAs(writtenIn(tag, chosen));
      return fromWeekStart(['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'])[0];
    };
    expect([first('en-GB'), first('en-US'), first('ar-EG'), first('en-US', 1), first('de-DE', 6)]).toEqual(['Mon', 'Sun', 'Sat', 'Mon', 'Sat']);
  });

  it('is the usual way for a tag that nobody knows', () => {
    writeAs(writtenIn('not_a tag'));
    expect(written().tag).toBe('en-GB');
  });

  it('is as the settings promise it', () => {
    for (const { tag } of LOCALES) {
      writeAs(writtenIn(tag));
      expect(exampleOf(tag)).toBe(`${day(NOW, 'UTC').slice(4)}, ${number(1_234_567.8, 1)}`);
    }
    expect(exampleOf('de-DE')).toBe('20 Nov, 1.234.567,8');
    expect(exampleOf('en-US')).toBe('Nov 20, 1,234,567.8');
  });
});

describe('what is drawn larger', () => {
  it('is narrow earlier', () => {
    expect(scaledMedia('(max-width: 1080px)', 1.5)).toBe('(max-width: 1620px)');
    expect(scaledMedia('screen and (min-width:1081px)', 0.8)).toBe('screen and (min-width:864.8px)');
    expect(scaledMedia('(width <= 900px)', 2)).toBe('(width <= 1800px)');
    expect(scaledMedia('(prefers-contrast: more)', 2)).toBe('(prefers-contrast: more)');
  });

  it('goes up and down by steps, and ends', () => {
    expect([nextScale(1, 1), nextScale(1, -1), nextScale(2, 1), nextScale(0.8, -1)]).toEqual([1.1, 0.9, 2, 0.8]);
  });
});
