//! How much of the page is sent: what the first page needs, and what comes with each room. The build fails where the first page is heavier than it may be.
import type { Plugin } from 'vite';

/** Of JavaScript, gzipped, that the window is sent before it shows the board. */
export const FIRST_MAX_KB = 200;

/** The entry only asks the tower and fetches this: the window itself. */
const WINDOW = 'window';

export interface Sent {
  file: string;
  /** Static imports. */
  imports: readonly string[];
  isEntry: boolean;
  gzip_kb: number;
}

/** The files of the first page: the entry and all that it cannot start without. */
export function firstOf(sent: readonly Sent[]): Sent[] {
  const byFile = new Map(sent.map((one) => [one.file, one]));
  const first = new Set<Sent>();
  const take = (one: Sent | undefined) => {
    if (one === undefined || first.has(one)) return;
    first.add(one);
    for (const other of one.imports) take(byFile.get(other));
  };
  for (const one of sent) if (one.isEntry) take(one);
  return [...first];
}

const sum = (list: readonly Sent[]) => list.reduce((all, one) => all + one.gzip_kb, 0);

/** What is said of a build; `wrong` where the first page is too heavy. */
export function weighed(sent: readonly Sent[], most_kb: number = FIRST_MAX_KB): { line: string; wrong: string | null } {
  const first = firstOf(sent);
  const first_kb = sum(first);
  const line = `JavaScript sent to the window: ${first_kb.toFixed(1)} kB gzipped for the board (at most ${most_kb}), ${sum(sent).toFixed(1)} kB with every room, in ${sent.length} files.`;
  const heaviest = [...first].sort((a, b) => b.gzip_kb - a.gzip_kb).slice(0, 3).map((one) => `${one.file} ${one.gzip_kb.toFixed(1)} kB`);
  return { line, wrong: first_kb > most_kb ? `The first page is sent ${first_kb.toFixed(1)} kB of JavaScript, more than ${most_kb}: ${heaviest.join(', ')}. What the board does not need is fetched by ui/src/rooms.ts.` : null };
}

async function gzipped_kb(code: string): Promise<number> {
  const packed = new Blob([code]).stream().pipeThrough(new CompressionStream('gzip'));
  return (await new Response(packed).arrayBuffer()).byteLength / 1000;
}

export function sizes(): Plugin {
  return {
    name: 'sizes',
    apply: 'build',
    enforce: 'post',
    async writeBundle(_, bundle) {
      const chunks = Object.values(bundle).filter((one) => one.type === 'chunk');
      const sent = await Promise.all(chunks.map(async (one): Promise<Sent> => ({ file: one.fileName, imports: one.imports, isEntry: one.isEntry || one.name === WINDOW, gzip_kb: await gzipped_kb(one.code) })));
      const { line, wrong } = weighed(sent);
      console.log(line);
      if (wrong !== null) this.error(wrong);
    }
  };
}
