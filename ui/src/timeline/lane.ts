//! Draws one lane: three rows that never merge. What went right loses detail first.
import { glyphOf, toneToken } from '../glyphs';
import * as boardText from '../text/board';
import { lasting, money } from '../time';
import { attemptWords, dueTimes, isBetween, isExceptional, isLive, isSpan, scheduledTone } from '../words';
import type { BandView, Mark } from '../wire';
import { bandAt } from './bands';
import { drawMark, rounded, type Ink, type InkName } from './ink';
import { cellFrom, cellsIn, type Binned, type Cell } from './cells';
import { FORECAST_MOST, combsOf, deliveredAt, detailOf, endedAt, visible, type Comb, type Detail, type Spot } from './spots';
import { startOf, xOf, type View } from './view';

const ROW_Y = [7, 16, 25] as const;
const SIZE = 9;

export interface Brush {
  g: CanvasRenderingContext2D;
  ink: Ink;
  view: View;
  width: number;
  now_ms: number;
  selected: string | null;
  bands?: readonly BandView[];
}

/** One lane as it is to be drawn. */
export interface LaneScene {
  spots: readonly Spot[];
  /** Usual distance between its due times. */
  pitch_ms: number;
  /** What the host counted, where not every mark in the view is here. */
  binned: Binned | null;
  /** The grid to count on. */
  cell_ms: number;
}

/** How much of a lane is drawn; without its marks, what was counted is. */
export function detailIn({ pitch_ms, binned }: LaneScene, view: View, width: number): Detail {
  const detail = detailOf((pitch_ms / view.span_ms) * width);
  return binned !== null ? 'share' : detail;
}

/** What a mark stands on. */
function groundAt({ bands, now_ms }: Brush, at_ms: number): InkName {
  return at_ms > now_ms ? 'future' : bands && bandAt(bands, at_ms) ? 'grey-a' : 'bg-0';
}

interface Placed {
  mark: Mark;
  x: number;
  xd: number;
  xc: number;
  bad: boolean;
  length: number;
  index: number;
}

/** When a run began to move: nothing moved between its due time and a late start. */
function startedAt(mark: Mark): number {
  return Math.max(mark.due_ms, mark.started_at_ms ?? mark.due_ms);
}

/** How the three rows of a run are coloured along its working bar. */
function barInk(mark: Mark): InkName {
  if (mark.confirmed === 'gate') return 'warn-mark';
  if (isLive(mark)) return 'live';
  switch (mark.confirmed) {
    case 'confirmed':
      return 'ok';
    case 'refuted':
    case 'stopped':
    case 'failed':
      return 'bad';
    case 'silent':
      return 'warn-mark';
    default:
      return 'mark';
  }
}

export function drawLane(brush: Brush, y0: number, lane: LaneScene): void {
  const { g, ink, view, width, now_ms } = brush;
  const { spots } = lane;
  const ya = y0 + ROW_Y[0];
  const yb = y0 + ROW_Y[1];
  const yc = y0 + ROW_Y[2];
  const pitch_px = (lane.pitch_ms / view.span_ms) * width;
  const detail = detailIn(lane, view, width);
  const shown = visible(spots, view, Math.max(4 * 3_600_000, view.span_ms * 0.02));
  const spans = shown.filter((spot) => spot.mark !== null && isSpan(spot.mark));
  if (detail === 'share') {
    drawShare(brush, lane, y0, shown);
    for (const span of spans) drawSpan(brush, span, y0, ya);
    return;
  }
  const x = (at_ms: number) => xOf(view, at_ms, width);
  const combs = combsOf(spots);
  drawCombs(brush, combs.values(), ya);
  const tick = detail === 'ticks' ? Math.max(1.6, Math.min(2.6, pitch_px - 3.4)) : 0;
  const placed: Placed[] = [];
  shown.forEach((spot, index) => {
    const mark = spot.mark;
    const at = x(spot.due_ms);
    if (!mark || mark.scheduled === 'due') {
      if (detail === 'ticks') {
        g.strokeStyle = ink.of.mark;
        g.globalAlpha = 0.65;
        g.lineWidth = 1;
        g.strokeRect(at - 0.5, ya - 3.5, 1, 7);
        g.globalAlpha = 1;
      } else drawMark(g, ink, 'S', 'due', at, ya, SIZE, 'mark');
      if (spot.blackout) drawSlash(brush, at, ya);
      if (spot.id === brush.selected) outline(brush, at, y0, 16);
      return;
    }
    if (isSpan(mark)) {
      drawSpan(brush, spot, y0, ya);
      return;
    }
    if (mark.scheduled === 'coalesced') {
      g.fillStyle = ink.of.mark;
      g.fillRect(at - 0.75, ya - 4, 1.5, 4.5);
      return;
    }
    if (mark.scheduled === 'missed') {
      drawMark(g, ink, 'S', 'missed', at, ya, SIZE, scheduledTone(mark, spot.explained));
      if (spot.id === brush.selected) outline(brush, at, y0, 16);
      return;
    }
    const bad = isExceptional(mark, spot.explained);
    if (detail === 'ticks' && !bad && spot.id !== brush.selected) {
      drawTick(brush, mark, at, ya, yb, yc, tick);
      return;
    }
    const xd = x(deliveredAt(mark, now_ms));
    const xc = x(endedAt(mark, now_ms));
    placed.push({ mark, x: at, xd, xc, bad, length: mark.confirmed === 'none' && mark.delivered !== 'delivered' ? 0 : xc - xd, index });
  });
  placed.sort((a, b) => Number(a.bad) - Number(b.bad));
  for (const p of placed) drawRun(brush, p, y0, ya, yb, yc, detail === 'open' ? 11 : SIZE, detail === 'ticks');
  if (detail === 'open') drawLabels(brush, placed, shown, combs, ya, yc);
}

