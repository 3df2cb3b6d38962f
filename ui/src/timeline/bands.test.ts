import { describe, expect, it } from 'vitest';
import { band, mark, NOW } from '../testing';
import { DAY, HOUR, MINUTE } from '../time';
import { bandAt, bandNear, bandsIn, clockChanges, explains, labelsOf, withBands } from './bands';

const asleep = band();
const off = band({ from_ms: NOW - 30 * HOUR, to_ms: NOW - 28 * HOUR, reason: 'off', label: 'Tower off 2 h' });

describe('grey bands', () => {
  it('one that grew takes the place of the shorter', () => {
    const longer = { ...asleep, to_ms: NOW, label: 'Asleep 5 h' };
    expect(withBands([off, asleep], [longer]).map((b) => b.label)).toEqual(['Tower off 2 h', 'Asleep 5 h']);
    expect(withBands([asleep], [off]).map((b) => b.label)).toEqual(['Tower off 2 h', 'Asleep 4 h']);
    const same = [asleep];
    expect(withBands(same, [])).toBe(same);
  });
  it('an instant lies in one, also within a second of its edge', () => {
    expect(bandAt([off, asleep], asleep.from_ms - 900)).toBe(asleep);
    expect(bandAt([off, asleep], asleep.to_ms + 900)).toBe(asleep);
    expect(bandAt([off, asleep], NOW - HOUR / 2)).toBeNull();
  });
  it('those that touch a stretch', () => expect(bandsIn([off, asleep], NOW - 2 * HOUR, NOW).map((b) => b.reason)).toEqual(['asleep']));
});

describe('a miss', () => {
  const missed = (due_ms: number, more = {}) => mark({ scheduled: 'missed', scheduled_reason: 'the keyring was locked', due_ms, ...more });
  it('is explained by the band around it, not by its words', () => {
    expect(explains([asleep], missed(NOW - 2 * HOUR), -Infinity)).toBe(true);
    expect(explains([asleep], missed(NOW), -Infinity)).toBe(false);
    expect(explains([asleep], missed(NOW, { scheduled_reason: 'the tower was off' }), -Infinity)).toBe(false);
  });
  it('from before the known bands is taken at its word', () => {
    expect(explains([], missed(NOW - DAY, { scheduled_reason: 'the tower was off' }), NOW - HOUR)).toBe(true);
    expect(explains([], missed(NOW - DAY), NOW - HOUR)).toBe(false);
  });
  it('that is a span must lie in it whole', () => {
    expect(explains([asleep], missed(NOW - 4 * HOUR, { until_ms: NOW - 2 * HOUR, count: 100 }), -Infinity)).toBe(true);
    expect(explains([asleep], missed(NOW - 4 * HOUR, { until_ms: NOW, count: 100 }), -Infinity)).toBe(false);
  });
  it('only a miss needs an explanation', () => expect(explains([asleep], mark({ due_ms: NOW - 2 * HOUR }), -Infinity)).toBe(false));
});

it('a band that is a hair wide is found by whoever points near it; of two the nearer', () => {
  expect(bandNear([off, asleep], asleep.to_ms + 60_000, 60_000)).toBe(asleep);
  expect(bandNear([off, asleep], asleep.to_ms + 60_001, 60_000)).toBeNull();
  expect(bandNear([off, asleep], off.to_ms + HOUR, 40 * HOUR)).toBe(off);
});

describe('the axis says of a band', () => {
  const widthOf = (label: string) => label.length * 6;
  const said = (from: number, to: number, taken: [number, number][] = [], width = 600) => labelsOf([{ band: asleep, from, to }], width, taken, widthOf);
  it.each([[200, 'Asleep 4 h'], [60, 'Asleep']])('in %d px “%s”, in its middle', (room, text) => expect(said(100, 100 + room)).toEqual([{ text, at: 100 + (room - text.length * 6) / 2 }]));
  it('beside what stands on the band, and shorter where that leaves too little', () => {
    expect(said(100, 300, [[230, 280]])).toEqual([{ text: 'Asleep 4 h', at: 170 }]);
    expect(said(100, 300, [[210, 260]])).toEqual([{ text: 'Asleep 4 h', at: 150 }]);
    expect(said(100, 200, [[155, 205]])).toEqual([{ text: 'Asleep', at: 119 }]);
  });
  it('what it is beside it, where it is narrow', () => expect(said(100, 102)).toEqual([{ text: 'Asleep 4 h', at: 106 }]));
  it('at its left, where now stands at its right', () => expect(said(200, 210, [[205, 260]])).toEqual([{ text: 'Asleep 4 h', at: 136 }]));
  it('in one word, where there is no more room', () => expect(said(50, 60, [[110, 600]])).toEqual([{ text: 'Asleep', at: 64 }]));
  it('nothing, where it would stand on something else or leave the axis', () => expect([said(200, 210, [[100, 300]]), said(590, 598, [[0, 560]])]).toEqual([[], []]));
  it('each its own: no two on one another, the newest first', () => {
    const labels = labelsOf([{ band: off, from: 100, to: 104 }, { band: asleep, from: 110, to: 114 }], 600, [], widthOf);
    expect(labels).toEqual([{ text: 'Asleep 4 h', at: 118 }, { text: 'Tower off 2 h', at: 18 }]);
  });
});

describe('clock changes', () => {
  it('are found to the minute, with their length', () => {
    expect(clockChanges('Europe/Madrid', Date.UTC(2026, 9, 20), Date.UTC(2026, 9, 30))).toEqual([{ at_ms: Date.UTC(2026, 9, 25, 1), shift_ms: -HOUR, label: 'clock −1 h' }]);
    expect(clockChanges('Australia/Lord_Howe', Date.UTC(2026, 9, 1), Date.UTC(2026, 9, 10)).map((c) => c.label)).toEqual(['clock +30 min']);
    expect(clockChanges('Europe/Madrid', Date.UTC(2027, 2, 28, 0, 58), Date.UTC(2027, 2, 28, 1, 2)).map((c) => c.at_ms)).toEqual([Date.UTC(2027, 2, 28, 1)]);
  });
  it('are none in UTC, nor in winter', () => {
    expect(clockChanges('UTC', NOW - 45 * DAY, NOW)).toEqual([]);
    expect(clockChanges('Europe/Madrid', NOW, NOW + 45 * DAY)).toEqual([]);
    expect(clockChanges('Europe/Madrid', NOW, NOW + MINUTE)).toEqual([]);
  });
});
