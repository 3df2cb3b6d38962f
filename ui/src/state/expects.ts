//! What is expected of an agent, as it is typed. Pure.
import * as agentsText from '../text/agents';
import type { AgentView, AgentWatch } from '../wire';

export interface ExpectDraft {
  /** Seconds; empty: learnt. */
  interval: string;
  grace: string;
  /** Empty: nobody looks. */
  progress: string;
  alert: boolean;
  /** Its runner is asked to start it again when it falls silent. */
  restart: boolean;
}

export type ExpectField = 'interval' | 'grace' | 'progress';
export type ExpectErrors = Partial<Record<ExpectField | 'whole', string>>;
export type Expects = Omit<AgentWatch, 'name' | 'account'>;

const DAY_S = 86_400;

export function expectsOf(agent: Pick<AgentView, 'watch'>): ExpectDraft {
  const seconds = (ms: number | null | undefined) => (ms === null || ms === undefined ? '' : String(Math.round(ms / 100) / 10));
  const { watch } = agent;
  return { interval: seconds(watch?.interval_ms), grace: seconds(watch?.grace_ms), progress: seconds(watch?.progress_within_ms), alert: watch?.alert ?? true, restart: watch?.restart ?? false };
}

export function readExpects(draft: ExpectDraft): { set: Expects; errors: ExpectErrors } {
  const errors: ExpectErrors = {};
  const seconds = (field: ExpectField, least: number) => {
    const typed = draft[field].trim();
    if (typed === '') return null;
    const value = Number(typed);
    if (value >= least && value <= DAY_S) return value;
    errors[field] = agentsText.secondsFromTo86400(least, field === 'progress' ? 600 : field === 'grace' ? 30 : 60);
    return null;
  };
  const set: Expects = { interval_seconds: seconds('interval', 1), grace_seconds: seconds('grace', 0), progress_within_seconds: seconds('progress', 1), alert: draft.alert, restart: draft.restart };
  return { set, errors };
}

const FIELDS: Record<string, ExpectField> = { interval_seconds: 'interval', grace_seconds: 'grace', progress_within_seconds: 'progress' };

/** The form's field for a field of the host. */
export function expectField(field: string | null): ExpectField | 'whole' {
  return FIELDS[field ?? ''] ?? 'whole';
}