/** Coalesced due times hang from one line that ends in the run that made them up. */
function drawCombs(brush: Brush, combs: Iterable<Comb>, ya: number): void {
  const { g, ink, view, width } = brush;
  for (const comb of combs) {
    if (comb.from_ms > view.t1_ms || comb.to_ms < startOf(view)) continue;
    g.strokeStyle = ink.of.mark;
    g.lineWidth = 1;
    g.beginPath();
    g.moveTo(Math.max(-2, xOf(view, comb.from_ms, width)), ya + 0.5);
    g.lineTo(Math.min(width + 2, xOf(view, comb.to_ms, width)), ya + 0.5);
    g.stroke();
  }
}

/** Hollow and slashed: it will come due, and a blackout will skip it. */
function drawSlash({ g, ink }: Brush, x: number, ya: number): void {
  g.strokeStyle = ink.of.mark;
  g.lineWidth = 1.2;
  g.beginPath();
  g.moveTo(x - 4, ya + 3);
  g.lineTo(x + 4, ya - 3);
  g.stroke();
}

/** One record that stands for many due times: a line with its mark at both ends, and how many they are. */
function drawSpan(brush: Brush, spot: Spot, y0: number, ya: number): void {
  const { g, ink, view, width } = brush;
  const { mark } = spot;
  if (!mark) return;
  const from = Math.max(-6, xOf(view, mark.due_ms, width));
  const to = Math.min(width + 6, Math.max(from + 2, xOf(view, mark.until_ms ?? mark.due_ms, width)));
  const tone = scheduledTone(mark, spot.explained);
  const colour = ink.of[toneToken(tone) as InkName];
  g.fillStyle = colour;
  g.globalAlpha = 0.55;
  for (let x = from + 6; x < to - 3; x += 6) g.fillRect(x, ya - 2.5, 1, 5);
  g.globalAlpha = 1;
  if (mark.scheduled !== 'missed') g.fillRect(from, ya, to - from, 1);
  for (const x of [from, to]) {
    if (mark.scheduled === 'coalesced') g.fillRect(x - 0.75, ya - 4, 1.5, 4.5);
    else drawMark(g, ink, 'S', mark.scheduled, x, ya, SIZE, tone);
  }
  g.font = `11px ${ink.font}`;
  g.textBaseline = 'middle';
  g.lineJoin = 'round';
  const text = `${dueTimes(mark.count)} ${glyphOf('S', mark.scheduled).word.toLowerCase()}`;
  const room = [Math.max(0, from), Math.min(width, to)] as const;
  const w = g.measureText(text).width;
  if (room[1] - room[0] > w + 28) {
    const at = (room[0] + room[1] - w) / 2;
    g.lineWidth = 4;
    g.strokeStyle = ink.of['bg-0'];
    g.strokeText(text, at, ya + 0.5);
    g.fillStyle = ink.of['text-3'];
    g.fillText(text, at, ya + 0.5);
  }
  if (spot.id === brush.selected) outline(brush, from, y0, to - from + 16);
}

