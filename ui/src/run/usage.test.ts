import { describe, expect, it } from 'vitest';
import { NOW } from '../testing';
import type { RunUsage, UsageSample } from '../wire';
import { chartOf, coreShare, usageLine, usageWords } from './usage';

const MB = 1e6;
const NONE = { peak_rss_bytes: null, cpu_ms: null };

function samples(sizes: number[], cpu_each = 100): UsageSample[] {
  return sizes.map((size, i) => ({ at_ms: NOW + i * 1000, rss_bytes: size * MB, cpu_ms: (i + 1) * cpu_each, processes: 2 }));
}

function usage(change: Partial<RunUsage> = {}): RunUsage {
  return { live: true, samples: samples([20, 63, 41]), peak_rss_bytes: 63 * MB, cpu_ms: 300, ...change };
}

describe('the chart', () => {
  it('has the newest sample at the right, and the peak just below the top', () => {
    const chart = chartOf(samples([20, 63, 41]), 63 * MB, 300, 42);
    expect(chart?.line).toMatch(/^M280\.0 \d+\.\dL290\.0 2\.0L300\.0 \d+\.\d$/);
    expect(chart?.area.endsWith('L300.0 42Z')).toBe(true);
    expect(chart?.last.x).toBe(300);
    expect(chart?.peak_y).toBeCloseTo(2, 5);
  });

  it('goes from edge to edge once there is enough', () => {
    expect(chartOf(samples(Array.from({ length: 120 }, () => 5)), null, 300, 42)?.line.startsWith('M0.0 ')).toBe(true);
  });

  it('keeps room for a peak that went by before', () => {
    const chart = chartOf(samples([10, 10]), 100 * MB, 300, 42);
    expect(chart?.last.y).toBeGreaterThan(36);
  });

  it('is nothing without a sample, and one point with one', () => {
    expect(chartOf([], 5, 300, 42)).toBeNull();
    expect(chartOf(samples([3]), null, 300, 42)?.line).toMatch(/^M300\.0 2\.0$/);
  });
});

it('the share of a core is that of the last seconds', () => {
  expect(coreShare(samples([1]))).toBeNull();
  expect(coreShare(samples([1, 1, 1], 500))).toBe(50);
  expect(coreShare([...samples([1, 1, 1], 0), { at_ms: NOW + 3000, rss_bytes: 0, cpu_ms: 3000, processes: 1 }])).toBe(100);
});

it.each<[string, RunUsage | null, Parameters<typeof usageLine>[1], string | null]>([
  ['while it lives', usage(), NONE, '41 MB, peak 63 MB, 2 processes, 300 ms of CPU'],
  ['once it has ended', usage({ live: false }), { peak_rss_bytes: 64 * MB, cpu_ms: 3100 }, 'Peak 64 MB, 3.1 s of CPU'],
  ['nothing known yet', null, NONE, null],
  ['one process', usage({ samples: samples([41]).map((sample) => ({ ...sample, processes: 1 })) }), NONE, '41 MB, peak 63 MB, 1 process, 100 ms of CPU']
])('in words %s', (_, of, attempt, words) => expect(usageLine(of, attempt)).toBe(words));

it('while it lives, its share of a core is known', () => expect(usageWords(usage(), NONE).cpu).toBe('300 ms of CPU, now 10 % of a core'));
