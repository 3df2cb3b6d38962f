//! What is not ordinary about the tower: what happened, what follows, and the one thing to do. Pure. The first takes over a cell of the strip; each has a band below it.
import type { IconName } from '../glyphs';
import * as frameText from '../text/frame';
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
  if (!status.store.ok) list.push({ key: 'store', spoken: frameText.storeItHasTrouble, tone: 'bad', icon: 'warn', cell: { cap: frameText.store, value: 'has trouble' }, what: '', follows: status.store.message ?? frameText.theStoreHasTrouble, button: { word: frameText.openSettings, does: 'go', to: { at: 'settings' } } });
  if (status.paused) list.push({ key: 'paused', spoken: frameText.towerPaused, tone: 'warn', icon: 'pause', cell: null, what: frameText.pausedByYou, follows: frameText.nothingFiresUntil, button: { word: frameText.armNow, does: 'arm' } });
  if (!status.vault.ok) list.push({ key: 'keyring', spoken: frameText.keyringNotAvailable, tone: 'warn', icon: 'lock', cell: { cap: frameText.keyring, value: 'not available' }, what: '', follows: status.vault.message ?? frameText.noKeyringIsAvailable, button: { word: frameText.openSecrets, does: 'go', to: { at: 'secrets' } } });
  const set = bands.filter((band) => band.reason === 'clock_set' && band.to_ms > now_ms - CLOCK_MS && band.to_ms <= now_ms + MINUTE).at(-1);
  if (set) list.push({ key: 'clock', spoken: frameText.clockItWasSet, tone: 'plain', icon: 'clock', cell: { cap: frameText.clock, value: 'was set' }, what: `${set.label}.`, follows: frameText.noDueTimeFiresTwice, button: { word: frameText.showIt, does: 'show', at_ms: set.to_ms } });
  if (offSince_ms !== null) {
    const hooks = [...cues].filter((cue) => cue.status === 'active' && cue.transport === 'webhook').length;
    const off = now_ms - offSince_ms;
    const follows = hooks === 0 ? frameText.localCuesRunNoCue : frameText.localCuesRunWebHooks(hooks === 1 ? frameText.oneCueCalls : frameText.cuesCall(hooks));
    list.push({ key: 'offline', spoken: frameText.networkOffline, tone: 'plain', icon: 'globe', cell: { cap: frameText.network, value: off < MINUTE ? 'offline' : `offline ${lasting(Math.floor(off / MINUTE) * MINUTE)}` }, what: frameText.thisMachineIsOffline, follows, button: { word: frameText.hide, does: 'hide' } });
  }
  if (!status.notifications.ok) list.push({ key: 'notifications', spoken: frameText.notificationsNotAvailable, tone: 'plain', icon: 'alerts', cell: null, what: '', follows: status.notifications.message ?? frameText.noNotificationServer, button: { word: frameText.hide, does: 'hide' } });
  return list;
}
