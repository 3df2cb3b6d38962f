//! Secrets that a cue is lent by name.
import { describe, expect, it } from 'vitest';
import { blankDraft, definitionOf, draftOf } from './draft';
import { howWords, lentOf, withLent, withoutLent } from './lending';

const command = { ...blankDraft('UTC'), name: 'a', transport: 'command' as const, command: 'true', kind: 'manual' as const };

describe('a secret is lent by its name', () => {
  it('as a variable of a command, and taken back', () => {
    const lent = { ...command, ...withLent(command, { secret: 'STRIPE', how: 'variable', as: '' }) };
    expect(definitionOf(lent).definition['command']).toMatchObject({ env: { STRIPE: '{{secret:STRIPE}}' } });
    expect(lentOf(lent).map((one) => [one.secret, howWords(one)])).toEqual([['STRIPE', 'as variable STRIPE']]);
    expect(lentOf(lent).map((one) => withoutLent(lent, one))).toEqual([{ env: [] }]);
  });

  it('as a header of a web hook: the one for who one is says Bearer', () => {
    const hook = { ...command, transport: 'webhook' as const };
    const lent = { ...hook, ...withLent(hook, { secret: 'TOKEN', how: 'header', as: 'Authorization' }) };
    expect(lent.headers).toEqual([{ name: 'Authorization', value: 'Bearer {{secret:TOKEN}}' }]);
    expect(lentOf(lent).map(howWords)).toEqual(['as header Authorization']);
    expect(lentOf({ ...lent, transport: 'command' as const }), 'a command has no headers').toEqual([]);
  });

  it('for its runs to ask for, and read again as it was, tools and all', () => {
    const lent = { ...command, ...withLent(command, { secret: 'STRIPE', how: 'lease', as: '' }) };
    expect(definitionOf(lent).definition['secrets']).toEqual(['STRIPE']);
    expect(withLent(lent, { secret: 'STRIPE', how: 'lease', as: '' }), 'once is enough').toEqual({});
    const written = { ...definitionOf(command).definition, secrets: ['A', { name: 'B', tools: ['x.y', 'z'] }] };
    const read = draftOf(written, 'UTC');
    expect(lentOf(read).map((one) => [one.secret, howWords(one)])).toEqual([['A', 'when its agent asks'], ['B', 'when its agent asks for x.y, z']]);
    expect(definitionOf(read).definition['secrets']).toEqual(written.secrets);
    expect(definitionOf({ ...read, secrets: [] }).definition).not.toHaveProperty('secrets');
  });
});
