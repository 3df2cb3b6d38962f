//! SCRATCH: types of the wire that are not generated yet. Goes when ui/src/wire has them.
import type { Fired, ProofView, RunRef, RunStory } from '../wire';

export type StepView = { ordinal: number; under: number; place: number; key: string; name: string; kind: string; state: string; source: string; attempt: number; tries: number; retries: number | null; began_ms: number; ended_ms: number | null; idempotency_key: string | null; error: string | null; tokens: number | null; cost_usd: number | null; priced: string; model: string | null; children: number };
export type StepsRequest = { run_id: string; under: number | null; offset: number; limit: number };
export type Steps = { steps: StepView[]; total: number };
export type StepRef = { run_id: string; ordinal: number };
export type StepStory = { step: StepView; input: string | null; output: string | null; error: string | null; attributes: string | null };
export type StepsSummary = { begun: number; completed: number; failed: number; first_ms: number | null; last_ms: number | null };
export type TotalView = { tokens: number | null; cost_usd: number | null };
export type ModelView = { model: string; calls: number; tokens: number | null; cost_usd: number | null; not_priced: number };
export type SpendView = { tokens: number | null; cost_usd: number | null; steps: TotalView; beats: TotalView; outcome: TotalView; not_priced: number; disagreement: string | null; models: ModelView[]; progress: number | null };
export type CompareWith = { run_id: string; due_ms: number; verdict: string };
export type CompareRow = { name: string; unit: string; this: number | null; other: number | null; stands_out: boolean };
export type StepDiff = { number: string; name: string; ordinal: number | null; this: string | null; other: string | null; words: string | null };
export type Compare = { with: CompareWith | null; rows: CompareRow[]; steps: StepDiff[]; first_difference: string | null };
export type RunResume = { run_id: string; ordinal: number | null };
export type Proof = ProofView & { kind: string | null; detail: string | null; at_ms: number | null; took_ms: number | null };
export type Story = RunStory & { steps: StepsSummary | null; spend: SpendView | null; resumed: { run_id: string; from: string } | null; checking_since_ms: number | null; proof: Proof[] };

declare module '../wire/Commands' {
  interface Commands {
    run_steps: [StepsRequest, Steps];
    run_step: [StepRef, StepStory];
    run_compare: [RunRef, Compare];
    run_resume: [RunResume, Fired];
    run_check: [RunRef, RunStory];
  }
}
