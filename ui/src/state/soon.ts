//! Shapes of the tower that are not generated yet. This file goes when `wire/` has them.
import type { AgentView, AlertView, Alerts, CueRef, Nothing, RunRef } from '../wire';

export interface AlertSnooze { alert_id: string; minutes: number }
export interface QuietHours { on: boolean; from: string; to: string }
export interface AlertRules { cool_down_minutes: number; escalate_minutes: number | null; nag_minutes: number | null; quiet: QuietHours; report_at: string | null; off: string[] }
export interface ReportRequest { day: string | null }
export interface ReportCue { cue: string; cue_id: string; ran: number; good: number; bad: number; missed: number; cost_usd: number | null }
export interface Report {
  day: string; words: string; ran: number; confirmed: number; claimed: number; failed: number; silent: number; missed: number; stopped: number; cost_usd: number | null; tokens: number; needs_you: AlertView[]; by_cue: ReportCue[];
}
export interface ChannelView { name: string; kind: string; target: string; on: boolean; min_severity: string; kinds: string[]; escalation: boolean; smtp: SmtpSet | null; state: string; words: string; waiting: number; last_told_ms: number | null }
export interface BeaconView { url: string; every_seconds: number; last_ok_ms: number | null; words: string }
export interface Channels { channels: ChannelView[]; beacon: BeaconView | null }
export interface SmtpSet { host: string; port: number; tls: string; user: string | null; password: string | null; from: string; to: string }
export interface ChannelSet { name: string; kind: string; on: boolean; min_severity: string | null; kinds: string[]; escalation: boolean; url: string | null; routing_key: string | null; token: string | null; smtp: SmtpSet | null }
export interface ChannelRef { name: string }
export interface ChannelTested { ok: boolean; words: string }
export interface BeaconSet { url: string | null; every_seconds: number | null }
export interface AgentWatch { name: string; account: string | null; interval_seconds: number | null; grace_seconds: number | null; progress_within_seconds: number | null; alert: boolean; restart: boolean }
export interface BandOf { n: number; median: number; mad: number; low: number; high: number; p5: number; p95: number }
export interface MeasureView { measure: string; unit: string; band: BandOf | null; values: number[]; run_ids: string[] }
export interface EnvelopeView { runs: number; measures: MeasureView[] }
export interface RunLimits { cost_usd: number | null; tokens: number | null; steps: number | null }
export interface DayLimits { cost_usd: number | null; tokens: number | null }
export interface BlownView { what: string; name: string; cue_id: string | null; words: string; until_ms: number }
export interface FusesSet { run: RunLimits; cue_day: DayLimits; agent_day: DayLimits; fleet_day: DayLimits }
export interface Fuses extends FusesSet { spent: { fleet_cost_usd: number; fleet_tokens: number }; blown: BlownView[] }
export interface ProcessView { pid: number; name: string; state: string; cpu_percent: number | null; memory_bytes: number; waits_on: string | null }
export interface Truth { pid: number | null; words: string[]; processes: ProcessView[]; memory_trend: string | null }

declare module '../wire/Commands' {
  interface Commands {
    alert_snooze: [AlertSnooze, AlertView];
    alerts_acknowledge: [Nothing, Alerts];
    alert_rules: [Nothing, AlertRules];
    alert_rules_set: [AlertRules, AlertRules];
    report: [ReportRequest, Report];
    channels: [Nothing, Channels];
    channel_set: [ChannelSet, Channels];
    channel_remove: [ChannelRef, Channels];
    channel_test: [ChannelRef, ChannelTested];
    beacon_set: [BeaconSet, Channels];
    agent_watch: [AgentWatch, AgentView];
    cue_envelope: [CueRef, EnvelopeView];
    fuses: [Nothing, Fuses];
    fuses_set: [FusesSet, Fuses];
    run_restart: [RunRef, Nothing];
    run_truth: [RunRef, Truth];
  }
}