function drawTick(brush: Brush, mark: Mark, x: number, ya: number, yb: number, yc: number, w: number): void {
  const { g, ink, view, width, now_ms } = brush;
  if (mark.scheduled === 'skipped') {
    drawMark(g, ink, 'S', 'skipped', x, ya, SIZE);
    return;
  }
  g.fillStyle = ink.of.mark;
  g.globalAlpha = 0.8;
  g.fillRect(x - w / 2, ya - 3.5, w, 7);
  if (mark.delivered === 'delivered' || mark.delivered === 'unknown') {
    g.beginPath();
    g.moveTo(x - w / 2, yb - 3.5);
    g.lineTo(x + w / 2 + 0.8, yb);
    g.lineTo(x - w / 2, yb + 3.5);
    g.fill();
  }
  g.globalAlpha = 1;
  if (mark.delivered === 'delivering') drawMark(g, ink, 'D', 'delivering', x, yb, SIZE);
  if (mark.confirmed === 'confirmed') {
    g.fillStyle = ink.of.ok;
    g.fillRect(x - w / 2 - 0.4, yc - 3.5, w + 0.8, 7);
  } else if (mark.confirmed === 'claimed') {
    g.fillStyle = ink.of.mark;
    g.fillRect(x - w / 2, yc, w, 3.5);
  } else if (mark.confirmed === 'working') {
    const xc = xOf(view, endedAt(mark, now_ms), width);
    const from = xOf(view, startedAt(mark), width);
    if (xc - from > 7) {
      g.fillStyle = ink.of.live;
      g.fillRect(from, yc - 1.5, xc - from, 3);
    }
    drawMark(g, ink, 'C', 'working', xc, yc, SIZE);
  }
}

function outline(brush: Brush, x: number, y0: number, length: number): void {
  const { g, ink } = brush;
  g.strokeStyle = ink.of.live;
  g.lineWidth = 1.5;
  rounded(g, x - 8, y0 + 1, Math.max(16, length), 30, 4);
  g.stroke();
}

function drawRun(brush: Brush, p: Placed, y0: number, ya: number, yb: number, yc: number, size: number, clear: boolean): void {
  const { g, ink, view, width } = brush;
  const { mark, x, xd, xc, length } = p;
  const sent = mark.delivered !== 'none';
  const answered = mark.confirmed !== 'none';
  if (clear) {
    g.fillStyle = ink.of[groundAt(brush, mark.due_ms)];
    g.fillRect(x - 6, ya - 6, 12, sent || answered ? 30 : 12);
  }
  if (mark.scheduled === 'ran' && sent) {
    g.strokeStyle = ink.of['mark-dim'];
    g.lineWidth = 1;
    g.beginPath();
    g.moveTo(x, ya);
    g.lineTo(x, yb);
    g.lineTo(Math.max(x, xd), yb);
    if (answered) g.lineTo(Math.max(x, xd), yc);
    g.stroke();
  }
  const begun = xOf(view, startedAt(mark), width);
  if (mark.delivered === 'delivering' && xd - begun > 7) {
    g.fillStyle = ink.of.live;
    g.fillRect(begun, yb - 0.75, xd - begun, 1.5);
  }
  if (length > 7 && answered) {
    g.fillStyle = ink.of[barInk(mark)];
    g.globalAlpha = isLive(mark) ? 1 : 0.6;
    if (mark.confirmed === 'silent') {
      g.globalAlpha = 0.9;
      for (let at = xd; at < xc - 5; at += 6) g.fillRect(at, yc - 0.75, 3, 1.5);
    } else g.fillRect(xd, yc - 1.5, length, 3);
    g.globalAlpha = 1;
  }
  drawMark(g, ink, 'S', mark.scheduled, x, ya, size, mark.scheduled === 'ran' ? 'mark' : undefined);
  if (sent) drawMark(g, ink, 'D', mark.delivered, Math.max(xd, x) + (xd - x < 3 ? 0.5 : 0), yb, size);
  if (answered) {
    // A late delivery's answer never stands before its delivery.
    const at = length > 3 ? xc : Math.max(x, xd);
    if (length > 7) {
      g.fillStyle = ink.of['bg-0'];
      g.fillRect(at - size / 2 - 1, yc - size / 2, size + 2, size);
    }
    drawMark(g, ink, 'C', mark.confirmed, at, yc, mark.confirmed === 'refuted' ? size + 1.5 : size);
  }
  if (brush.selected === mark.occurrence_id) outline(brush, x, y0, length > 7 ? xc - x + 16 : 16);
}

