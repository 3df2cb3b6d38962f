//! Made-up lanes that show how much is drawn at each range. Pure; the same every time.
import * as marksText from '../text/marks';
import { DAY, HOUR, MINUTE } from '../time';
import type { Spot } from '../timeline/spots';
import type { ConfirmedMark, DeliveredMark, Mark } from '../wire';

export interface Sample {
  title: string;
  say: string;
  span_ms: number;
  end_ms: number;
  now_ms: number;
  spots: Spot[];
}

interface Fate {
  delivered?: DeliveredMark;
  confirmed?: ConfirmedMark;
  lasts_ms?: number;
  cost_usd?: number;
}

function run(i: number, due_ms: number, fate: Fate): Spot {
  const delivered = fate.delivered ?? 'delivered';
  const confirmed = fate.confirmed ?? (delivered === 'delivered' ? 'confirmed' : 'none');
  const mark: Mark = {
    occurrence_id: `o${i}`, cue_id: 'sample', run_id: `r${i}`, due_ms, triggered_by: 'scheduled', scheduled: 'ran', scheduled_reason: null, asks: false, count: 1, until_ms: null, coalesced_into: null,
    delivered, delivered_at_ms: delivered === 'delivered' ? due_ms + (fate.lasts_ms ?? 0) / 8 : null, confirmed, late: false, started_at_ms: due_ms,
    ended_at_ms: due_ms + (fate.lasts_ms ?? 0), attempts: 1, attempts_max: 3, cost_usd: fate.cost_usd ?? null, sentence: ''
  };
  return { id: mark.occurrence_id, cueId: 'sample', due_ms, mark, explained: false, blackout: false };
}

function lane(pitch_ms: number, count: number, fates: Record<number, Fate>, usual: Fate): Spot[] {
  return Array.from({ length: count }, (_, i) => run(i, (i + 0.5) * pitch_ms, fates[i] ?? usual));
}

function sample(title: string, say: string, span_ms: number, spots: Spot[]): Sample {
  return { title, say, span_ms, end_ms: span_ms, now_ms: span_ms * 2, spots };
}

export const SAMPLES: readonly Sample[] = [
  sample(marksText.fifteenMinTo1H, marksText.marksSitAtTheirReal, 15 * MINUTE, [
    run(0, MINUTE, { lasts_ms: 1.2 * MINUTE, cost_usd: 0.02 }), run(1, 6 * MINUTE, { lasts_ms: 4 * MINUTE, cost_usd: 0.02, confirmed: 'refuted' }), run(2, 12 * MINUTE, { lasts_ms: 1.1 * MINUTE, cost_usd: 0.02 })
  ]),
  sample(marksText.sixHTo24H, marksText.theThreeMarksCloseUp, 10 * HOUR, lane(HOUR, 10, { 6: { confirmed: 'silent' }, 8: { confirmed: 'claimed' } }, {})),
  sample(marksText.denseTicks, marksText.whatWentRightBecomes, 46 * HOUR, lane(HOUR, 46, { 21: { delivered: 'bounced' } }, {})),
  sample(marksText.sevenDTo30D, marksText.eachCellIsAShare, 10 * DAY, lane(HOUR, 240, { 90: { confirmed: 'refuted' }, 171: { confirmed: 'silent' }, 60: { confirmed: 'claimed' }, 61: { confirmed: 'claimed' } }, {}))
];
