//! Where the axis is ruled and what it says there. Pure.
import { DAY, HOUR, MINUTE, day, hm, offsetAt, startOfDay } from '../time';
import { startOf, xOf, type View } from './view';

export interface Tick {
  x: number;
  label: string;
  /** A new day begins here: drawn stronger. */
  midnight: boolean;
}

const STEPS = [MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 3 * DAY, 7 * DAY, 14 * DAY];
/** As wide as what is written there: "Wed 11" and some air, or a time. A label that found no room would leave an uneven row. */
const [DAY_PX, TIME_PX] = [52, 56];

/** The ruling for a view `width` pixels wide, in the wall clock of `zone`. */
export function ticksOf(view: View, width: number, zone: string): Tick[] {
  const perPixel = width / view.span_ms;
  const step = STEPS.find((s) => s * perPixel >= (s >= DAY ? DAY_PX : TIME_PX)) ?? 14 * DAY;
  const t0 = startOf(view);
  const ticks: Tick[] = [];
  if (step >= DAY) {
    let first = true;
    const every = step / DAY;
    for (let at = startOfDay(t0, zone), i = 0; at < view.t1_ms && i < 200; i++) {
      const number = Math.floor((at + offsetAt(zone, at)) / DAY);
      if (at >= t0 && number % every === 0) {
        const named = day(at, zone);
        const date = new Date(at + offsetAt(zone, at)).getUTCDate();
        ticks.push({ x: xOf(view, at, width), label: first || date <= every ? named.slice(4) : `${named.slice(0, 3)} ${date}`, midnight: true });
        first = false;
      }
      at = startOfDay(at + DAY + 4 * HOUR, zone);
    }
    return ticks;
  }
  const offset = offsetAt(zone, t0);
  let lastDay = startOfDay(t0, zone);
  for (let at = Math.ceil((t0 + offset) / step) * step - offset; at < view.t1_ms; at += step) {
    const dayStart = startOfDay(at, zone);
    const midnight = dayStart !== lastDay;
    lastDay = dayStart;
    ticks.push({ x: xOf(view, at, width), label: midnight ? day(at, zone) : hm(at, zone), midnight });
  }
  return ticks;
}
