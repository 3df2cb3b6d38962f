import { describe, expect, it } from 'vitest';
import { mark, NOW, step } from '../testing';
import type { AttemptView, StepsSummary } from '../wire';
import { againWords, axisOf, barOf, isWorking, labelIn, labelOf, placeOfLabel, quietFor, ticksOf, type Scene } from './bars';

const SECOND = 1000;
const summary = (first: number, last: number): StepsSummary => ({ begun: 3, completed: 3, failed: 0, first_ms: NOW + first * SECOND, last_ms: NOW + last * SECOND });
const story = (began = 0) => ({ mark: mark(), attempts: [{ number: 1, began_at_ms: NOW + began * SECOND } as AttemptView], gates: [] });
const scene = (change: Partial<Scene> = {}): Scene => ({ axis: { from_ms: NOW, span_ms: 100 * SECOND }, now_ms: NOW + 90 * SECOND, live: false, attempt: 1, ended_ms: NOW + 80 * SECOND, last_ms: NOW + 60 * SECOND, newest: null, ...change });
const at = (began: number, ended: number | null) => ({ began_ms: NOW + began * SECOND, ended_ms: ended === null ? null : NOW + ended * SECOND });

describe('the axis', () => {
  it('goes from the first attempt to the last word of a step', () => expect(axisOf(story(), summary(2, 60), false, NOW)).toEqual({ from_ms: NOW, span_ms: 60 * SECOND * 1.13 }));
  it('leaves out a wait before the first step that is longer than the steps', () => expect(axisOf(story(), summary(500, 600), false, NOW).from_ms).toBe(NOW + 500 * SECOND));
  it('begins with the run, whatever was kept of an earlier one', () => expect(axisOf(story(), summary(-3600, 60), false, NOW).from_ms).toBe(NOW));
  it('is never without length', () => expect(axisOf(story(0), summary(0, 0), false, NOW).span_ms).toBeGreaterThan(0));
  it('of a live run grows in leaps, not with every second', () => {
    const spans = new Set(Array.from({ length: 60 }, (_, s) => axisOf(story(), summary(0, 20), true, NOW + (30 + s) * SECOND).span_ms));
    expect(spans.size).toBeLessThan(8);
    for (const span of spans) expect(span).toBeGreaterThan(30 * SECOND);
  });
  it('has as many marks as fit', () => {
    expect(ticksOf({ from_ms: NOW, span_ms: 255 * SECOND }, 418).map((tick) => tick.label)).toEqual(['0', '1 min', '2 min', '3 min', '4 min']);
    expect(ticksOf({ from_ms: NOW, span_ms: 255 * SECOND }, 200).map((tick) => tick.label)).toEqual(['0', '2 min', '4 min']);
    expect(ticksOf({ from_ms: NOW, span_ms: 172 * SECOND }, 384).map((tick) => tick.label), 'no word runs into the next one').toEqual(['0', '1 min', '2 min']);
    expect(ticksOf({ from_ms: NOW, span_ms: 172 * SECOND }, 600).map((tick) => tick.label)).toEqual(['0', '30 s', '1 min', '1 min 30 s', '2 min', '2 min 30 s']);
    expect(ticksOf({ from_ms: NOW, span_ms: 90 }, 300).map((tick) => tick.label)).toEqual(['0', '20 ms', '40 ms', '60 ms', '80 ms']);
    expect(ticksOf({ from_ms: NOW, span_ms: 40 * 86_400_000 }, 300)[1]?.label).toBe('14 d');
  });
});

describe('a bar', () => {
  it('lies from its beginning to its end', () => expect(barOf(step(at(10, 30)), scene())).toEqual({ kind: 'done', left: 0.1, width: expect.closeTo(0.2) as number, quiet: 0 }));
  it.each([
    ['failed', step({ ...at(10, 30), state: 'failed' }), 'failed'],
    ['a span', step({ ...at(10, 30), source: 'span' }), 'span'],
    ['a failed span', step({ ...at(10, 30), source: 'span', state: 'failed' }), 'span failed'],
    ['kept', step({ ...at(-500, -400), source: 'kept' }), 'kept']
  ])('%s', (_, of, kind) => expect(barOf(of, scene()).kind).toBe(kind));
  it('of a kept step stands at the beginning', () => expect(barOf(step({ ...at(-500, -400), source: 'kept' }), scene())).toMatchObject({ left: 0, width: 0 }));
  it('without an end reaches to now while its attempt works, else to the end of the run', () => {
    const open = step({ ...at(10, null), state: 'started' });
    expect(barOf(open, scene({ live: true, ended_ms: null }))).toMatchObject({ kind: 'live', width: expect.closeTo(0.8) as number });
    expect(barOf(open, scene())).toMatchObject({ kind: 'left', width: expect.closeTo(0.7) as number });
    expect(isWorking(open, scene({ live: true, attempt: 2 })), 'an attempt before this one left it open').toBe(false);
  });
});

