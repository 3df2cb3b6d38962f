import { beforeAll, beforeEach, expect, it } from 'vitest';
import { MARKS } from '../glyphs';
import { band, mark, NOW } from '../testing';
import { HOUR, MINUTE } from '../time';
import type { Mark } from '../wire';
import type { Ink } from './ink';
import { cellFor, type Binned } from './cells';
import type { Brush, LaneScene } from './brush';
import { drawLane } from './lane';
import { goesOnFrom, pitchOf, spotsOf, type Around, type Spot } from './spots';

/** What a pen drew: a mark's path, or a rectangle, with its middle and its colour. */
interface Drawn {
  what: string;
  x: number;
  y: number;
  ink: string;
}

class PathStub {
  readonly d: string;
  constructor(d: string) {
    this.d = d;
  }
}

let drawn: Drawn[] = [];
/** Lines of two points: where they begin and end, at the height where they begin. */
/** What is open at its right, with dashes: where it begins and ends. */
let boxes: { from: number; to: number; ink: string }[] = [];
let strokes: { from: number; to: number; y: number }[] = [];

/** The pen records; colours are named by their tokens, so that tests read like the drawing rules. */
function pen(): CanvasRenderingContext2D {
  let x = 0;
  let y = 0;
  let path: [number, number][] = [];
  const record = (what: string, ink: string) => (path?: unknown) => {
    if (path instanceof PathStub) drawn.push({ what: path.d, x: Math.round(x), y: Math.round(y), ink: what === 'fill' ? g.fillStyle : ink === '' ? g.strokeStyle : ink });
  };
  const rect = (what: string) => (left: number, top: number, w: number, h: number) => drawn.push({ what, x: Math.round(left + w / 2), y: Math.round(top + h / 2), ink: what === 'rect' ? g.fillStyle : g.strokeStyle });
  const nothing = () => undefined;
  const g = {
    setLineDash: nothing, fillStyle: '', strokeStyle: '', lineWidth: 1, globalAlpha: 1, font: '', textBaseline: '', lineJoin: '',
    save: nothing, restore: nothing, scale: nothing, beginPath: () => (path = []), moveTo: (px: number, py: number) => path.push([px, py]), lineTo: (px: number, py: number) => path.push([px, py]), arcTo: nothing, closePath: nothing, strokeText: nothing,
    translate: (tx: number, ty: number) => {
      x = tx + 4.5;
      y = ty + 4.5;
    },
    fill: record('fill', ''),
    stroke: (cut?: unknown) => {
      const [a, b] = path;
      if (cut === undefined && path.length === 2 && a && b) strokes.push({ from: a[0], to: b[0], y: a[1] });
      if (cut === undefined && path.length === 4 && a && b && a[0] !== b[0]) boxes.push({ from: Math.round(b[0]), to: Math.round(a[0]), ink: g.strokeStyle });
      record('stroke', '')(cut);
    }, fillRect: rect('rect'), strokeRect: rect('frame'),
    measureText: (text: string) => ({ width: text.length * 6 }),
    fillText: (text: string, left: number, top: number) => drawn.push({ what: `"${text}"`, x: Math.round(left), y: Math.round(top), ink: g.fillStyle })
  };
  return g as unknown as CanvasRenderingContext2D;
}

const ink: Ink = { of: new Proxy({}, { get: (_, name) => String(name) }) as Ink['of'], font: 'sans', mono: 'mono', scale: 1 };
const first = (family: keyof typeof MARKS, state: string) => (MARKS[family] as Record<string, { paths: { d: string }[] }>)[state]?.paths[0]?.d ?? '';

function laneOf(spots: readonly Spot[], pixel_ms: number, binned: Binned | null = null): LaneScene {
  return { spots, pitch_ms: pitchOf(spots), binned, cell_ms: cellFor(pixel_ms), goesOn_ms: null };
}

