import { expect, it } from 'vitest';
import { blankDraft, type Draft } from './draft';
import { factsOf } from './policies';
import { readBack } from './readback';
import { blankPart } from './schedule';

function said(change: Partial<Draft>, words: string | null = 'every day at 02:30'): string {
  return readBack({ ...blankDraft('Europe/Madrid'), ...change }, words).map((phrase) => phrase.text).join('');
}

it('a nightly command', () => {
  expect(said({ transport: 'command', command: 'claude -p "do it"', folder: '~/site', agent: 'scribe', confirm: 'exit_code', within: { amount: '12', unit: 'hours' }, attempts: '1' })).toBe(
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

it('windows, jitter, blackout days and files have a sentence each', () => {
  const parts = [{ ...blankPart([]), from: '09:30', to: '16:00', zone: 'America/New_York', atOnce: '5' }, { ...blankPart([]), days: [5, 6], allDay: true, rate: 'cron' as const, cron: '0 12 * * *' }];
  const blackout = [{ key: 1, from: '2026-12-24', to: '2026-12-27', rest: {} }, { key: 2, from: '2026-12-31 18:00', to: '2027-01-01', rest: {} }];
  const text = said({ address: 'x', parts, blackout, jitter: { amount: '90', unit: 'seconds' }, paths: ['~/inbox/*.csv'] }, 'hourly; mon-fri 09:30-16:00 New York every minute, 5 at once; sat,sun daily at 12:00, up to 1 min 30 s later');
  expect(text).toMatch(/^Hourly, Madrid time, send POST to x\. /);
  expect(text).toContain('Mon–Fri 09:30–16:00 New York: every minute, 5 at once. Sat, Sun: daily at 12:00. Each one comes up to 1 min 30 s later than due');
  expect(text).toContain('It is skipped 24–27 Dec 2026, 31 Dec 2026 18:00 – 1 Jan 2027. It also runs when ~/inbox/*.csv appears or changes. If the tower');
});

it.each<[string, Partial<Draft>, RegExp]>([
  ['only in its windows', { parts: [blankPart([])], windowsOnly: true }, /^Only in its windows, send .* Mon–Fri 09:00–17:00: every minute\./],
  ['after another', { kind: 'after', after: 'lead-digest', on: 'failed' }, /^After lead-digest did not end well, send/],
  ['one that asks', { catchUp: 'ask' }, /If the tower was off or asleep, it asks you: run or skip\./]
])('%s', (_, change, words) => expect(said(change, null)).toMatch(words));

it.each<[string, number[], Partial<Draft>, string]>([
  ['half the gap', [0, 10_000, 20_000], {}, 'unless that is more than 5 s late (half the gap to the next one).'],
  ['at most 12 h', [0, 48, 96].map((h) => h * 3_600_000), {}, 'unless that is more than 12 h late.'],
  ['what the form says', [0, 10_000, 20_000], { within: { amount: '45', unit: 'minutes' } }, 'unless that is more than 45 min late.'],
  ['gaps that differ', [0, 10_000, 90_000], {}, 'unless that is later than half the gap to the next one, or than 12 h.'],
  ['one time only', [0], { kind: 'once' }, 'however late that is.']
])('how late it may come: %s', (_, fires, change, words) => {
  const draft = { ...blankDraft('UTC'), ...change };
  expect(readBack(draft, null, undefined, factsOf(draft, fires)).map((phrase) => phrase.text).join('')).toContain(`it runs once when it is back, ${words}`);
});

it('what is fired from outside has no due time to miss', () => {
  for (const kind of ['after', 'manual'] as const) expect(said({ kind }, null)).not.toContain('off or asleep');
});
