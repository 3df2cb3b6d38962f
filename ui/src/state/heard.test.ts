//! What is heard first, and how it is said.
import { expect, test } from 'vitest';
import type { AgentView, ApartView, CueView, Mark } from '../wire';
import { agentsBefore, heardOf, spansOf, type Before, type World } from './heard';

const AT = Date.UTC(2026, 10, 22, 14, 3, 12);
const before: Before = { at_ms: AT - 1000, cues: new Set(['old']), runs: new Set(['seen']), spans: new Map([['scout', 2]]), agents: new Set(['/known']) };
const beat = (name: string, last_beat_ms: number | null, message: string | null = null, more: Partial<AgentView> = {}) => ({ name, account: null, last_beat_ms, message, cues: [], pulse: [1], ...more }) as AgentView;
const cue = (id: string, transport = 'watch') => ({ id, name: `cue ${id}`, agent: id, transport, words: 'fired by hand' }) as CueView;
const mark = (occurrence_id: string, more: Partial<Mark> = {}) => ({ occurrence_id, run_id: `run-${occurrence_id}`, due_ms: AT, started_at_ms: AT, ended_at_ms: null, sentence: 'It ended well.', ...more }) as Mark;
const apart = (agent: string, spans: number) => ({ agent, spans, account: null, last_ms: AT }) as ApartView;
const world = (of: Partial<World>): World => ({ agents: [], cues: [], lanes: new Map(), apart: [], zone: 'UTC', name: 'old', demo: new Set<string>(), ...of });

test('nothing new is nothing heard', () => {
  expect(heardOf(before, world({ agents: [beat('old', AT - 5000), beat('never', null)], cues: [cue('old')], lanes: new Map([['old', [mark('seen')]]]), apart: [apart('scout', 2)] }))).toBeNull();
});

test('a beat is told with the time and what it said, the newest first', () => {
  const heard = heardOf(before, world({ agents: [beat('one', AT - 500), beat('two', AT, 'Processed 1.')] }));
  expect(heard).toMatchObject({ kind: 'beat', words: 'two beat at 14:03:12 and said: “Processed 1.”', to: { at: 'agents', name: 'two' } });
});

test('a run that somebody else began is told until it has ended, and then how', () => {
  const running = heardOf(before, world({ cues: [cue('old')], lanes: new Map([['old', [mark('seen'), mark('new')]]]), agents: [beat('one', AT)] }));
  expect(running).toMatchObject({ kind: 'run', words: 'cue old began to work at 14:03:12.', to: { at: 'run', runId: 'run-new' } });
  const ended = heardOf(before, world({ cues: [cue('old')], lanes: new Map([['old', [mark('new', { ended_at_ms: AT })]]]) }));
  expect(ended?.words).toBe('cue old told how it went: It ended well.');
});

test('what the tower starts by itself is no sign of anybody', () => {
  expect(heardOf(before, world({ cues: [cue('old', 'command')], lanes: new Map([['old', [mark('new')]]]) }))).toBeNull();
});

test('telemetry is counted from when the listening began, over all days', () => {
  expect(spansOf([apart('scout', 2), apart('scout', 3)]).get('scout')).toBe(5);
  expect(heardOf(before, world({ name: 'scout', apart: [apart('scout', 2), apart('scout', 1)] }))?.words).toBe('1 span of scout came at 14:03:12.');
});

test('a cue that came over the door is told only while nothing else is known', () => {
  const cues = [cue('old'), cue('new', 'webhook')];
  expect(heardOf(before, world({ cues }))).toMatchObject({ kind: 'cue', words: 'The cue cue new is here: fired by hand.', cueId: 'new', to: { at: 'board' } });
  expect(heardOf(before, world({ cues, agents: [beat('one', AT)] }))?.kind).toBe('beat');
});

test('whoever was there before and whoever belongs to the demo are no sign of the one that is waited for', () => {
  const demo = new Set(['demo-cue']);
  const known = beat('known', AT);
  const guest = beat('guest', AT, null, { cues: [{ id: 'demo-cue', name: 'demo', agent: 'guest', transport: 'watch', words: '', deleted: false }] });
  const others = { demo, agents: [known, guest], apart: [apart('scout', 9)], cues: [cue('demo-cue'), cue('old')], lanes: new Map([['demo-cue', [mark('a')]], ['old', [mark('b')]]]) };
  expect(heardOf(before, world({ ...others, name: 'my-agent' }))).toBeNull();
  expect(heardOf(before, world({ ...others, name: 'known' }))?.words).toBe('known beat at 14:03:12.');
  expect(heardOf({ ...before, agents: null }, world({ agents: [beat('new', AT)] })), 'before it is known who was there nobody is new').toBeNull();
});

test('who beats faster than the first look comes was there', () => {
  expect([...agentsBefore([beat('quick', AT, null, { pulse: [4, 9] }), beat('first', AT), beat('named', null)], AT - 1000)]).toEqual(['/quick', '/named']);
});