function draw(marks: readonly Mark[], predicted: readonly number[], span_ms: number, width = 1000, around?: Around): Drawn[] {
  const brush: Brush = { g: pen(), ink, view: { span_ms, t1_ms: NOW + span_ms / 4 }, width, now_ms: NOW, selected: null };
  drawLane(brush, 0, { ...laneOf(spotsOf('c1', marks, predicted, NOW, around), span_ms / width), goesOn_ms: goesOnFrom(predicted) });
  return drawn;
}

beforeAll(() => {
  (globalThis as { Path2D?: unknown }).Path2D = PathStub;
});
beforeEach(() => {
  drawn = [];
  strokes = [];
});

const every = (pitch_ms: number, n: number, change: (i: number) => Partial<Mark> = () => ({})) =>
  Array.from({ length: n }, (_, i) => mark({ occurrence_id: `o${i}`, due_ms: NOW - (n - i) * pitch_ms, ...change(i) }));

it('a run is three marks in three rows', () => {
  const all = draw(every(HOUR, 8), [], 16 * HOUR);
  for (const [family, state, row] of [['S', 'ran', 7], ['D', 'delivered', 16], ['C', 'confirmed', 25]] as const) {
    const found = all.filter((d) => d.what === first(family, state));
    expect(found, `${family}.${state}`).toHaveLength(8);
    expect(found.every((d) => d.y === row), `row of ${family}`).toBe(true);
  }
  expect(all.find((d) => d.what === first('C', 'confirmed'))?.ink).toBe('ok');
});

it('a run that was delivered late is confirmed under its delivery, not before it', () => {
  const at = (family: 'D' | 'C', state: string, all: Drawn[]) => all.find((d) => d.what === first(family, state))?.x ?? NaN;
  for (const lasts_ms of [0, MINUTE / 2]) {
    drawn = [];
    const due_ms = NOW - 8 * HOUR;
    const all = draw([mark({ due_ms, delivered_at_ms: due_ms + 2 * HOUR, ended_at_ms: due_ms + 2 * HOUR + lasts_ms, attempts: 3 })], [], 16 * HOUR);
    const delivered = at('D', 'delivered', all);
    expect(delivered - (all.find((d) => d.what === first('S', 'ran'))?.x ?? NaN)).toBeGreaterThan(100);
    expect(Math.abs(at('C', 'confirmed', all) - delivered), `${lasts_ms} ms`).toBeLessThan(3);
  }
});

const MISSED = { scheduled: 'missed', scheduled_reason: 'the tower was off', run_id: null, delivered: 'none', confirmed: 'none' } as const;
const AWAY: Around = { bands: [band({ from_ms: NOW - 3.5 * HOUR, to_ms: NOW - 1.5 * HOUR })], bandsFrom_ms: -Infinity, blackouts: new Set([NOW + 2 * HOUR]) };

it('a miss is grey inside a grey band and red outside, whatever it says', () => {
  const all = draw(every(HOUR, 4, () => MISSED), [], 16 * HOUR, 1000, AWAY);
  expect(all.filter((d) => d.what === first('S', 'missed')).map((d) => d.ink)).toEqual(['bad', 'mark', 'mark', 'bad']);
});

it('where lanes are dense, explained misses give way and the unexplained one stands', () => {
  const all = draw(every(MINUTE, 240, () => MISSED), [], 24 * HOUR, 1000, { ...AWAY, bands: [band({ from_ms: NOW - 5 * HOUR, to_ms: NOW - 2 * MINUTE - 2000 })] });
  expect(all.filter((d) => d.what === first('S', 'missed')).map((d) => d.ink)).toEqual(['bad']);
});

