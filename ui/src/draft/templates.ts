//! Cues to start from. Each is a form already filled in, with what only the owner knows left to type.
import type { IconName } from '../glyphs';
import * as firstrunText from '../text/firstrun';
import { blankDraft, type Draft } from './draft';

export interface Template {
  key: string;
  icon: IconName;
  name: string;
  say: string;
  fill: Partial<Draft>;
}

export const TEMPLATES: readonly Template[] = [
  {
    key: 'hourly', icon: 'webhook', name: firstrunText.hourlyCounted, say: firstrunText.postToYourAgentExpect,
    fill: { name: 'hourly-count', transport: 'webhook', address: 'http://127.0.0.1:9000/run', cron: '5 * * * *', confirm: 'outcome', deadline: '600', minProcessed: '1' }
  },
  {
    key: 'nightly', icon: 'command', name: firstrunText.nightlyCommand, say: firstrunText.claudePythonAnyProgram,
    fill: { name: 'nightly-command', transport: 'command', command: 'python3 nightly.py', folder: '~', cron: '30 2 * * *', confirm: 'exit_code' }
  },
  {
    key: 'beats', icon: 'watch', name: firstrunText.heartbeatWatch, say: firstrunText.itRunsElsewhereAndBeats,
    fill: { name: 'heartbeat-watch', transport: 'watch', kind: 'manual', timeout: '300', confirm: 'outcome', beatEvery: { amount: '60', unit: 'seconds' }, beatGrace: { amount: '30', unit: 'seconds' }, progressWithin: { amount: '10', unit: 'minutes' } }
  },
  {
    key: 'ask', icon: 'gates', name: firstrunText.askBeforeSending, say: firstrunText.nothingIsDeliveredWithout,
    fill: { name: 'ask-first', transport: 'webhook', address: 'http://127.0.0.1:9000/send', cron: '0 9 * * 1-5', confirm: 'outcome', deadline: '600', askDelivery: true }
  },
  {
    key: 'evidence', icon: 'shield', name: firstrunText.reportWithEvidence, say: firstrunText.weekdayMorningsNoLink,
    fill: { name: 'morning-report', transport: 'webhook', address: 'http://127.0.0.1:9000/report', cron: '0 8 * * 1-5', confirm: 'outcome', deadline: '900', evidence: ['result_url', 'summary'] }
  },
  {
    key: 'hand', icon: 'play', name: firstrunText.firedByHand, say: firstrunText.aCommandThatRuns,
    fill: { name: 'say-hello', transport: 'command', command: firstrunText.echoHelloFromTheTower, kind: 'manual', overlap: 'allow', confirm: 'exit_code' }
  }
];

/** How many are shown to whoever has no cue yet. */
export const FIRST_TEMPLATES = TEMPLATES.slice(0, 4);

/** The form a template begins with; a blank one for a key nobody knows. */
export function draftFrom(key: string | null, zone: string): Draft {
  return { ...blankDraft(zone), ...TEMPLATES.find((template) => template.key === key)?.fill };
}
