//! Draws one lane: three rows that never merge. What went right loses detail first.
import { glyphOf, toneToken } from '../glyphs';
import { dueTimes, isBefore, isExceptional, isLive, isSpan, scheduledTone } from '../words';
import type { Mark } from '../wire';
import { clearNow, groundAt, outline, ROW_Y, SIZE, type Brush, type LaneScene, type Placed } from './brush';
import { drawMark, type InkName } from './ink';
import { drawLabels } from './labels';
import { drawGoesOn, drawShare } from './share';
import { combsOf, deliveredAt, detailOf, endedAt, visible, type Comb, type Detail, type Spot } from './spots';
import { reachIn, startOf, xOf, type View } from './view';

/** How much of a lane is drawn; without its marks, what was counted is. */
export function detailIn({ pitch_ms, binned }: LaneScene, view: View, width: number): Detail {
  const detail = detailOf((pitch_ms / view.span_ms) * width);
  return binned !== null ? 'share' : detail;
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
  const inView = visible(spots, view, Math.max(4 * 3_600_000, view.span_ms * 0.02), reachIn(view, width));
  if (detail === 'share') {
    drawShare(brush, lane, y0);
    for (const spot of inView) if (spot.mark && isSpan(spot.mark)) drawSpan(brush, spot, y0, ya);
    return;
  }
  if (lane.goesOn_ms !== null) drawGoesOn(brush, xOf(view, lane.goesOn_ms + Math.min(lane.pitch_ms / 2, reachIn(view, width)), width), ya);
  const shown = partOf(brush, inView);
  const x = (at_ms: number) => xOf(view, at_ms, width);
  const combs = combsOf(spots);
  drawCombs(brush, combs.values(), ya);
  const tick = detail === 'ticks' ? Math.max(1.6, Math.min(2.6, pitch_px - 3.4)) : 0;
  const placed: Placed[] = [];
  shown.forEach((spot, index) => {
    const mark = spot.mark;
    const at = x(spot.due_ms);
    if (!mark || mark.scheduled === 'due') {
      clearNow(brush, at, ya, 3, SIZE);
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
      clearNow(brush, at, ya, SIZE);
      drawMark(g, ink, 'S', 'missed', at, ya, SIZE, scheduledTone(mark, spot.explained));
      if (spot.id === brush.selected) outline(brush, at, y0, 16);
      return;
    }
    const bad = isExceptional(mark, spot.explained) || standsSince(brush, mark) !== null;
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

/** Of what is visible, what touches the part that is to be drawn. */
function partOf({ part, now_ms }: Brush, shown: readonly Spot[]): readonly Spot[] {
  if (!part) return shown;
  const { from_ms, to_ms } = part;
  const end = ({ mark, due_ms }: Spot) => (mark === null ? due_ms : isSpan(mark) ? (mark.until_ms ?? due_ms) : Math.max(due_ms, endedAt(mark, now_ms), deliveredAt(mark, now_ms)));
  return shown.filter((spot) => spot.due_ms <= to_ms && end(spot) >= from_ms);
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

/** Since when a live run has not got on. */
function standsSince({ stands }: Brush, mark: Mark): number | null {
  return mark.confirmed === 'working' && mark.run_id !== null ? (stands?.get(mark.run_id) ?? null) : null;
}

/** The working bar of a run; where it beats and gets nowhere, a dashed box. */
function drawWork(brush: Brush, mark: Mark, from: number, to: number, yc: number): void {
  const { g, ink, view, width } = brush;
  const since_ms = standsSince(brush, mark);
  const since = since_ms === null ? to : Math.min(to, Math.max(from, xOf(view, since_ms, width)));
  g.fillRect(from, yc - 1.5, since - from, 3);
  if (since_ms === null || to - since < 4) return;
  g.save();
  g.strokeStyle = ink.of['warn-mark'];
  g.lineWidth = 1.2;
  g.setLineDash([4, 2.5]);
  g.beginPath();
  g.moveTo(to, yc - 3.5);
  g.lineTo(since, yc - 3.5);
  g.lineTo(since, yc + 3.5);
  g.lineTo(to, yc + 3.5);
  g.stroke();
  g.restore();
}

function drawTick(brush: Brush, mark: Mark, x: number, ya: number, yb: number, yc: number, w: number): void {
  const { g, ink, view, width, now_ms } = brush;
  clearNow(brush, x, yb, w, 2 * (yb - ya) + SIZE);
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
  if (isBefore(mark)) drawMark(g, ink, 'D', mark.delivered, x, yb, SIZE);
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
    clearNow(brush, xc, yc, SIZE);
    drawMark(g, ink, 'C', 'working', xc, yc, SIZE);
  }
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
  clearNow(brush, x, ya, mark.scheduled === 'ran' ? 3 : size, size);
  if (sent) clearNow(brush, Math.max(xd, x), yb, size);
  if (answered) clearNow(brush, length > 3 ? xc : Math.max(x, xd), yc, size);
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
  if (isBefore(mark) && xd - begun > 7) {
    g.fillStyle = ink.of[mark.delivered === 'waiting' ? 'warn-mark' : 'live'];
    g.fillRect(begun, yb - 0.75, xd - begun, 1.5);
  }
  if (length > 7 && answered) {
    g.fillStyle = ink.of[barInk(mark)];
    g.globalAlpha = isLive(mark) ? 1 : 0.6;
    if (mark.confirmed === 'silent') {
      g.globalAlpha = 0.9;
      for (let at = xd; at < xc - 5; at += 6) g.fillRect(at, yc - 0.75, 3, 1.5);
    } else drawWork(brush, mark, xd, xd + length, yc);
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