it('due times that fell into one hang from a line that ends in the run', () => {
  const marks = every(HOUR, 6, (i) => (i < 5 ? { scheduled: 'coalesced', coalesced_into: 'o5', run_id: null, delivered: 'none', confirmed: 'none' } : {}));
  const all = draw(marks, [], 16 * HOUR);
  expect(all.filter((d) => d.what === 'rect' && d.ink === 'mark' && d.y < 7), 'a short tick each').toHaveLength(5);
  expect(strokes.filter((s) => s.y === 7.5).map((s) => [Math.round(s.from), Math.round(s.to)])).toEqual([[375, 688]]);
});

it('a run says how many it made up, where no line is crossed', () => {
  const marks = every(HOUR, 6, (i) => (i < 5 ? { scheduled: 'coalesced', coalesced_into: 'o5', run_id: null, delivered: 'none', confirmed: 'none' } : { cost_usd: 0.34, started_at_ms: NOW - 20 * MINUTE, delivered_at_ms: NOW - 20 * MINUTE, ended_at_ms: NOW - 10 * MINUTE }));
  const said = (span_ms: number) => draw(marks, [], span_ms).filter((d) => d.what.startsWith('"'));
  expect(said(2 * HOUR).map((d) => d.what)).toEqual(['"10 min  $0.34  made up 5"']);
  const at = said(2 * HOUR).at(-1)?.x ?? 0;
  expect(at, 'right of the run: the line is at its left').toBeGreaterThan(250);
});

it('a run that is made up late is in motion since it began, not since it was due', () => {
  const late = { started_at_ms: NOW - 30 * MINUTE, delivered_at_ms: null, ended_at_ms: null, delivered: 'delivering', confirmed: 'none' } as const;
  const all = draw([mark({ due_ms: NOW - 8 * HOUR, ...late })], [], 16 * HOUR);
  expect(all.filter((d) => d.what === 'rect' && d.ink === 'live').map((d) => d.x)).toEqual([734]);
});

it('the line goes on to the edge while its run is still out of sight', () => {
  const marks = every(HOUR, 6, (i) => (i < 5 ? { scheduled: 'coalesced', coalesced_into: 'o5', run_id: null, delivered: 'none', confirmed: 'none' } : {}));
  const brush: Brush = { g: pen(), ink, view: { span_ms: 3 * HOUR, t1_ms: NOW - 2 * HOUR }, width: 1000, now_ms: NOW, selected: null };
  drawLane(brush, 0, laneOf(spotsOf('c1', marks, [], NOW), (3 * HOUR) / 1000));
  expect(strokes.filter((s) => s.y === 7.5).map((s) => [Math.round(s.from), Math.round(s.to)])).toEqual([[-2, 1002]]);
});

it('a long absence in one record is a span, told with its count, at any range', () => {
  const span = mark({ ...MISSED, due_ms: NOW - 3 * HOUR, until_ms: NOW - 2 * HOUR, count: 43_100 });
  for (const span_ms of [HOUR * 4, HOUR * 24]) {
    drawn = [];
    const all = draw([span], [], span_ms, 1000, AWAY);
    expect(all.filter((d) => d.what === first('S', 'missed')).map((d) => d.ink), 'its mark at both ends').toEqual(['mark', 'mark']);
  }
  drawn = [];
  expect(draw([span], [], 4 * HOUR, 1000, AWAY).filter((d) => d.what.startsWith('"')).map((d) => d.what)).toEqual(['"43,100 due times missed"']);
});

it('a span far longer than the view still fills it', () => {
  const span = mark({ ...MISSED, due_ms: NOW - 700 * HOUR, until_ms: NOW + 700 * HOUR, count: 2_000_000 });
  expect(draw([span], [], HOUR).some((d) => d.what === '"2,000,000 due times missed"')).toBe(true);
});

it('a predicted fire that a blackout will skip is hollow and slashed', () => {
  draw([], [1, 2, 3].map((i) => NOW + i * HOUR), 16 * HOUR, 1000, AWAY);
  const slashes = strokes.filter((s) => s.y === 10);
  expect(slashes.map((s) => Math.round((s.from + s.to) / 2))).toEqual([875]);
});

