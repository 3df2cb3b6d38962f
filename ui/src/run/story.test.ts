import { describe, expect, it } from 'vitest';
import { mark, NOW, step } from '../testing';
import { changeWords, diffWords, figureWords, withWords } from './compare';
import { barSpoken, besideName, callsWords, columnsOf, costWords, endOf, keyTail, mouthsOf, notPricedWords, pricedWords, summaryWords, tokensWords, triesOf, usdWords } from './labels';
import { HEAD_CHARS, laidOut, plainText, START, type Layout } from './payload';
import { checkingWords, looksAgain, proofLine, worstFirst } from './proof';
import { brokeFirst, isResumable, offersResume, resumeWords } from './resume';
import { EMPTY_TREE, withPage } from './tree';
import * as runText from '../text/run';
import type { ProofView, SpendView } from '../wire';

const ZONE = 'Europe/Madrid';

describe('figures', () => {
  it.each([[null, ''], [0, '0'], [812, '812'], [5700, '5.7k'], [9960, '10k'], [381_000, '381k'], [999_600, '1M'], [1_240_000, '1.2M']])('%s tokens', (tokens, words) => expect(tokensWords(tokens)).toBe(words));
  it.each([[0, '$0'], [2, '$2.00'], [0.41, '$0.41'], [0.011, '$0.011'], [0.02, '$0.02'], [0.009, '$0.009'], [0.00342, '$0.0034'], [0.0000004, 'under $0.000001']])('%s USD', (usd, words) => expect(usdWords(usd)).toBe(words));
  it('what has no price is not free, and what nobody said is not there', () => {
    expect([costWords(step({ cost_usd: 0, priced: 'table' })), costWords(step({ priced: 'not_priced' })), costWords(step())]).toEqual(['$0', 'not priced', '']);
    expect(pricedWords(step({ priced: 'not_priced', model: 'acme-1' }))).toBe('no price is known for acme-1');
  });
  it('tries inside count, too', () => expect([triesOf(step()), triesOf(step({ tries: 2, retries: 4 })), triesOf(step({ tries: 0, source: 'span' }))]).toEqual([1, 6, 1]));
  it('a model stands behind the name, a kind only where the name does not say it', () => expect([besideName(step({ model: 'gpt-5', kind: 'llm' })), besideName(step({ name: 'call', kind: 'http' })), besideName(step({ name: 'HTTP GET', kind: 'http' })), besideName(step({ kind: 'other' }))]).toEqual(['gpt-5', 'http', '', '']));
  it('keys show their end', () => expect([keyTail(null), keyTail('ld-0805-1'), keyTail('0193a7c2-6b1e-7d40-9f3c-5be1a07c91d2-12')]).toEqual(['', 'ld-0805-1', '…07c91d2-12']));
  it('a bar for ears', () => expect(barSpoken(step({ state: 'failed', source: 'span', ended_ms: NOW + 3400 }), '08:05:51', '3.4 s · timeout')).toBe('a span, failed, began 08:05:51, took 3.4 s: timeout'));
  it('a run’s steps in one line', () => expect([summaryWords({ begun: 1, completed: 1, failed: 0 }, 'good'), summaryWords({ begun: 100_000, completed: 99_990, failed: 8 }, 'bad')]).toEqual(['1 step, all completed', '100,000 steps: 99,990 completed, 8 failed, 2 open']));
  it('does not say “all completed” of a run that failed, goes on or waits', () => {
    const words = (end: Parameters<typeof summaryWords>[1]) => summaryWords({ begun: 2, completed: 2, failed: 0 }, end);
    expect([words('bad'), words('open'), words('waits')]).toEqual(['2 steps, none failed', '2 steps, none failed so far', '2 steps, none failed; now it waits']);
    const pool = { by: 'pool', words: '', since_ms: NOW, until_ms: null, position: null };
    expect([endOf({ mark: mark(), waits: null }), endOf({ mark: mark({ confirmed: 'silent' }), waits: null }), endOf({ mark: mark({ confirmed: 'working', ended_at_ms: null }), waits: null }), endOf({ mark: mark({ confirmed: 'gate', ended_at_ms: null }), waits: null }), endOf({ mark: mark({ confirmed: 'working', ended_at_ms: null }), waits: pool })]).toEqual(['good', 'bad', 'open', 'waits', 'waits']);
  });
});

