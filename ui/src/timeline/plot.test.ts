//! In which order the plot is drawn.
import { beforeAll, expect, it } from 'vitest';
import { cue, mark, NOW } from '../testing';
import { HOUR } from '../time';
import type { Ink } from './ink';
import { Plot } from './plot';
import type { Scene } from './scene';
import { spotsOf } from './spots';

const ink: Ink = { of: new Proxy({}, { get: (_, name) => String(name) }) as Ink['of'], font: 'sans', mono: 'mono', scale: 1 };

beforeAll(() => {
  (globalThis as { Path2D?: unknown }).Path2D = Object;
});

it('marks lie above the line of now', () => {
  const order: string[] = [];
  const own: Record<string, unknown> = { fillStyle: '', strokeStyle: '' };
  const g = new Proxy(own, {
    get: (target, name: string) => {
      if (name in target) return target[name];
      if (name === 'measureText') return () => ({ width: 30 });
      return (path?: unknown) => {
        if (name === 'stroke' && path === undefined && target['strokeStyle'] === 'live') order.push('now');
        if ((name === 'fill' || name === 'stroke') && path !== undefined) order.push('mark');
      };
    }
  });
  const canvas = { width: 0, height: 0, getContext: () => g } as unknown as HTMLCanvasElement;
  const spots = spotsOf('c1', [mark({ due_ms: NOW, delivered_at_ms: NOW, ended_at_ms: NOW })], [], NOW);
  const scene: Scene = {
    ink, view: { span_ms: 4 * HOUR, t1_ms: NOW + HOUR }, zone: 'UTC', now_ms: NOW, width: 400, height: 100, scroll: 0, rows: [{ kind: 'lane', cue: cue(), y: 0, h: 32 }],
    lane: () => ({ spots, pitch_ms: HOUR, binned: null, cell_ms: 1000, goesOn_ms: null }), pools: () => [], bands: [], stands: new Map(), selectedCue: null, selectedSpot: null, hoverX: null, range: null
  };
  new Plot().paint(canvas, scene);
  expect(order[0]).toBe('now');
  expect(order.filter((what) => what === 'now')).toHaveLength(1);
  expect(order.filter((what) => what === 'mark').length).toBeGreaterThanOrEqual(3);
});