/** "11 min  $0.23" beside a run where it covers no other mark and not now. */
function drawLabels(brush: Brush, placed: readonly Placed[], shown: readonly Spot[], combs: ReadonlyMap<string, Comb>, ya: number, yc: number): void {
  const { g, ink, view, width, now_ms } = brush;
  const xn = xOf(view, now_ms, width);
  let taken = -99;
  g.font = `11px ${ink.font}`;
  g.textBaseline = 'middle';
  g.lineJoin = 'round';
  for (const p of [...placed].sort((a, b) => a.x - b.x)) {
    if (p.x < -4) continue;
    const next = shown[p.index + 1];
    const nextX = next ? xOf(view, next.due_ms, width) : width;
    const before = shown[p.index - 1];
    // The line of what merged into it lies at its left.
    const comb = combs.get(p.mark.occurrence_id);
    const beforeX = comb ? p.x : before ? xOf(view, before.mark ? endedAt(before.mark, now_ms) : before.due_ms, width) : 0;
    const live = isLive(p.mark);
    const limit = p.x < xn ? Math.min(nextX, live ? width : xn) : nextX;
    let at: number | null = null;
    let y = ya + 0.5;
    let text = '';
    for (text of labelsOf(p.mark, now_ms, comb?.due ?? 0)) {
      const w = g.measureText(text).width;
      if (!live && p.x + 10 + w < limit - 6) at = p.x + 10;
      else if (!live && p.x - 10 - w > Math.max(beforeX, taken) + 8) at = p.x - 10 - w;
      else if (live && Math.max(p.xc, xn) + 10 + w < nextX) {
        at = Math.max(p.xc, xn) + 10;
        y = p.mark.delivered === 'delivering' ? ya + 9.5 : yc + 0.5;
      } else if (live && p.x + 10 + w < Math.min(nextX, xn) - 6) at = p.x + 10;
      if (at !== null) break;
    }
    if (at === null) continue;
    if (y < ya + 4) taken = at + g.measureText(text).width;
    g.lineWidth = 3;
    g.strokeStyle = at > xn ? ink.of.future : ink.of['bg-0'];
    g.strokeText(text, at, y);
    g.fillStyle = ink.of['text-3'];
    g.fillText(text, at, y);
  }
}

/** What may stand beside a run, longest first; `madeUp` due times merged into it. */
function labelsOf(mark: Mark, now_ms: number, madeUp: number): string[] {
  if (mark.delivered === 'delivering') return [mark.attempts > 1 ? attemptWords(mark) : 'delivering'];
  if (isBetween(mark)) return [boardText.waitsForItsNextTry(mark.attempts), boardText.nextTry];
  if (mark.confirmed === 'working') return [boardText.runningOfLasting(lasting(now_ms - deliveredAt(mark, now_ms))), 'running'];
  if (mark.confirmed === 'gate') return [boardText.waitsForYourAnswer, boardText.atAGate3];
  if (mark.scheduled === 'held') return mark.asks ? [boardText.waitsForYou, 'asks'] : ['held'];
  if (mark.scheduled === 'skipped') return [boardText.skipped(mark.scheduled_reason ?? glyphOf('S', 'skipped').say), 'skipped'];
  if (mark.delivered === 'bounced') return [boardText.neverReachedTheAgent, 'bounced'];
  const took = lasting(endedAt(mark, now_ms) - (mark.started_at_ms ?? mark.due_ms));
  const cost = mark.cost_usd === null ? '' : `  ${money(mark.cost_usd)}`;
  const long = mark.attempts > 1 && cost === '' ? [boardText.attemptsOfTook(took, mark.attempts)] : [];
  return [...(madeUp > 0 ? [boardText.madeUp(took, cost, madeUp)] : []), ...long, `${took}${cost}`, ...(cost === '' ? [] : [cost.trim()])];
}

