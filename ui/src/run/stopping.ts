//! What is to be known before a run is stopped: steps that reach outside and have not ended, of which nobody could say afterwards whether they happened. Pure.
import * as runText from '../text/run';
import type { StepView } from '../wire';
import { REACHES_OUT } from './resume';
import type { Tree } from './tree';

export interface UnderWay {
  ordinal: number;
  name: string;
  kind: string;
  idempotency_key: string | null;
}

/** Of the steps that are here: those that began, reach outside, and have no end. */
export function underWay(tree: Tree): UnderWay[] {
  const open = (step: StepView) => step.source === 'step' && step.state === 'started' && REACHES_OUT.has(step.kind);
  const found = [...tree.branches.values()].flatMap((branch) => [...branch.pages.values()].flatMap((page) => page.filter(open)));
  return found.sort((a, b) => a.ordinal - b.ordinal).map(({ ordinal, name, kind, idempotency_key }) => ({ ordinal, name, kind, idempotency_key }));
}

/** Where a run can be found: in the window, and in whatever opens links of the system. */
export function addressOf(runId: string): string {
  return `cuetower://run/${encodeURIComponent(runId)}`;
}

const shellWord = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** The same run once more, for a shell. `url`: where agents report. */
export function curlOf(url: string, runId: string): string {
  return runText.curlFssXPostH(shellWord(`${url}/v1/executions/${encodeURIComponent(runId)}/replay`));
}
