//! Memory and processor of an attempt's processes: a line to draw, and words. Pure.
import * as runText from '../text/run';
import { lasting } from '../time';
import type { AttemptView, RunUsage, UsageSample } from '../wire';
import { sizeWords } from './tail';

/** Of the chart: how much time it is wide at least, so that the first samples do not jump about. */
const SPAN_LEAST_MS = 30_000;

export interface Chart {
  /** The line, and the area below it. */
  line: string;
  area: string;
  /** Height of the peak, as a y. */
  peak_y: number;
  /** The newest sample. */
  last: { x: number; y: number };
}

/** Memory over time in a box of `width` × `height`; the newest sample at the right, from 0 to 1.05 × the peak. Null without a sample. */
export function chartOf(samples: readonly UsageSample[], peak_bytes: number | null, width: number, height: number): Chart | null {
  const newest = samples[samples.length - 1];
  const oldest = samples[0];
  if (!newest || !oldest) return null;
  const peak = Math.max(peak_bytes ?? 0, ...samples.map((sample) => sample.rss_bytes), 1);
  const span = Math.max(SPAN_LEAST_MS, newest.at_ms - oldest.at_ms);
  const x = (at_ms: number) => width - ((newest.at_ms - at_ms) / span) * width;
  const y = (bytes: number) => height - (bytes / (peak * 1.05)) * height;
  const points = samples.map((sample) => `${x(sample.at_ms).toFixed(1)} ${y(sample.rss_bytes).toFixed(1)}`);
  return {
    line: `M${points.join('L')}`,
    area: `M${x(oldest.at_ms).toFixed(1)} ${height}L${points.join('L')}L${x(newest.at_ms).toFixed(1)} ${height}Z`,
    peak_y: y(peak), last: { x: x(newest.at_ms), y: y(newest.rss_bytes) }
  };
}

/** Share of one core over the last samples, as a percent; null while there is too little to say. */
export function coreShare(samples: readonly UsageSample[]): number | null {
  const recent = samples.slice(-5);
  const [first, last] = [recent[0], recent[recent.length - 1]];
  if (!first || !last || last.at_ms - first.at_ms < 900) return null;
  return Math.max(0, ((last.cpu_ms - first.cpu_ms) / (last.at_ms - first.at_ms)) * 100);
}

/** What the processes of an attempt need, or needed: each fact by its name. */
export interface UsageWords {
  now: string | null;
  peak: string | null;
  cpu: string | null;
  processes: string | null;
}

export function usageWords(usage: RunUsage | null, attempt: Pick<AttemptView, 'peak_rss_bytes' | 'cpu_ms'>): UsageWords {
  const last = usage?.live ? usage.samples[usage.samples.length - 1] : undefined;
  const peak = attempt.peak_rss_bytes ?? usage?.peak_rss_bytes ?? null;
  const cpu = attempt.cpu_ms ?? last?.cpu_ms ?? usage?.cpu_ms ?? null;
  const share = usage?.live ? coreShare(usage.samples) : null;
  return {
    now: last ? sizeWords(last.rss_bytes) : null,
    peak: peak === null ? null : sizeWords(peak),
    cpu: cpu === null ? null : runText.ofCpu(lasting(cpu), share === null ? '' : runText.nowOfACore(share < 9.95 ? share.toFixed(1) : Math.round(share))),
    processes: last ? `${last.processes} ${last.processes === 1 ? 'process' : 'processes'}` : null
  };
}

/** In one line: "41 MB, peak 63 MB, 2 processes, 3.1 s of CPU". Null when nothing is known. */
export function usageLine(usage: RunUsage | null, attempt: Pick<AttemptView, 'peak_rss_bytes' | 'cpu_ms'>): string | null {
  const { now, peak, processes, cpu } = usageWords(usage, attempt);
  const parts = [now, peak === null ? null : now === null ? runText.peakOfPeak(peak) : runText.peak3(peak), processes, cpu?.split(',')[0] ?? null].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join(', ');
}
