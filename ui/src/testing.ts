//! Marks, cues and alerts for tests: ordinary ones, with what a test cares about changed.
import type { AgentView, AlertView, BandView, CueView, DeskEvent, GateView, LoginView, Mark, PoolView, StepView } from './wire';

/** Fri 20 Nov 2026, 09:00 in Madrid. */
export const NOW = Date.UTC(2026, 10, 20, 8, 0, 0);

export function mark(change: Partial<Mark> = {}): Mark {
  return {
    occurrence_id: 'o1', cue_id: 'c1', run_id: 'r1', due_ms: NOW, triggered_by: 'scheduled', scheduled: 'ran', scheduled_reason: null, asks: false, count: 1, until_ms: null, coalesced_into: null, delivered: 'delivered',
    delivered_at_ms: (change.due_ms ?? NOW) + 293, confirmed: 'confirmed', late: false, started_at_ms: (change.due_ms ?? NOW) + 12, ended_at_ms: (change.due_ms ?? NOW) + 60_000, attempts: 1, attempts_max: 3,
    cost_usd: null, sentence: '', ...change
  };
}

export function cue(change: Partial<CueView> = {}): CueView {
  return { id: 'c1', name: 'lead-digest', agent: 'leads', status: 'active', transport: 'command', words: 'hourly at :05', timezone: 'Europe/Madrid', next_run_ms: null, paused_until_ms: null, has_trigger_url: false, revision: 1, run_count: 0, definition: {}, account: null, ...change };
}

export function alert(change: Partial<AlertView> = {}): AlertView {
  return {
    id: 'a1', kind: 'silent_run', severity: 'critical', title: 'lead-digest has gone quiet', body: 'No outcome within 5 min.', cue_id: 'c1', run_id: 'r1', state: 'open', count: 1, opened_at_ms: NOW, last_at_ms: NOW,
    resolved_at_ms: null, agent: null, account: null, channel: null, snoozed_until_ms: null, escalated_at_ms: null, told: [], ...change
  };
}

export function event(seq: number, change: Partial<DeskEvent> = {}): DeskEvent {
  return { seq, at_ms: NOW, cues: [], cues_removed: [], marks: [], alerts: [], bands: [], pools_changed: false, topics: [], runs_stepped: [], status_changed: false, ...change };
}

/** A night's sleep, from five hours ago to one hour ago. */
export function band(change: Partial<BandView> = {}): BandView {
  return { from_ms: NOW - 5 * 3_600_000, to_ms: NOW - 3_600_000, reason: 'asleep', label: 'Asleep 4 h', ...change };
}

/** An empty pool of two. */
export function pool(change: Partial<PoolView> = {}): PoolView {
  return { name: 'openai', concurrency: 2, calls_per_min: null, tokens_per_min: null, in_use: 0, calls_last_min: 0, tokens_last_min: 0, backs_off_until_ms: null, holders: [], waiting: [], ...change };
}

/** An agent that works, and is watched by a runner. */
export function agent(change: Partial<AgentView> = {}): AgentView {
  return {
    name: 'release-scribe', account: null, state: 'working', words: 'Working; 42 iterations.', last_beat_ms: NOW - 22_000, message: 'Processed 42.', kind: 'claude', tokens_today: 41_200, cost_today_usd: 1.5, day_cost_usd: null, memory_mb: 412, memory_rise: null,
    iterations: 42, pulse: Array.from({ length: 60 }, () => 1), tokens: Array.from({ length: 60 }, () => 3900), restarts: 0, runner: { kind: 'systemd', target: 'scribe.service' }, commands: [], cues: [], address: null, unread: 0,
    watch: null, usual_gap_ms: 60_000, due_ms: NOW + 38_000, progress_at_ms: NOW - 22_000, lost_since_ms: null, no_progress_since_ms: null, tokens_usual: null, run_id: null, ...change
  };
}

/** A program that asked to sign in a minute ago, and has fourteen more. */
export function login(change: Partial<LoginView> = {}): LoginView {
  return { code: 'WXYZ-1234', email: 'me@example.com', program: 'cueapi-cli/0.2.0', asked_at_ms: NOW - 60_000, expires_at_ms: NOW + 14 * 60_000, ...change };
}

/** A question of the invoice clerk's that waits since twelve minutes. */
export function gate(change: Partial<GateView> = {}): GateView {
  return {
    id: 'gate_1', about: 'asked', key: 'send-reminders', title: 'Send 14 payment reminders?', cue_id: 'c1', cue_name: 'dunning-emails', run_id: 'r1', agent: 'invoice-clerk', account: null, asked_at_ms: NOW - 12 * 60_000, deadline_ms: null,
    overdue_at_ms: null, put_off_until_ms: null, on_no_answer: 'keep_waiting', blocking: true, state: 'waiting', shown: 'aa', may_edit: true, reversible: false, cost_of_waiting: '', usd_per_hour: null, take_back_ms: null, settled_at_ms: null,
    face: null, comment: null, sentence: '', ...change
  };
}

/** A step that was completed at once. */
export function step(change: Partial<StepView> = {}): StepView {
  return {
    ordinal: 1, under: 0, place: 1, key: 'list', name: 'list', kind: 'other', state: 'completed', source: 'step', attempt: 1, tries: 1, retries: null, began_ms: NOW, ended_ms: NOW, idempotency_key: 'r1-1', error: null, tokens: null,
    cost_usd: null, priced: 'nothing', model: null, children: 0, ...change
  };
}
