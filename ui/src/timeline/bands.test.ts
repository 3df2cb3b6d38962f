import { describe, expect, it } from 'vitest';
import { band, mark, NOW } from '../testing';
import { DAY, HOUR, MINUTE } from '../time';
import { bandAt, bandsIn, clockChanges, explains, labelFor, withBands } from './bands';

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

it.each([[200, 'Asleep 4 h'], [60, 'Asleep'], [40, '']])('in %d px the axis says “%s”', (room, text) => expect(labelFor(asleep, room, (label) => label.length * 6)).toBe(text));

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
