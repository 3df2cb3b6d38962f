//! When the day is: it ends now, in a town where it is morning, and began the afternoon before; in between the machine slept.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Wherever the pictures are taken, it is morning in one of these. */
const TOWNS = [
  'Europe/Madrid', 'Europe/London', 'Europe/Athens', 'Europe/Istanbul', 'Asia/Dubai', 'Asia/Karachi', 'Asia/Dhaka', 'Asia/Bangkok', 'Asia/Singapore', 'Asia/Tokyo', 'Australia/Brisbane', 'Pacific/Noumea', 'Pacific/Fiji', 'Pacific/Tongatapu',
  'Atlantic/Azores', 'America/Noronha', 'America/Sao_Paulo', 'America/Santiago', 'America/New_York', 'America/Chicago', 'America/Denver', 'America/Los_Angeles', 'America/Anchorage', 'Pacific/Honolulu', 'Pacific/Pago_Pago'
];
/** From here on, for an hour, the day may end. */
const EARLIEST_END = 9 * HOUR + 12 * MINUTE;

export interface Plan {
  zone: string;
  /** Where the tower's clock begins. */
  from_ms: number;
  speed: number;
  asleep: [number, number][];
  /** When it has caught up, if the machine keeps up. */
  end_ms: number;
  /** The minute of the hour at which score-new-leads is due. */
  minute: number;
  /** Due times and instants that have a story of their own. */
  stories: Record<string, number>;
}

/** How far the clocks of a town are ahead of UTC. */
function offsetOf(zone: string, at_ms: number): number {
  const parts = Object.fromEntries(new Intl.DateTimeFormat('en-GB', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' }).formatToParts(at_ms).map(({ type, value }) => [type, Number(value)]));
  const local = Date.UTC(parts['year'] ?? 0, (parts['month'] ?? 1) - 1, parts['day'], parts['hour'], parts['minute']);
  return local - Math.floor(at_ms / MINUTE) * MINUTE;
}

/** `start_ms`: now, before the tower is started. */
export function planOf(start_ms: number, speed: number): Plan {
  const about = start_ms + (14 * HOUR) / speed;
  const late = (zone: string) => (((about + offsetOf(zone, about) - EARLIEST_END) % (24 * HOUR)) + 24 * HOUR) % (24 * HOUR);
  const zone = [...TOWNS].sort((a, b) => Math.floor(late(a) / HOUR) - Math.floor(late(b) / HOUR))[0] ?? 'UTC';
  const offset = offsetOf(zone, about);
  const midnight = Math.floor((about + offset) / (24 * HOUR)) * 24 * HOUR - offset;
  const today = (hour: number, minute: number, second = 0) => midnight + hour * HOUR + minute * MINUTE + second * 1000;
  const yesterday = (hour: number, minute: number) => today(hour - 24, minute);
  const from_ms = yesterday(15, 40);
  const asleep: [number, number][] = [[today(0, 48, 30), today(6, 13, 30)]];
  const slept = asleep.reduce((sum, [begin, end]) => sum + end - begin, 0);
  const end_ms = start_ms + (start_ms - from_ms - slept) / (speed - 1);
  // The last run is over by then, and no next one is due while the pictures are taken.
  const past = Math.floor(end_ms / MINUTE) % 60;
  const minute = past < 20 || past >= 57 ? 35 : 5;
  return {
    zone,
    from_ms,
    speed,
    asleep,
    end_ms,
    minute,
    stories: {
      silent: yesterday(18, 15),
      bounced: yesterday(20, 45),
      failed: yesterday(18, 30),
      overlong: yesterday(20, 30),
      refund_approved: yesterday(17, 40),
      refund_denied: yesterday(19, 40),
      refund_later: today(7, 40),
      rehearsed: yesterday(17, 5),
      dunning: today(9, 0),
      stuck: today(8, 21, 30),
      later_until: today(11, 0)
    }
  };
}