it('checks that agree and disagree are counted as one says it', () => {
  expect([runText.ofProofsDisagrees(1, 1), runText.ofProofsDisagrees(1, 3), runText.ofProofsDisagrees(2, 3), runText.ofProofsDisagrees(3, 3)]).toEqual(['its one check disagrees', '1 of 3 checks disagrees', '2 of 3 checks disagree', 'all 3 checks disagree']);
  expect([runText.ofProofsAgree(1, 1), runText.ofProofsAgree(1, 2), runText.ofProofsAgree(2, 2)]).toEqual(['its one check agrees', '1 of 2 checks agrees', 'all 2 checks agree']);
});

describe('what it used', () => {
  const spend = (change: Partial<SpendView> = {}): SpendView => ({ tokens: null, cost_usd: null, steps: { tokens: null, cost_usd: null }, beats: { tokens: null, cost_usd: null }, outcome: { tokens: null, cost_usd: null }, not_priced: 0, disagreement: null, models: [], progress: null, ...change });
  it('of the steps has columns where somebody told', () => {
    expect([columnsOf(null), columnsOf(spend({ outcome: { tokens: 9, cost_usd: 1 } })), columnsOf(spend({ steps: { tokens: 9, cost_usd: null } })), columnsOf(spend({ not_priced: 1 })), columnsOf(spend({ steps: { tokens: null, cost_usd: 0 } }))]).toEqual([
      { tokens: false, cost: false }, { tokens: false, cost: false }, { tokens: true, cost: false }, { tokens: false, cost: true }, { tokens: false, cost: true }
    ]);
  });
  it('names who said it, and whose figure counts', () => {
    const said = spend({ tokens: 42_000, cost_usd: 0.41, steps: { tokens: 42_000, cost_usd: 0.41 }, outcome: { tokens: null, cost_usd: 0.1 } });
    expect(mouthsOf(said)).toEqual([{ who: 'Steps and spans', tokens: '42k', cost: '$0.41', counts: true }, { who: 'Outcome', tokens: '', cost: '$0.10', counts: false }]);
    expect(mouthsOf(spend({ tokens: 7, beats: { tokens: 7, cost_usd: null } }))).toMatchObject([{ who: 'Heartbeats', counts: true }]);
    expect(mouthsOf(spend())).toEqual([]);
  });
  it('calls without a price are counted', () => {
    expect([callsWords({ calls: 1, not_priced: 0 }), callsWords({ calls: 3, not_priced: 3 }), callsWords({ calls: 3, not_priced: 1 })]).toEqual(['1 call', '3 calls, not priced', '3 calls, 1 not priced']);
    expect([notPricedWords(0), notPricedWords(1)?.slice(0, 22)]).toEqual([null, 'One call is not priced']);
  });
});

describe('beside the last good run', () => {
  it.each<[number | null, string, string]>([[null, 'count', '–'], [200, 'count', '200'], [12_400, 'count', '12,400'], [381_000, 'count', '381k'], [0.125, 'count', '0.125'], [152_000, 'ms', '2 min 32 s'], [0.02, 'usd', '$0.02'], [4.25, 'percent', '4.3 %'], [31.7, 'percent', '32 %']])('%s in %s', (value, unit, words) => expect(figureWords(value, unit)).toBe(words));
  it.each<[number | null, number | null, string]>([[3, 200, '−99 %'], [200, 200, 'same'], [0, 200, '−100 %'], [5, 0, 'none then'], [120, 10, '12 times'], [35, 10, '3.5 times'], [11, 10, '+10 %'], [1001, 1000, 'nearly the same'], [null, 5, '']])('%s against %s', (now, other, words) => expect(changeWords({ this: now, other })).toBe(words));
  it('a step that differs', () => {
    const diff = { number: '3.4', name: 'lead 4', ordinal: 7, this: 'failed', other: 'completed', words: '429 Too Many Requests' };
    expect([diffWords(diff), diffWords({ ...diff, ordinal: null, this: null, words: null }), diffWords({ ...diff, this: 'completed', other: null, words: '' })]).toEqual(['failed here: 429 Too Many Requests; completed then', 'not here; completed then', 'completed here; not there then']);
  });
  it('there may be none', () => expect(withWords({ with: null, rows: [], steps: [], first_difference: null })).toContain('nothing to compare'));
});

