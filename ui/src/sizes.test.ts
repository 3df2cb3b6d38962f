//! What counts as sent with the first page, and that too much of it fails the build.
import { describe, expect, it } from 'vitest';
import { firstOf, weighed, type Sent } from '../sizes';

const sent: Sent[] = [
  { file: 'main.js', imports: ['runtime.js'], isEntry: true, gzip_kb: 90 },
  { file: 'runtime.js', imports: ['main.js'], isEntry: false, gzip_kb: 60 },
  { file: 'run.js', imports: ['runtime.js', 'shared.js'], isEntry: false, gzip_kb: 40 },
  { file: 'shared.js', imports: [], isEntry: false, gzip_kb: 30 }
];

describe('what the window is sent', () => {
  it('is the entry and what it cannot start without, each once', () => expect(firstOf(sent).map((one) => one.file)).toEqual(['main.js', 'runtime.js']));

  it('is told with the total', () => expect(weighed(sent, 200)).toEqual({ line: 'JavaScript sent to the window: 150.0 kB gzipped for the board (at most 200), 220.0 kB with every room, in 4 files.', wrong: null }));

  it('fails where it is too much, and names the heaviest', () => {
    const heavy = sent.map((one) => (one.file === 'runtime.js' ? { ...one, imports: ['shared.js', 'run.js'] } : one));
    expect(weighed(heavy, 200).wrong).toContain('220.0 kB of JavaScript, more than 200: main.js 90.0 kB');
  });
});
