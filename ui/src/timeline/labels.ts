//! The words beside runs, where there is room for them.
import { glyphOf } from '../glyphs';
import * as boardText from '../text/board';
import { lasting, money } from '../time';
import type { Mark } from '../wire';
import { attemptWords, headline, isBefore, isBetween, isLive } from '../words';
import type { Brush, Placed } from './brush';
import { deliveredAt, endedAt, type Comb, type Spot } from './spots';
import { xOf } from './view';

/** "11 min  $0.23" beside a run where it covers no other mark and not now. */
export function drawLabels(brush: Brush, placed: readonly Placed[], shown: readonly Spot[], combs: ReadonlyMap<string, Comb>, ya: number, yc: number): void {
  const { g, ink, view, width, now_ms } = brush;
  const xn = xOf(view, now_ms, width);
  let taken = -99;
  g.font = `11px ${ink.font}`;
  g.textBaseline = 'middle';
  g.lineJoin = 'round';
  for (const p of [...placed].sort((a, b) => a.x - b.x)) {
    const live = isLive(p.mark);
    if ((p.x < -4 && !live) || p.x > width + 4) continue;
    const next = shown[p.index + 1];
    const nextX = next ? xOf(view, next.due_ms, width) : width;
    const before = shown[p.index - 1];
    // The line of what merged into it lies at its left.
    const comb = combs.get(p.mark.occurrence_id);
    const beforeX = comb ? p.x : before ? xOf(view, before.mark ? endedAt(before.mark, now_ms) : before.due_ms, width) : 0;
    const limit = p.x < xn ? Math.min(nextX, live ? width : xn) : nextX;
    let at: number | null = null;
    let y = ya + 0.5;
    let text = '';
    for (text of labelsOf(p.mark, now_ms, comb?.due ?? 0, brush.stands?.get(p.mark.run_id ?? '') ?? null)) {
      const w = g.measureText(text).width;
      if (!live && p.x + 10 + w < limit - 6) at = p.x + 10;
      else if (!live && p.x - 10 - w > Math.max(beforeX, taken) + 8) at = p.x - 10 - w;
      else if (live && Math.max(p.xc, xn) + 10 + w < nextX) {
        at = Math.max(p.xc, xn) + 10;
        y = isBefore(p.mark) ? ya + 9.5 : yc + 0.5;
      } else if (live && p.x >= -4 && p.x + 10 + w < Math.min(nextX, xn) - 6) at = p.x + 10;
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

/** What may stand beside a run, longest first; `madeUp` due times merged into it, and it has not got on since `stands_ms`. */
function labelsOf(mark: Mark, now_ms: number, madeUp: number, stands_ms: number | null): string[] {
  if (mark.delivered === 'waiting' && mark.confirmed !== 'gate') return [headline(mark, now_ms).replace(/\.$/, ''), boardText.heldBack];
  if (mark.delivered === 'delivering') return [mark.attempts > 1 ? attemptWords(mark) : 'delivering'];
  if (isBetween(mark)) return [boardText.waitsForItsNextTry(mark.attempts), boardText.nextTry];
  if (mark.confirmed === 'working' && stands_ms !== null) return [boardText.noProgressFor(lasting(now_ms - stands_ms)), boardText.noProgress];
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
