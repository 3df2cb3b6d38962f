import { expect, it } from 'vitest';
import { cue, mark, NOW } from '../testing';
import { HOUR } from '../time';
import type { LaneScene } from './brush';
import type { Ink } from './ink';
import { movedBy, type Filled, type Picture } from './moved';
import { rowsIn, rowsOf } from './rows';
import type { Scene } from './scene';
import { spotsOf } from './spots';

const cues = Array.from({ length: 40 }, (_, i) => cue({ id: `${i}`, name: `n${String(i).padStart(2, '0')}`, agent: 'amy' }));
const all = rowsOf(cues, '', new Set()).rows;
const ink = { scale: 1 } as Ink;
const bands: Scene['bands'] = [];
const lanes = new Map(cues.map(({ id }): [string, LaneScene] => [id, { spots: spotsOf(id, [mark({ due_ms: NOW - HOUR })], [], NOW), pitch_ms: HOUR, binned: null, cell_ms: 1000, goesOn_ms: null }]));

/** 1000 pixels for 1000 minutes. */
const NONE_STANDS: ReadonlyMap<string, number> = new Map();

function sceneAt(scroll: number, t1_ms: number, changed: Partial<Scene> = {}): Scene {
  return {
    ink, view: { span_ms: 1000 * 60_000, t1_ms }, zone: 'UTC', now_ms: NOW, width: 1000, height: 320, scroll, rows: rowsIn(all, scroll, scroll + 320), lane: (id) => lanes.get(id) as LaneScene,
    pools: () => [], bands, stands: NONE_STANDS, selectedCue: null, selectedSpot: null, hoverX: null, range: null, ...changed
  };
}

function filled(scene: Scene): Filled[] {
  return scene.rows.map((row) => ({ row, lane: row.kind === 'lane' ? scene.lane(row.cue.id) : null, pool: null }));
}

const first = sceneAt(100, NOW);
const old: Picture = { scene: first, rows: filled(first), whole: { t1_ms: NOW, scroll: 100 }, x: 0, y: 0 };
const moved = (scene: Scene, ratio = 1) => movedBy(old, scene, filled(scene), ratio);

it.each([
  ['the same', sceneAt(100, NOW), { x: 0, y: 0 }],
  ['scrolled down', sceneAt(190, NOW), { x: 0, y: -90 }],
  ['scrolled up', sceneAt(10, NOW), { x: 0, y: 90 }],
  ['into the past', sceneAt(100, NOW - 7 * 60_000), { x: 7, y: 0 }],
  ['both', sceneAt(132, NOW + 3 * 60_000), { x: -3, y: -32 }]
])('%s: so many pixels', (_, scene, by) => expect(moved(scene)).toEqual(by));

it.each([
  ['a run that stood still since', sceneAt(100, NOW, { stands: new Map([['r', NOW]]) })],
  ['part of a pixel', sceneAt(100, NOW - 90_000)],
  ['everything out of sight', sceneAt(420, NOW)],
  ['a whole view into the past', sceneAt(100, NOW - 1000 * 60_000)],
  ['another zoom', sceneAt(100, NOW, { view: { span_ms: HOUR, t1_ms: NOW } })],
  ['later', sceneAt(100, NOW, { now_ms: NOW + 1 })],
  ['other colours', sceneAt(100, NOW, { ink: { scale: 1 } as Ink })],
  ['a chosen run', sceneAt(100, NOW, { selectedSpot: 'o1' })],
  ['a pointer', sceneAt(100, NOW, { hoverX: 5 })],
  ['a new band', sceneAt(100, NOW, { bands: [] })]
])('%s: another picture', (_, scene) => expect(moved(scene)).toBeNull());

it('half a pixel of the page may be a whole one of the screen', () => expect(moved(sceneAt(100.5, NOW), 2)).toEqual({ x: 0, y: -1 }));

it('what a lane shows has changed', () => {
  const scene = sceneAt(132, NOW);
  const changed = (id: string): Filled[] => filled(scene).map((one) => (one.row.kind === 'lane' && one.row.cue.id === id && one.lane ? { ...one, lane: { ...one.lane, spots: [...one.lane.spots] } } : one));
  expect(movedBy(old, scene, changed('5'), 1)).toBeNull();
  expect(movedBy(old, scene, changed('13'), 1), 'one that was out of sight is drawn anyway').toEqual({ x: 0, y: -32 });
});

it('a lane less moves those below it', () => {
  const rows = rowsOf(cues.slice(0, 5).concat(cues.slice(6)), '', new Set()).rows;
  const scene = sceneAt(100, NOW, { rows: rowsIn(rows, 100, 420) });
  expect(moved(scene)).toBeNull();
});

it('what moved in many steps does not drift', () => {
  let at = old;
  let x = 0;
  for (let i = 1; i <= 300; i++) {
    const scene = sceneAt(100, NOW - i * 60_000 - 0.2);
    const by = movedBy(at, scene, filled(scene), 1);
    expect(by).toEqual({ x: 1, y: 0 });
    x += by?.x ?? NaN;
    at = { ...at, scene, rows: filled(scene), x };
  }
});
