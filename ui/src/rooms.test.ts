//! Each place has its room, and another one of the same room begins anew.
import { describe, expect, it } from 'vitest';
import { roomOf } from './rooms';
import { hashOf, routeFrom, type Route } from './state/route';

const PLACES: readonly Route[] = [
  { at: 'board' }, { at: 'run', runId: 'r/1' }, { at: 'cue', cueId: 'c 1' }, { at: 'new', from: null }, { at: 'new', from: 'c1' }, { at: 'agents', name: 'ada', account: 'acc' }, { at: 'costs' }, { at: 'costs', prices: true },
  { at: 'gates', gateId: 'g1', edit: true }, { at: 'alerts' }, { at: 'secrets' }, { at: 'settings', section: 'keyboard' }, { at: 'key' }, { at: 'search', q: 'is:failed "two words"? #1 & more' }, { at: 'search', q: '' }
];

describe('a place', () => {
  it('is read back from its address', () => {
    for (const place of PLACES) expect(routeFrom(hashOf(place)), hashOf(place)).toEqual(place);
  });

  it('has a room, but for the board, which is always there', () => {
    for (const place of PLACES) expect(roomOf(place) === null, hashOf(place)).toBe(place.at === 'board');
    expect(roomOf({ at: 'costs', prices: true })?.name).toBe('prices');
  });

  it('of another run or cue is begun anew; another agent or gate is not', () => {
    const key = (route: Route) => `${roomOf(route)?.name} ${roomOf(route)?.key}`;
    expect(key({ at: 'run', runId: 'r1' })).not.toBe(key({ at: 'run', runId: 'r2' }));
    expect(key({ at: 'new', from: null })).not.toBe(key({ at: 'cue', cueId: 'c1' }));
    expect(key({ at: 'agents', name: 'ada' })).toBe(key({ at: 'agents' }));
    expect(key({ at: 'gates', gateId: 'g1' })).toBe(key({ at: 'gates' }));
  });
});