it('a run that nothing came back from leaves no mark of proof in the bottom row', () => {
  const all = draw(every(HOUR, 8, () => ({ delivered: 'bounced', delivered_at_ms: null, confirmed: 'none' })), [], 16 * HOUR);
  expect(all.filter((d) => d.what === first('D', 'bounced')).every((d) => d.ink === 'bad')).toBe(true);
  expect(all.filter((d) => d.y > 20 && d.what.startsWith('M'))).toEqual([]);
});

it('what is predicted is hollow and in the first row only', () => {
  const all = draw([], [1, 2, 3].map((i) => NOW + i * HOUR), 16 * HOUR);
  expect(all.map((d) => [d.what, d.y])).toEqual(Array(3).fill([first('S', 'due'), 7]));
});

it('close together, what went right becomes ticks and what did not keeps its mark', () => {
  const all = draw(every(10 * MINUTE, 60, (i) => (i === 30 ? { confirmed: 'refuted' } : {})), [], 24 * HOUR);
  expect(all.filter((d) => d.what === first('C', 'confirmed'))).toEqual([]);
  expect(all.filter((d) => d.what === 'rect' && d.ink === 'ok' && d.y === 25)).toHaveLength(59);
  expect(all.filter((d) => d.what === first('C', 'refuted') && d.ink === 'bad')).toHaveLength(1);
});

it('denser still, cells show shares and the worst of a cell keeps its mark', () => {
  const all = draw(every(MINUTE, 600, (i) => (i === 300 ? { confirmed: 'silent' } : i === 301 ? { confirmed: 'refuted' } : {})), [], 24 * HOUR);
  expect(all.filter((d) => d.what === first('C', 'refuted'))).toHaveLength(1);
  expect(all.filter((d) => d.what === first('C', 'silent'))).toHaveLength(0);
  expect(all.filter((d) => d.what === 'rect' && d.ink === 'ok').length).toBeLessThan(90);
});

it('far apart, time and cost are written beside a run, and how long a live one has run', () => {
  const done = mark({ occurrence_id: 'a', due_ms: NOW - 50 * MINUTE, ended_at_ms: NOW - 49 * MINUTE, cost_usd: 0.23 });
  const live = mark({ occurrence_id: 'b', due_ms: NOW - 10 * MINUTE, delivered_at_ms: NOW - 10 * MINUTE, ended_at_ms: null, confirmed: 'working' });
  const texts = draw([done, live], [], HOUR * 2).filter((d) => d.what.startsWith('"')).map((d) => d.what);
  expect(texts).toEqual(['"1 min  $0.23"', '"running 10 min"']);
});

it('a run that beats and gets nowhere is a bar until it stood still, then a box of the colour that warns, and says for how long', () => {
  const live = mark({ run_id: 'r', due_ms: NOW - 60 * MINUTE, delivered_at_ms: NOW - 60 * MINUTE, ended_at_ms: null, confirmed: 'working' });
  const spots = spotsOf('c1', [live], [], NOW);
  const view = (span_ms: number) => ({ span_ms, t1_ms: NOW + span_ms / 4 });
  const barOf = (span_ms: number, stands: ReadonlyMap<string, number>) => {
    drawn = [];
    boxes = [];
    drawLane({ g: pen(), ink, view: view(span_ms), width: 1000, now_ms: NOW, selected: null, stands }, 0, laneOf(spots, span_ms / 1000));
    return { bars: drawn.filter((d) => d.what === 'rect' && d.ink === 'live').map((d) => d.x), said: drawn.filter((d) => d.what.startsWith('"')).map((d) => d.what) };
  };
  expect(barOf(2 * HOUR, new Map())).toEqual({ bars: [500], said: ['"running 1 h"'] });
  expect(boxes).toEqual([]);
  const still = new Map([['r', NOW - 30 * MINUTE]]);
  expect(barOf(2 * HOUR, still)).toEqual({ bars: [375], said: ['"no progress for 30 min"'] });
  expect(boxes).toEqual([{ from: 500, to: 750, ink: 'warn-mark' }]);
  expect(barOf(HOUR, still).said, 'also where its beginning is out of sight').toEqual(['"no progress for 30 min"']);
});

