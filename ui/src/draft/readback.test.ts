import { expect, it } from 'vitest';
import { blankDraft, type Draft } from './draft';
import { readBack } from './readback';

function said(change: Partial<Draft>, words: string | null = 'every day at 02:30'): string {
  return readBack({ ...blankDraft('Europe/Madrid'), ...change }, words).map((phrase) => phrase.text).join('');
}

it('a nightly command', () => {
  expect(said({ transport: 'command', command: 'claude -p "do it"', folder: '~/site', agent: 'scribe', confirm: 'exit_code', within: '720', attempts: '1' })).toBe(
    'Every day at 02:30, Madrid time, start claude in ~/site for the agent scribe. If the tower was off or asleep, it runs once when it is back, unless that is more than 12 h late. While a run is going, a new due time is skipped. It counts as confirmed only if the program exits with 0.'
  );
});

it.each([
  ['python3 leads.py', 'python3 leads.py'],
  ['python3 -u leads.py --since yesterday', 'python3 -u leads.py'],
  ['bash scripts/nightly now', 'bash scripts/nightly'],
  ['node "my report.js"', 'node'],
  ['sh -c "exit 3"', 'sh'],
  ['claude -p "write it"', 'claude'],
  ['curl http://127.0.0.1:9000/run', 'curl'],
  ['echo hi', 'echo'],
  ["'/opt/my tool' run", "'/opt/my tool'"],
  ['', 'a program']
])('%s is read back as its program and script', (command, start) => expect(said({ transport: 'command', command })).toContain(`, start ${start}. If`));

it('says when a report would only be a claim', () => {
  const text = said({ address: 'http://127.0.0.1:9000/run', deadline: '90', catchUp: 'none', overlap: 'queue' });
  expect(text).toContain('send POST to http://127.0.0.1:9000/run. ');
  expect(text).toContain('The agent has 1 min 30 s to report, then the run is silent. A reported success is only claimed: no proof is asked for.');
  expect(text).toContain('A delivery that fails is tried 3 times in all.');
});

it('lists the proofs', () => {
  expect(said({ address: 'x', minProcessed: '150', maxErrors: '10', evidence: ['result_url'] })).toContain('only if at least 150 are processed, at most 10 % are errors and a link is reported.');
});

it('a cue without a schedule', () => {
  const text = said({ kind: 'manual', transport: 'command', command: '', confirm: 'delivery', pauseOnFailure: true }, null);
  expect(text).toMatch(/^When you fire it, start a program\. While/);
  expect(text).toContain('only if the program starts');
  expect(text).toMatch(/If a run fails for good, the cue is paused\.$/);
});