describe('resuming', () => {
  const top = [step({ ordinal: 1, place: 1, name: 'list leads' }), step({ ordinal: 2, place: 2, name: 'score', state: 'failed' }), step({ ordinal: 5, place: 0, name: 'chat', source: 'span' }), step({ ordinal: 6, place: 3, name: 'charge', kind: 'http' }), step({ ordinal: 7, place: 4, name: 'file it', kind: 'tool', state: 'started' })];
  const from = top[1] ?? step();
  it('begins at the first step that is not completed, as deep as it is known, never at a span', () => {
    const tree = withPage(EMPTY_TREE, 0, 0, top, top.length);
    expect(brokeFirst(tree)).toEqual({ ordinal: 2, number: '2' });
    const inside = withPage(tree, 2, 0, [step({ ordinal: 3, under: 2, place: 1, name: 'lead 1' }), step({ ordinal: 4, under: 2, place: 2, name: 'lead 2', kind: 'http', state: 'failed' })], 2);
    expect(brokeFirst(inside)).toEqual({ ordinal: 4, number: '2.2' });
    expect(brokeFirst(withPage(EMPTY_TREE, 0, 0, [step(), step({ ordinal: 2, source: 'span', state: 'failed' })], 2))).toBeNull();
  });
  it('says what is kept, what is done again, and what of that reaches outside', () => {
    const words = resumeWords(top, 5, from, '2');
    expect(words.kept).toBe('Step 1 (list leads) is kept: begun again, the recorded output comes back and the work is not done twice.');
    expect(words.again).toBe('Step 2 (score) and the 2 after it are done again, as a new run with the same payload.');
    expect(words.reaching).toEqual(['3 charge (HTTP call, completed once already)', '4 file it (tool, end not known, goes out with its old key)']);
  });
  it('from inside of a step, what came before in it is kept', () => {
    const words = resumeWords(top, 5, step({ ordinal: 4, under: 2, place: 2, name: 'lead 2', kind: 'http', state: 'failed' }), '2.2');
    expect(words.kept).toBe('Step 1 (list leads), and what was completed inside step 2 before 2.2 are kept: begun again, the recorded output comes back and the work is not done twice.');
    expect(words.again).toBe('Step 2.2 (lead 2), the rest of step 2 and the 2 after it are done again, as a new run with the same payload.');
    expect(words.reaching[0]).toBe('2.2 lead 2 (HTTP call, failed, goes out with its old key)');
  });
  it('counts what was not read, and says when nothing is kept', () => {
    expect(resumeWords(top, 905, from, '2').again).toContain('the 902 after it');
    expect(resumeWords(top, 5, top[0] ?? step(), '1').kept).toBe('Nothing is kept: no step before it was completed.');
    expect(resumeWords(top, 5, top[3] ?? step(), '3').kept).toMatch(/One step before it had not been completed, and is done as well\.$/);
  });
  it('among very many steps only the tower knows where; telemetry alone goes on nowhere', () => {
    const steps = { begun: 900, completed: 899, failed: 1, first_ms: null, last_ms: null };
    const of = (...here: ReturnType<typeof step>[]) => withPage(EMPTY_TREE, 0, 0, here, 900);
    expect([offersResume(of(step()), steps), offersResume(of(step()), { ...steps, completed: 900 }), offersResume(of(step({ source: 'span', state: 'failed' })), steps)]).toEqual([true, false, false]);
    expect(offersResume(withPage(EMPTY_TREE, 0, 0, [step({ state: 'failed' })], 1), steps)).toBe(true);
  });
  it('needs an end and a step', () => {
    const steps = { begun: 1, completed: 0, failed: 1, first_ms: null, last_ms: null };
    expect(isResumable({ mark: mark() }, steps)).toBe(true);
    expect(isResumable({ mark: mark({ confirmed: 'working', ended_at_ms: null }) }, steps)).toBe(false);
    expect([isResumable({ mark: mark() }, null), isResumable({ mark: mark() }, { ...steps, begun: 0 })]).toEqual([false, false]);
  });
});

