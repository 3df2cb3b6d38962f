//! Whether a picture of the plot is the one before it, moved by whole pixels: so it is while one scrolls or drags, and only what came into sight is to be drawn. Pure.
import type { LaneScene } from './brush';
import type { PoolStep } from './pools';
import type { Row } from './rows';
import type { Scene } from './scene';

/** A row with what it is drawn from. */
export interface Filled {
  row: Row;
  lane: LaneScene | null;
  pool: readonly PoolStep[] | null;
}

/** A picture as it was drawn whole, and how far it was moved since, in pixels of the screen. */
export interface Picture {
  scene: Scene;
  rows: readonly Filled[];
  whole: { t1_ms: number; scroll: number };
  x: number;
  y: number;
}

/** Parts of a pixel that are no movement: what floating point leaves. */
const NOTHING = 0.01;

function isOfSame(a: Row, b: Row): boolean {
  if (a.kind === 'lane') return b.kind === 'lane' && a.cue.id === b.cue.id;
  if (a.kind === 'pool') return b.kind === 'pool' && a.pool.name === b.pool.name && a.pool.concurrency === b.pool.concurrency;
  return b.kind === 'group' && a.agent === b.agent;
}

/** Everything that is the same all over the picture. */
function isAlike(old: Scene, next: Scene): boolean {
  return (
    old.ink === next.ink && old.zone === next.zone && old.now_ms === next.now_ms && old.width === next.width && old.height === next.height && old.view.span_ms === next.view.span_ms && old.bands === next.bands && old.stands === next.stands &&
    old.selectedCue === next.selectedCue && old.selectedSpot === next.selectedSpot && old.hoverX === null && next.hoverX === null && old.range === null && next.range === null
  );
}

function isSame(old: Filled, next: Filled): boolean {
  const [a, b] = [old.lane, next.lane];
  const lanes = a === b || (a !== null && b !== null && a.spots === b.spots && a.pitch_ms === b.pitch_ms && a.binned === b.binned && a.cell_ms === b.cell_ms && a.goesOn_ms === b.goesOn_ms);
  return lanes && old.pool === next.pool && old.row.y === next.row.y && old.row.h === next.row.h && isOfSame(old.row, next.row);
}

/** By how many pixels of the screen it moved since it was last drawn; null: it is another picture. */
export function movedBy(old: Picture, scene: Scene, rows: readonly Filled[], ratio: number): { x: number; y: number } | null {
  if (!isAlike(old.scene, scene)) return null;
  const { view, width, height, scroll } = scene;
  const x = ((old.whole.t1_ms - view.t1_ms) / view.span_ms) * width * ratio;
  const y = (old.whole.scroll - scroll) * ratio;
  const [wholeX, wholeY] = [Math.round(x), Math.round(y)];
  if (Math.abs(x - wholeX) > NOTHING || Math.abs(y - wholeY) > NOTHING) return null;
  const by = { x: wholeX - old.x, y: wholeY - old.y };
  if (Math.abs(by.x) >= width * ratio || Math.abs(by.y) >= height * ratio) return null;
  const [top, bottom] = [Math.max(scroll, old.scene.scroll), Math.min(scroll, old.scene.scroll) + height];
  const stays = ({ row }: Filled) => row.y < bottom && row.y + row.h > top;
  const [before, after] = [old.rows.filter(stays), rows.filter(stays)];
  return before.length === after.length && before.every((one, i) => isSame(one, after[i] as Filled)) ? by : null;
}
