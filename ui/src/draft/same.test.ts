//! The same cue in four tongues.
import { describe, expect, it } from 'vitest';
import { changeOf, pythonOf, sameAs } from './same';

const cue = { name: 'it’s "mine"', schedule: { type: 'recurring', cron: '0 9 * * 1-5' }, command: { argv: ['sh', '-c', "echo 'hi' $HOME\n"] }, retry: { max_attempts: 1, on_failed_outcome: false }, checks: [{ check: 'file', path: 'a' }], uses: [] };

describe('lines that make the same cue', () => {
  it('a new one is posted as it is', () => {
    const [json, curl, cli, python] = sameAs(cue, { url: 'http://127.0.0.1:8737', data: '/home/me/.local/share/cuetower' }, null);
    expect(JSON.parse(json?.code ?? '')).toEqual(cue);
    expect(curl?.code).toContain("curl -fsS -X POST http://127.0.0.1:8737/v1/cues \\\n");
    for (const shell of [curl, cli]) expect(JSON.parse(/<<'JSON'\n([^]*)\nJSON\n$/.exec(shell?.code ?? '')?.[1] ?? '')).toEqual(cue);
    expect(cli?.code).toMatch(/^cuetowerctl cue add - <<'JSON'\n/);
    expect(python?.code).toContain('"on_failed_outcome": False,');
  });

  it('a change says what goes', () => {
    const before = { ...cue, agent: 'leads', budget: { run: { cost_usd: 1, tokens: 5 }, day: { cost_usd: 2 } }, payload: { a: 1 }, expect: { min_processed: 1, evidence: ['summary'] } };
    const wanted = { ...cue, budget: { run: { cost_usd: 1 } }, payload: {}, expect: { evidence: ['summary'] } };
    expect(changeOf(before, wanted)).toEqual({ ...wanted, agent: null, budget: { run: { cost_usd: 1, tokens: null }, day: null }, expect: { evidence: ['summary'], min_processed: null } });
    expect(sameAs(wanted, { url: 'http://h', data: '/srv/tower' }, { cueId: 'cue_1', standing: before }).map((snippet) => snippet.code.split('\n')[0])).toEqual(['{', 'curl -fsS -X PATCH http://h/v1/cues/cue_1 \\', "cuetowerctl --data /srv/tower cue edit cue_1 - <<'JSON'", 'import json, os, urllib.request']);
  });

  it('Python has words of its own for three of JSON’s', () => {
    expect(pythonOf({ a: [true, false, null], b: 0.1, c: [], d: {}, e: [{ f: '\u2028"' }] })).toBe('{\n    "a": [True, False, None],\n    "b": 0.1,\n    "c": [],\n    "d": {},\n    "e": [\n        {\n            "f": "\u2028\\"",\n        },\n    ],\n}');
  });
});
