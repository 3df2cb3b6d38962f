import { expect, it } from 'vitest';
import { opensOn } from './opening';

const STEPS = { begun: 4, completed: 3, failed: 1, first_ms: 0, last_ms: 9 };
const quiet = { stdout: '', stderr: ' \n', state: 'ended', delivered_at_ms: 5 };
const loud = { stdout: 'waiting for the exchange', stderr: '', state: 'ended', delivered_at_ms: 5 };

it.each([
  ['ended with steps', STEPS, loud, false, 'compare'], ['ended without steps, and printed', null, loud, false, 'output'], ['ended without steps or a word', null, quiet, false, 'compare'], ['never reached', null, { ...quiet, delivered_at_ms: null }, false, 'output'], ['ended without an attempt', null, undefined, false, 'compare'],
  ['running', null, { ...quiet, state: 'delivered' }, true, 'output'], ['offered to workers', null, { ...quiet, state: 'offered' }, true, 'payload'], ['between two tries', null, { ...loud, state: 'waiting' }, true, 'output'], ['held before its first', null, undefined, true, 'payload']
] as const)('%s', (_, steps, attempt, live, tab) => expect(opensOn({ steps }, attempt, live)).toBe(tab));
