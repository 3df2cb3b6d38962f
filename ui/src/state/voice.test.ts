//! One message in five seconds, and none is lost.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Voice } from './voice';

describe('what is said for ears', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());
  const start = () => {
    const said: [number, string][] = [];
    const began = Date.now();
    return { said, voice: new Voice((text) => said.push([Date.now() - began, text]), () => Date.now()) };
  };

  it('comes at once when it was quiet', () => {
    const { said, voice } = start();
    voice.say('3 runs confirmed');
    expect(said).toEqual([[0, '3 runs confirmed.']]);
  });

  it('is joined into one message five seconds later, the newest last, nothing twice', () => {
    const { said, voice } = start();
    voice.say('Approved.');
    vi.advanceTimersByTime(1000);
    voice.say('1 run silent');
    voice.say('Taken back.');
    voice.say('1 run silent');
    vi.advanceTimersByTime(3999);
    expect(said).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(said[1]).toEqual([5000, 'Taken back. 1 run silent.']);
    vi.advanceTimersByTime(60_000);
    voice.say('Later.');
    expect(said[2]).toEqual([65_000, 'Later.']);
  });

  it('waits its turn after what was said on screen', () => {
    const { said, voice } = start();
    voice.said();
    voice.say('1 run silent');
    vi.advanceTimersByTime(3000);
    voice.said();
    vi.advanceTimersByTime(4999);
    expect(said).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(said).toEqual([[8000, '1 run silent.']]);
  });

  it('says how many it left out', () => {
    const { said, voice } = start();
    voice.say('a');
    for (const word of ['b', 'c', 'd', 'e', 'f']) voice.say(word);
    vi.advanceTimersByTime(5000);
    expect(said[1]?.[1]).toBe('2 more before. d. e. f.');
  });
});