describe('what was found', () => {
  const proof = (change: Partial<ProofView> = {}): ProofView => ({ claim: 'At least 180 rows', passed: false, found: 'found 3', kind: 'sql', detail: 'select count(*) from leads', at_ms: NOW, took_ms: 4, ...change });
  it('says how it looked, and when', () => {
    expect(proofLine(proof({ claim: 'File ~/report.md has at least 20 lines', kind: 'file', detail: '~/report.md' }), NOW, ZONE).detail, 'the claim names it already').toBe('');
    expect(proofLine(proof(), NOW, ZONE)).toEqual({ tone: 'bad', claim: 'At least 180 rows', beside: 'found 3', found: '', detail: 'select count(*) from leads', how: 'database, read-only, 4 ms, at 09:00:00' });
    expect(proofLine(proof({ passed: true, found: 'modified 08:09:12, sha256 9f3c…e1', kind: null, detail: null, at_ms: null, took_ms: null }), NOW, ZONE)).toMatchObject({ tone: 'ok', beside: '', found: 'modified 08:09:12, sha256 9f3c…e1', how: '' });
    expect(proofLine(proof({ passed: true, claim: 'Ends with exit code 0', found: 'exit code 0 after 2 ms', detail: null }), NOW, ZONE).found).toBe('after 2 ms');
    expect(proofLine(proof({ passed: null, found: '' }), NOW, ZONE)).toMatchObject({ tone: 'waits', found: 'not known yet' });
  });
  it('what disagrees stands first', () => expect(worstFirst([proof({ passed: true, claim: 'a' }), proof({ passed: null, claim: 'b' }), proof({ claim: 'c' })]).map((one) => one.claim)).toEqual(['c', 'b', 'a']));
  it('looks again only at what it looked at itself, and once it has ended', () => {
    const ended = { mark: mark({ confirmed: 'refuted' }) };
    expect(looksAgain(ended, [proof()], false)).toBe(true);
    expect([looksAgain(ended, [proof()], true), looksAgain(ended, [proof({ kind: null }), proof({ kind: 'manual' })], false), looksAgain({ mark: mark({ confirmed: 'failed' }) }, [proof()], false)]).toEqual([false, false, false]);
    expect([checkingWords({ checking_since_ms: null }, ZONE), checkingWords({ checking_since_ms: NOW }, ZONE)?.slice(-15)]).toEqual([null, 'since 09:00:00.']);
  });
});

describe('a payload', () => {
  const whole = (json: string, chars: number): string => {
    let [text, at]: [string, Layout] = ['', START];
    for (let i = 0; at.at < json.length; i++) {
      const made = laidOut(json, at, chars);
      text += made.text;
      at = made.next;
      if (i > json.length) throw new Error('it does not get on');
    }
    return text;
  };
  const value = { a: [1, 2.5, -3e4, true, null], empty: {}, none: [], text: 'a "quoted" \\ {brace} é\n', deep: { x: { y: [{ z: '' }] } } };
  it.each([1, 2, 7, 64, 100_000])('reads the same in pieces of %s', (chars) => {
    expect(whole(JSON.stringify(value), chars)).toBe(JSON.stringify(value, null, 2));
    expect(whole(JSON.stringify(value, null, 4), chars), 'whatever its own layout was').toBe(JSON.stringify(value, null, 2));
  });
  it('stops soon after as much as was asked for', () => {
    const made = laidOut(JSON.stringify(Array.from({ length: 50_000 }, (_, i) => ({ i }))), START, HEAD_CHARS);
    expect(made.text.length).toBeLessThan(HEAD_CHARS + 1000);
    expect(made.next.at).toBeLessThan(made.text.length);
  });
  it('a text alone loses its quotes', () => expect([plainText('"two\\nlines"'), plainText('{"a":1}'), plainText('"open')]).toEqual(['two\nlines', null, null]));
});