describe('silence', () => {
  const open = step({ ...at(10, null), state: 'started', ordinal: 7 });
  const live = scene({ live: true, ended_ms: null, newest: 7, last_ms: NOW + 40 * SECOND });
  it('is measured from the last word of any step', () => {
    expect(quietFor(open, live)).toBe(50 * SECOND);
    expect(barOf(open, live).quiet).toBeCloseTo(0.5);
    expect(labelOf(open, live)).toEqual({ text: 'no step reported for 50 s', tone: 'warn', again: false });
  });
  it.each<[string, Partial<Scene>]>([['while somebody speaks', { last_ms: NOW + 80 * SECOND }], ['of a step that was not begun last', { newest: 8 }], ['of a run that has ended', { live: false }]])('there is none %s', (_, change) => expect(quietFor(open, { ...live, ...change })).toBeNull());
});

describe('words beside it', () => {
  it.each([
    [step(at(10, 30)), { text: '20 s', tone: '', again: false }],
    [step({ ...at(10, 30), tries: 2 }), { text: '20 s · begun twice', tone: 'warn', again: true }],
    [step({ ...at(10, 30), state: 'failed', error: ' 429 Too Many Requests ', retries: 4 }), { text: '20 s · 4 retries · 429 Too Many Requests', tone: 'bad', again: true }],
    [step({ ...at(10, 30), state: 'failed' }), { text: '20 s · failed', tone: 'bad', again: false }],
    [step({ ...at(-9, -8), source: 'kept' }), { text: 'kept, not done again', tone: '', again: false }],
    [step({ ...at(-9, null), source: 'kept', state: 'started' }), { text: 'not completed in the run before', tone: '', again: false }],
    [step({ ...at(10, null), state: 'started' }), { text: 'no end reported', tone: 'warn', again: false }]
  ])('%#', (of, label) => expect(labelOf(of, scene())).toEqual(label));
  it('are cut to how long it took where there is hardly any room', () => expect([labelIn(54, '13 s · tried twice · 503'), labelIn(54, '13 s'), labelIn(90, '13 s · 503')]).toEqual(['13 s', '13 s', '13 s · 503']));
  it('of a working step grow by whole seconds', () => expect(labelOf(step({ ...at(10, null), state: 'started' }), scene({ live: true, now_ms: NOW + 15_700 }))).toEqual({ text: '5 s', tone: 'live', again: false }));
  it('of what an earlier attempt left open', () => expect(labelOf(step({ ...at(10, null), state: 'started' }), scene({ live: true, attempt: 2 })).text).toBe('left open by an earlier attempt'));
  it('tries and retries are told apart', () => expect([againWords({ tries: 3, retries: 1 }), againWords({ tries: 1, retries: 0 }), againWords({ tries: 1, retries: null })]).toEqual(['begun 3 times, 1 retry', null, null]));
  it('stand where there is room: behind the bar, else before it, else on the larger side', () => {
    const bar = (left: number, width: number) => ({ kind: 'done' as const, left, width, quiet: 0 });
    expect(placeOfLabel('2.1 s', false, bar(0, 0.01), 400)).toMatchObject({ side: 'right', offset_px: 12 });
    expect(placeOfLabel('800 ms', false, bar(0.98, 0.02), 400)).toMatchObject({ side: 'left', offset_px: 16 });
    expect(placeOfLabel('a very long error that fits nowhere at all in here', false, bar(0.4, 0.4), 400).side).toBe('left');
    expect(placeOfLabel('x', false, bar(0, 1), 400).room_px).toBe(0);
    expect(placeOfLabel('no end reported', false, bar(0.1, 0.9), 400, true)).toMatchObject({ side: 'right', inside: true });
    expect(placeOfLabel('no end reported', false, bar(0.8, 0.2), 400, true).inside).toBeUndefined();
  });
});
