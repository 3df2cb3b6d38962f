//! The canvas' colours and marks: tokens read from the page, paths cut once.
import { glyphOf, MARKS, toneToken, type Family, type StateOf, type Tone } from '../glyphs';

const NAMES = ['bg-0', 'bg-1', 'bg-2', 'bg-3', 'line-1', 'line-2', 'line-3', 'text-1', 'text-2', 'text-3', 'mark', 'mark-dim', 'live', 'live-ink', 'live-wash', 'ok', 'warn-mark', 'bad', 'grey-a', 'grey-b', 'future'] as const;
export type InkName = (typeof NAMES)[number];

export interface Ink {
  of: Record<InkName, string>;
  font: string;
  mono: string;
  /** How large the owner has everything drawn. */
  scale: number;
}

/** Reads the tokens that apply to the page now. */
export function readInk(): Ink {
  const style = getComputedStyle(document.documentElement);
  const of = Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Record<InkName, string>;
  return { of, font: getComputedStyle(document.body).fontFamily, mono: style.getPropertyValue('--mono').trim(), scale: Number(style.getPropertyValue('--ui-scale')) || 1 };
}

/** Pixels of the screen for each of the canvas' own: the page is drawn larger without the screen's ratio telling of it. */
export function ratioOf(ink: Pick<Ink, 'scale'>): number {
  return (globalThis.devicePixelRatio || 1) * ink.scale;
}

const hatches = new WeakMap<Ink, { ratio: number; hatch: CanvasPattern | string }>();

/** The hatch of a grey band, cut once for the screen's pixels, moved with the picture by so many of them. */
export function hatchOf(g: CanvasRenderingContext2D, ink: Ink, moved: { x: number; y: number }): CanvasPattern | string {
  const ratio = ratioOf(ink);
  let known = hatches.get(ink);
  if (known?.ratio !== ratio) {
    known = { ratio, hatch: cutHatch(g, ink, ratio) };
    hatches.set(ink, known);
  }
  if (typeof known.hatch !== 'string') known.hatch.setTransform(new DOMMatrix().scale(1 / ratio).translate(moved.x, moved.y));
  return known.hatch;
}

function cutHatch(g: CanvasRenderingContext2D, ink: Ink, ratio: number): CanvasPattern | string {
  const s = Math.round(7 * ratio);
  const tile = document.createElement('canvas');
  tile.width = s;
  tile.height = s;
  const pen = tile.getContext('2d');
  if (!pen) return ink.of['grey-a'];
  pen.fillStyle = ink.of['grey-a'];
  pen.fillRect(0, 0, s, s);
  pen.strokeStyle = ink.of['grey-b'];
  pen.lineWidth = ratio;
  pen.beginPath();
  for (const [x0, y0, x1, y1] of [[-1, s + 1, s + 1, -1], [-1, 1, 1, -1], [s - 1, s + 1, s + 1, s - 1]] as const) {
    pen.moveTo(x0, y0);
    pen.lineTo(x1, y1);
  }
  pen.stroke();
  return g.createPattern(tile, 'repeat') ?? ink.of['grey-a'];
}

interface Cut {
  path: Path2D;
  stroke: number | undefined;
  erase: boolean;
}

const cuts = new Map<string, Cut[]>();

function cutOf(family: Family, state: string): Cut[] {
  const key = `${family}.${state}`;
  let cut = cuts.get(key);
  if (!cut) {
    const glyph = (MARKS[family] as Record<string, { paths: { d: string; stroke?: number; erase?: boolean }[] }>)[state];
    cut = (glyph?.paths ?? []).map((p) => ({ path: new Path2D(p.d), stroke: p.stroke, erase: p.erase ?? false }));
    cuts.set(key, cut);
  }
  return cut;
}

/** Draws one mark with its middle at x, y. */
export function drawMark<F extends Family>(g: CanvasRenderingContext2D, ink: Ink, family: F, state: StateOf<F>, x: number, y: number, size: number, tone?: Tone, ground?: string): void {
  const colour = ink.of[toneToken(tone ?? glyphOf(family, state).tone) as InkName];
  const k = size / 12;
  g.save();
  g.translate(x - size / 2, y - size / 2);
  g.scale(k, k);
  for (const part of cutOf(family, state)) {
    if (part.erase) {
      if (size < 10 && state !== 'refuted') continue;
      g.strokeStyle = ground ?? ink.of['bg-0'];
      g.lineWidth = part.stroke ?? 1;
      g.stroke(part.path);
    } else if (part.stroke !== undefined) {
      g.strokeStyle = colour;
      g.lineWidth = part.stroke;
      g.stroke(part.path);
    } else {
      g.fillStyle = colour;
      g.fill(part.path);
    }
  }
  g.restore();
}

/** A rectangle with rounded corners, as a path. */
export function rounded(g: CanvasRenderingContext2D, x: number, y: number, w: number, h: number, r: number): void {
  g.beginPath();
  g.moveTo(x + r, y);
  g.arcTo(x + w, y, x + w, y + h, r);
  g.arcTo(x + w, y + h, x, y + h, r);
  g.arcTo(x, y + h, x, y, r);
  g.arcTo(x, y, x + w, y, r);
  g.closePath();
}