/** Cells: fill height is the share that ran, was delivered, was confirmed. One colour at a time, as there are thousands. */
function drawShare(brush: Brush, lane: LaneScene, y0: number, shown: readonly Spot[]): void {
  const { g, ink, view, width } = brush;
  const [ya, yb, yc] = [y0 + ROW_Y[0], y0 + ROW_Y[1], y0 + ROW_Y[2]];
  const cell_ms = lane.binned?.cell_ms ?? lane.cell_ms;
  const all = cellsIn(lane.spots, cell_ms, lane.binned);
  const step = (cell_ms / view.span_ms) * width;
  const w = Math.max(1, step - Math.min(1.5, step / 4));
  const x = (cell: Cell) => xOf(view, cell.at * cell_ms, width);
  const cells = all.slice(cellFrom(all, Math.floor(startOf(view) / cell_ms)), cellFrom(all, Math.ceil(view.t1_ms / cell_ms)));
  g.fillStyle = ink.of.mark;
  g.globalAlpha = 0.75;
  for (const c of cells) {
    const at = x(c);
    if (c.due > 0) {
      g.fillRect(at, ya + 3.5 - (7 * c.ran) / c.due, w, (7 * c.ran) / c.due);
      if (c.sent > 0) g.fillRect(at, yb + 3.5 - (7 * c.delivered) / c.sent, w, (7 * c.delivered) / c.sent);
    } else if (c.aside > 0) g.fillRect(at, ya - 3, w, 1.5);
  }
  g.globalAlpha = 0.85;
  for (const c of cells) {
    if (c.claimed === 0) continue;
    const sure = (7 * c.confirmed) / c.answered;
    const said = (7 * c.claimed) / c.answered;
    g.fillRect(x(c), yc + 3.5 - sure - said, w, Math.min(said, 3.5));
  }
  g.fillStyle = ink.of.ok;
  for (const c of cells) if (c.confirmed > 0) g.fillRect(x(c), yc + 3.5 - (7 * c.confirmed) / c.answered, w, (7 * c.confirmed) / c.answered);
  g.globalAlpha = 1;
  for (const c of cells) if (c.predicted > 0 && c.due === 0) drawExpected(brush, x(c), ya, step, c.blackout === c.predicted);
  const predicted = shown.reduce((count, spot) => count + (spot.mark ? 0 : 1), 0);
  const last = cells[cells.length - 1];
  if (predicted >= FORECAST_MOST && last) for (let at = x(last) + step; at < width; at += step) drawExpected(brush, at, ya, step);
  for (const c of cells) {
    if (!c.worst) continue;
    const at = x(c) + step / 2;
    const bounced = c.worst.delivered === 'bounced';
    const row = bounced ? yb : c.worst.confirmed === 'none' ? ya : yc;
    g.fillStyle = ink.of[groundAt(brush, c.worst.due_ms)];
    g.fillRect(at - 6, row - 5, 12, 10);
    if (bounced) drawMark(g, ink, 'D', c.worst.delivered, at, row, SIZE);
    else if (row === ya) drawMark(g, ink, 'S', c.worst.scheduled, at, row, SIZE);
    else drawMark(g, ink, 'C', c.worst.confirmed, at, row, SIZE);
  }
  const chosen = brush.selected === null ? undefined : (lane.spots.find((spot) => spot.id === brush.selected)?.due_ms ?? cells.find((c) => c.worst?.occurrence_id === brush.selected)?.worst?.due_ms);
  if (chosen !== undefined) outline(brush, (Math.floor(chosen / cell_ms) * cell_ms + cell_ms / 2 - startOf(view)) * (width / view.span_ms), y0, 16);
}

/** A cell of the future; only its ground line where a blackout skips all of it. */
function drawExpected({ g, ink }: Brush, x: number, ya: number, step: number, blackout = false): void {
  g.strokeStyle = ink.of.mark;
  g.globalAlpha = 0.6;
  g.lineWidth = 1;
  if (blackout) {
    g.fillStyle = ink.of.mark;
    g.fillRect(x, ya + 2, step - 1.5, 1);
  } else g.strokeRect(x + 0.5, ya - 2.5, Math.max(1, step - 2.5), 5);
  g.globalAlpha = 1;
}
