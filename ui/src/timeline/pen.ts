//! What plot and axis are drawn with: a pen for sharp pixels, the grey bands, whole pixels.
import { bandsIn, BEFORE } from './bands';
import { hatchOf, ratioOf, type Ink } from './ink';
import type { Scene } from './scene';
import { startOf, xOf } from './view';

/** Sizes a canvas for sharp pixels and hands out its pen. */
export function penOf(canvas: HTMLCanvasElement, ink: Ink, width: number, height: number): CanvasRenderingContext2D | null {
  const ratio = ratioOf(ink);
  const w = Math.max(1, Math.round(width * ratio));
  const h = Math.max(1, Math.round(height * ratio));
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  const g = canvas.getContext('2d');
  g?.setTransform(ratio, 0, 0, ratio, 0, 0);
  return g;
}

/** Where a line of one pixel stands. A little below the half, as places of a ruling fall on it and are not exact. */
export function sharp(x: number): number {
  return Math.floor(x + 0.49) + 0.5;
}

/** Grey ground wherever nothing could be fired, hatched, and where nobody wrote down, plain; at least wide enough to be seen. `moved`: by so many pixels of the screen the picture was moved since it was drawn whole. */
export function hatchBands(g: CanvasRenderingContext2D, scene: Scene, height: number, moved = { x: 0, y: 0 }): void {
  const { view, width } = scene;
  const bands = bandsIn(scene.bands, startOf(view), view.t1_ms);
  if (bands.length === 0) return;
  const hatch = hatchOf(g, scene.ink, moved);
  for (const band of bands) {
    g.fillStyle = band.reason === BEFORE ? scene.ink.of['grey-a'] : hatch;
    const x0 = Math.max(0, xOf(view, band.from_ms, width));
    g.fillRect(x0, 0, Math.max(1.5, Math.min(width, xOf(view, band.to_ms, width)) - x0), height);
  }
}