it('a lane whose fires are told no further says that it goes on, also once some of them have passed', () => {
  const told = Array.from({ length: 500 }, (_, i) => NOW + (i - 20) * 20_000);
  const words = (predicted: readonly number[]) => draw([], predicted, 24 * HOUR).filter((d) => d.what === '"goes on"').length;
  expect(words(told)).toBe(1);
  drawn = [];
  expect(words(told.slice(0, 400))).toBe(0);
  expect([goesOnFrom(told), goesOnFrom(told, NOW + 24 * HOUR), goesOnFrom(told, Infinity), goesOnFrom(told.slice(1))]).toEqual([told[499], NOW + 24 * HOUR, null, null]);
});

it('where its marks are not here, what the host counted is drawn, and what is known since is added', () => {
  const cell_ms = cellFor((24 * HOUR) / 1000);
  const to_ms = NOW - HOUR;
  const at = Math.floor((NOW - 6 * HOUR) / cell_ms);
  const counts = { due: 3, ran: 3, sent: 3, delivered: 3, answered: 3, confirmed: 3, claimed: 0, aside: 0, exceptions: 0, worst: null };
  const binned: Binned = { cell_ms, from_ms: NOW - 24 * HOUR, to_ms, cells: [{ at, ...counts }], stale: false };
  const brush: Brush = { g: pen(), ink, view: { span_ms: 24 * HOUR, t1_ms: NOW + 6 * HOUR }, width: 1000, now_ms: NOW, selected: null };
  drawLane(brush, 0, laneOf(spotsOf('c1', [mark({ occurrence_id: 'counted', due_ms: NOW - 5 * HOUR }), mark({ due_ms: NOW - 30 * MINUTE })], [], NOW), (24 * HOUR) / 1000, binned));
  expect(drawn.filter((d) => d.what === 'rect' && d.ink === 'ok'), 'one cell of the host’s, one of our own; what lies before the host’s end is counted once').toHaveLength(2);
});

it('a mark at now stands on cleared ground, so that the line of now does not cross it out', () => {
  const cleared = (due_ms: number) => {
    drawn = [];
    const all = draw([mark({ due_ms, delivered_at_ms: due_ms, ended_at_ms: due_ms })], [], 16 * HOUR);
    const ground = all.filter((d) => d.what === 'rect' && d.ink === 'future');
    const first_mark = all.findIndex((d) => d.what === first('S', 'ran'));
    return { rows: ground.map((d) => d.y), before: all.findIndex((d) => d.what === 'rect' && d.ink === 'future') < first_mark };
  };
  expect(cleared(NOW)).toEqual({ rows: [7, 16, 25], before: true });
  expect(cleared(NOW - 2 * HOUR).rows).toEqual([]);
});

it('so do ticks, a cell and a due time that is just to come', () => {
  const ground = (all: Drawn[]) => all.filter((d) => d.what === 'rect' && d.ink === 'future').length;
  expect(ground(draw(every(6 * MINUTE, 60).map((one, i) => ({ ...one, due_ms: NOW - (59 - i) * 6 * MINUTE, delivered_at_ms: NOW - (59 - i) * 6 * MINUTE, ended_at_ms: NOW - (59 - i) * 6 * MINUTE })), [], 16 * HOUR)), 'ticks').toBe(1);
  drawn = [];
  expect(ground(draw([], [NOW + 1000], 16 * HOUR)), 'due later').toBe(1);
  drawn = [];
  expect(ground(draw(every(10_000, 900).map((one) => ({ ...one, due_ms: one.due_ms + 10_000 })), [], 16 * HOUR).filter((d) => d.y === 16)), 'cells').toBe(1);
});
