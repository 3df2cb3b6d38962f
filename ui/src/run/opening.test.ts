import { expect, it } from 'vitest';
import { opensOn } from './opening';

const STEPS = { begun: 4, completed: 3, failed: 1, first_ms: 0, last_ms: 9 };
const quiet = { stdout: '', stderr: ' \n', state: 'ended', delivered_at_ms: 5 };
const loud = { stdout: 'waiting for the exchange', stderr: '', state: 'ended', delivered_at_ms: 5 };

it.each([
  ['ended with steps', STEPS, loud, false, true, 'compare'], ['ended without steps, and printed', null, loud, false, true, 'output'], ['ended without steps or a word', null, quiet, false, true, 'compare'], ['never reached', null, { ...quiet, delivered_at_ms: null }, false, true, 'output'], ['ended without an attempt', null, undefined, false, true, 'compare'],
  ['running', null, { ...quiet, state: 'delivered' }, true, true, 'output'], ['offered to workers', null, { ...quiet, state: 'offered' }, true, true, 'payload'], ['between two tries', null, { ...loud, state: 'waiting' }, true, true, 'output'], ['held before its first', null, undefined, true, true, 'payload'],
  ['ended with steps, the first of its cue, and printed', STEPS, loud, false, false, 'output'], ['ended with steps, the first of its cue, without a word', STEPS, quiet, false, false, 'attempts'], ['the first of its cue, without steps or a word', null, quiet, false, false, 'output'], ['before anybody knows', STEPS, quiet, false, null, 'compare']
] as const)('%s', (_, steps, attempt, live, comparable, tab) => expect(opensOn({ steps }, attempt, live, comparable)).toBe(tab));
