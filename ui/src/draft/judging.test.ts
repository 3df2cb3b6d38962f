import { describe, expect, it } from 'vitest';
import { blankCheck } from './checks';
import { blankDraft, definitionOf, type Draft } from './draft';
import { judgeable, judgedProof, proofIn } from './judging';
import { readBack } from './readback';

const draft = (change: Partial<Draft> = {}): Draft => ({ ...blankDraft('UTC'), name: 'x', address: 'http://127.0.0.1/', cron: '5 * * * *', ...change });
const made = (change: Partial<Draft>) => definitionOf(draft(change)).definition;

describe('what the tower is asked before a save', () => {
  it('is only asked when there is proof that it alone can read', () => {
    expect(proofIn(made({}))).toBeNull();
    expect(proofIn(made({ minProcessed: '3' }))).toBeNull();
    expect(proofIn(made({ asserts: 'proc > 3' }))).toContain('proc > 3');
  });
  it('is asked again when the proof changes, and not when another field does', () => {
    const one = proofIn(made({ asserts: 'errors == 0' }));
    expect(proofIn(made({ asserts: 'errors == 0', agent: 'ada' }))).toBe(one);
    expect(proofIn(made({ asserts: 'errors == 1' }))).not.toBe(one);
  });
  it('goes under some name while the cue has none', () => expect([judgeable({ name: ' ' })['name'], judgeable({ name: 'leads' })['name']]).toEqual(['unnamed', 'leads']));
});

describe('what it answers', () => {
  const asserts = 'errors == 0\nproc > 3\nfoo()';
  const problems = [{ field: 'expect.assert[1]', message: 'No `proc`.' }, { field: 'expect.assert[2]', message: 'No `foo`.' }, { field: 'checks[0].path', message: 'No path.' }, { field: 'name', message: 'No name.' }, { field: 'schedule.at', message: 'Past.' }];
  const change = { asserts, checks: [blankCheck([], 'file', 'checks')] };
  const judged = judgedProof(problems, made(change), draft(change));
  it('stands at the field, all of it, and nothing but proof that is written', () => expect(judged.errors).toEqual({ asserts: 'No `proc`. No `foo`.' }));
  it('is not read back as a condition', () => {
    const said = readBack(draft(change), null, undefined, undefined, undefined, judged.unread).map((phrase) => phrase.text).join('');
    expect(said).toContain('errors == 0, a condition that cannot be read yet (proc > 3), a condition that cannot be read yet (foo())');
  });
});
