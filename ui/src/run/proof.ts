//! What this machine found when it looked: each check with its proof, and how they stand together. Pure.
import * as runText from '../text/run';
import { hms, lasting, stamp } from '../time';
import type { ProofView, RunStory } from '../wire';
import { isLive } from '../words';

const KINDS: Record<string, string> = { file: 'file', url: 'address', command: 'command', sql: runText.databaseReadOnly, git: 'repository', manual: runText.yourWord2, secret: 'secret', disk: 'disk', memory: 'memory' };

/** Short enough to stand beside its claim. */
const BESIDE_MOST = 14;

export interface ProofLine {
  tone: 'ok' | 'bad' | 'waits';
  claim: string;
  /** Beside the claim, when it is short. */
  beside: string;
  found: string;
  detail: string;
  /** "database, read-only, 4 ms, at 08:09:15" */
  how: string;
}

/** What its claim says already is not found once more: of "Ends with exit code 0", "exit code 0 after 2 ms" leaves "after 2 ms". */
function beyond(claim: string, found: string): string {
  const words = found.split(' ');
  const said = words.findLastIndex((_, i) => i > 0 && claim.endsWith(` ${words.slice(0, i + 1).join(' ')}`));
  return words.slice(said + 1).join(' ');
}

/** Of the day on which its run ended, a check needs only the time. */
export function proofLine(proof: ProofView, ended_ms: number, zone: string): ProofLine {
  const found = proof.passed === null && proof.found === '' ? runText.notKnownYet : proof.passed ? beyond(proof.claim, proof.found) : proof.found;
  const how = [proof.kind === null ? '' : (KINDS[proof.kind] ?? proof.kind), proof.took_ms === null ? '' : lasting(proof.took_ms), proof.at_ms === null ? '' : runText.atOfStamp(stamp(proof.at_ms, ended_ms, zone))].filter((part) => part !== '');
  const short = proof.passed === false && found.length <= BESIDE_MOST;
  return { tone: proof.passed === null ? 'waits' : proof.passed ? 'ok' : 'bad', claim: proof.claim, beside: short ? found : '', found: short ? '' : found, detail: proof.detail === null || proof.claim.includes(proof.detail) ? '' : proof.detail, how: how.join(', ') };
}

/** True when the tower itself looked at something, and can look again. */
export function looksAgain(story: Pick<RunStory, 'mark'>, proof: readonly ProofView[], checking: boolean): boolean {
  const ended = ['confirmed', 'claimed', 'refuted'].includes(story.mark.confirmed);
  return ended && !isLive(story.mark) && !checking && proof.some((one) => one.kind !== null && one.kind !== 'manual');
}

/** What is said while the tower looks. */
export function checkingWords(story: Pick<RunStory, 'checking_since_ms'>, zone: string): string | null {
  return story.checking_since_ms === null ? null : runText.itReportedSuccessWhat(hms(story.checking_since_ms, zone));
}

/** Those that disagree first stand above those that agree; within, the cue's own order. */
export function worstFirst(proof: readonly ProofView[]): ProofView[] {
  const rank = (one: ProofView) => (one.passed === false ? 0 : one.passed === null ? 1 : 2);
  return [...proof].sort((a, b) => rank(a) - rank(b));
}
