//! What is not ordinary about the tower: what happened, what follows, and the one thing to do. Pure. The first takes over a cell of the strip; each has a band below it.
import type { IconName } from '../glyphs';
import { HOUR, lasting, MINUTE } from '../time';
import type { BandView, CueView, TowerStatus } from '../wire';
import type { Route } from './route';

export interface Trouble {
  key: 'paused' | 'store' | 'keyring' | 'offline' | 'clock' | 'notifications';
  tone: 'bad' | 'warn' | 'plain';
  icon: IconName;
  /** Of the cell in the strip; null: it takes none. */
  cell: { cap: string; value: string } | null;
  /** For ears, when it comes up. */
  spoken: string;
  /** What happened, then what follows. */
  what: string;
  follows: string;
  /** `arm`: the tower; `hide`: this band; `show`: that time on the board. */
  button: { word: string; does: 'arm' | 'hide' } | { word: string; does: 'go'; to: Route } | { word: string; does: 'show'; at_ms: number };
}

/** How long one is told that the clock was set. */
const CLOCK_MS = HOUR;

export interface Told {
  status: TowerStatus;
  cues: Iterable<CueView>;
  bands: readonly BandView[];
  offSince_ms: number | null;
  now_ms: number;
}

/** Worst first. */
export function troublesOf({ status, cues, bands, offSince_ms, now_ms }: Told): Trouble[] {
  const list: Trouble[] = [];
  if (!status.store.ok) list.push({ key: 'store', spoken: 'Store: it has trouble', tone: 'bad', icon: 'warn', cell: { cap: 'Store', value: 'has trouble' }, what: '', follows: status.store.message ?? 'The store has trouble.', button: { word: 'Open settings', does: 'go', to: { at: 'settings' } } });
  if (status.paused) list.push({ key: 'paused', spoken: 'Tower: paused', tone: 'warn', icon: 'pause', cell: null, what: 'Paused by you.', follows: 'Nothing fires until the tower is armed again; runs in flight may finish.', button: { word: 'Arm now', does: 'arm' } });
  if (!status.vault.ok) list.push({ key: 'keyring', spoken: 'Keyring: not available', tone: 'warn', icon: 'lock', cell: { cap: 'Keyring', value: 'not available' }, what: '', follows: status.vault.message ?? 'No keyring is available: cues that borrow a secret cannot run.', button: { word: 'Open secrets', does: 'go', to: { at: 'secrets' } } });
  const set = bands.filter((band) => band.reason === 'clock_set' && band.to_ms > now_ms - CLOCK_MS && band.to_ms <= now_ms + MINUTE).at(-1);
  if (set) list.push({ key: 'clock', spoken: 'Clock: it was set', tone: 'plain', icon: 'clock', cell: { cap: 'Clock', value: 'was set' }, what: `${set.label}.`, follows: 'No due time fires twice; what was passed over is on the board.', button: { word: 'Show it', does: 'show', at_ms: set.to_ms } });
  if (offSince_ms !== null) {
    const hooks = [...cues].filter((cue) => cue.status === 'active' && cue.transport === 'webhook').length;
    const off = now_ms - offSince_ms;
    const follows = hooks === 0 ? 'Local cues run. No cue here calls the network.' : `Local cues run. ${hooks === 1 ? '1 cue calls' : `${hooks} cues call`} web hooks: those that cannot be reached are tried again.`;
    list.push({ key: 'offline', spoken: 'Network: offline', tone: 'plain', icon: 'globe', cell: { cap: 'Network', value: off < MINUTE ? 'offline' : `offline ${lasting(Math.floor(off / MINUTE) * MINUTE)}` }, what: 'This machine is offline.', follows, button: { word: 'Hide', does: 'hide' } });
  }
  if (!status.notifications.ok) list.push({ key: 'notifications', spoken: 'Notifications: not available', tone: 'plain', icon: 'alerts', cell: null, what: '', follows: status.notifications.message ?? 'No notification server is running: alerts show in this window only.', button: { word: 'Hide', does: 'hide' } });
  return list;
}
