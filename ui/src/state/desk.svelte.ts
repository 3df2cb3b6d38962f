//! The live picture of the tower: the board once, then every change as it is published. Asks again after a gap; says when it is stale.
import { bridge, Refusal, refusalFrom, type Commands, type Stop } from '../bridge';
import * as frameText from '../text/frame';
import { HOUR } from '../time';
import { explains } from '../timeline/bands';
import type { BandView, DeskEvent, Mark, TowerStatus } from '../wire';
import { completeSince, EMPTY_FLEET, fleetFrom, withAlerts, withCue, withEvent, withHistory, withoutPast, type Fleet } from './fleet';
import { FIRST_RANGE_MS, firstLook, look, MARKS_MAX } from './firstlook';
import { notices } from './notice.svelte';
import { Tidings } from './tidings';
import { FORECAST_MOST } from '../timeline/spots';
import { zones } from './zone.svelte';

const QUIET_MS = 2000; // silence after which the tower is asked whether it is there
/** A tower that does not answer is asked again after this, then after twice as long, up to the second. */
const [AGAIN_MS, AGAIN_MOST_MS] = [500, 5000];
const STALE_MS = 2000; // an unanswered question after which the window is stale

class Desk {
  fleet = $state.raw<Fleet>(EMPTY_FLEET);
  status = $state.raw<TowerStatus | null>(null);
  /** Predicted fires by cue. */
  forecast = $state.raw<ReadonlyMap<string, readonly number[]>>(new Map());
  /** Those of them that a blackout will skip, by cue. */
  blackouts = $state.raw<ReadonlyMap<string, ReadonlySet<number>>>(new Map());
  phase = $state<'loading' | 'ready' | 'session'>('loading');
  /** The tower has stopped answering; nothing new is drawn. */
  stale = $state(false);
  /** The tower's clock when it last spoke. */
  knownAt_ms = $state(0);
  /** The tower's clock, once a second. */
  now_ms = $state(Date.now());
  /** The same four times a minute, for what need not be reckoned every second. */
  slow_ms = $derived(Math.floor(this.now_ms / 15_000) * 15_000);
  /** All marks since then are here, of every lane; older ones are known lane by lane (`lanes`). */
  loadedFrom_ms = $state(Infinity);
  /** Grey bands before this instant were not asked for yet. */
  bandsFrom_ms = $state(Infinity);
  /** Grows each time the board is fetched anew: whatever else was asked for before is old then. */
  round = $state(0);

  #skew_ms = 0;
  #stop: Stop | null = null;
  #lastHeard = 0;
  #askedSince: number | null = null;
  #connecting = false;
  #listeners = new Set<(event: DeskEvent) => void>();
  #rounds = new Set<() => void>();
  #forecastUntil_ms = 0;
  #forecastBusy = false;
  #forecastWanted_ms = 0;
  #tidings = new Tidings((text) => notices.say(text));

  /** The tower's clock now. */
  clock(): number {
    return this.stale ? this.knownAt_ms : Date.now() + this.#skew_ms;
  }

  /** The zone that times are shown in. */
  get zone(): string {
    return zones.shown(this.home);
  }

  /** The tower's zone: the owner's. */
  get home(): string {
    return this.status?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  }

  /** True for a miss that a grey band explains. */
  explains(mark: Mark): boolean {
    return explains(this.fleet.bands, mark, this.bandsFrom_ms);
  }

  /** Ends once the board is here. */
  start(): Promise<void> {
    setInterval(() => this.#pulse(), 1000);
    return this.#connect();
  }

  /** Asks the host; what it answers also proves that it is there. */
  ask<C extends keyof Commands>(command: C, request: Commands[C][0]): Promise<Commands[C][1]> {
    // While the board itself is asked for again and again, nothing else is worth a request.
    if (this.stale && this.#connecting) return Promise.reject(new Refusal({ code: 'unreachable', message: frameText.theTowerCannotBeReached, field: null }));
    return this.#answered(bridge.call(command, request));
  }

  async #answered<T>(asked: Promise<T>): Promise<T> {
    try {
      const answer = await asked;
      this.#heard();
      return answer;
    } catch (error) {
      const refusal = refusalFrom(error);
      if (refusal.code === 'session') this.phase = 'session';
      else if (refusal.code !== 'unreachable') this.#heard();
      throw refusal;
    }
  }

  /** Every live change, after it is in `fleet`. */
  onEvent(listener: (event: DeskEvent) => void): Stop {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Each time the board is fetched anew. */
  onRound(listener: () => void): Stop {
    this.#rounds.add(listener);
    return () => this.#rounds.delete(listener);
  }

  /** Shows what a command answered with, without waiting for its event. */
  know(change: { cue?: Commands['cue_get'][1]; alert?: Commands['alert_acknowledge'][1]; alerts?: Commands['alerts'][1]['alerts']; marks?: readonly Mark[]; status?: TowerStatus }): void {
    if (change.cue) this.fleet = withCue(this.fleet, change.cue);
    if (change.alert) this.fleet = withAlerts(this.fleet, [change.alert]);
    if (change.alerts) this.fleet = withAlerts(this.fleet, change.alerts);
    if (change.marks) this.fleet = withHistory(this.fleet, change.marks);
    if (change.status) this.#setStatus(change.status);
  }

  /** Alerts that are no longer open are not on the board; the alerts screen asks for them. */
  async loadAlerts(): Promise<void> {
    const { alerts } = await this.ask('alerts', { limit: 200 });
    this.fleet = withAlerts(this.fleet, alerts);
  }

  /** Older marks, and bands since then, that somebody asked for. */
  knowPast(marks: readonly Mark[], bands: readonly BandView[], from_ms: number): void {
    this.fleet = withHistory(this.fleet, marks, bands);
    this.bandsFrom_ms = Math.min(this.bandsFrom_ms, from_ms);
  }

  /** Lets go of older marks, but for those of these lanes. */
  forgetPast(keep: ReadonlySet<string>): void {
    this.fleet = withoutPast(this.fleet, this.loadedFrom_ms, keep);
  }

  /** Makes sure that predicted fires reach `until_ms`. */
  foresee(until_ms: number): void {
    this.#forecastWanted_ms = Math.max(this.#forecastWanted_ms, until_ms);
    const short = [...this.forecast.values()].some((dues) => dues.length >= FORECAST_MOST && (dues[dues.length - 1] ?? 0) < until_ms && (dues[FORECAST_MOST / 2] ?? Infinity) < this.clock());
    if (until_ms > this.#forecastUntil_ms || short) void this.#loadForecast();
  }

  async #loadForecast(): Promise<void> {
    if (this.#forecastBusy || this.phase !== 'ready') return;
    this.#forecastBusy = true;
    const wanted_ms = Math.max(this.#forecastWanted_ms, this.clock() + HOUR);
    const until_ms = wanted_ms + (wanted_ms - this.clock()) * 0.25;
    this.#forecastUntil_ms = until_ms;
    try {
      const { lanes } = await this.ask('forecast', { until_ms: Math.round(until_ms) });
      this.blackouts = new Map(lanes.map((lane) => [lane.cue_id, new Set(lane.blackout_ms)]));
      this.forecast = new Map(lanes.map((lane) => [lane.cue_id, lane.due_ms]));
    } catch {
      this.#forecastUntil_ms = 0;
    }
    // A change while it was asked for is asked for again, but not in a tight loop.
    setTimeout(() => {
      this.#forecastBusy = false;
      if (this.#forecastUntil_ms === 0) void this.#loadForecast();
    }, 400);
  }

  async #connect(): Promise<void> {
    if (this.#connecting) return;
    this.#connecting = true;
    this.#stop?.();
    this.#stop = null;
    let wait_ms = AGAIN_MS;
    for (;;) {
      this.#askedSince ??= performance.now();
      try {
        const [status, board] = await this.#answered(firstLook.take() ?? look(Date.now() + this.#skew_ms));
        this.#setStatus(status);
        this.bandsFrom_ms = status.now_ms - FIRST_RANGE_MS;
        this.loadedFrom_ms = completeSince(board, MARKS_MAX, this.bandsFrom_ms);
        this.fleet = fleetFrom(board, this.fleet.names);
        this.phase = 'ready';
        this.round++;
        for (const again of this.#rounds) again();
        this.#forecastUntil_ms = 0;
        void this.#loadForecast();
        this.#stop = bridge.events(board.seq, (event) => this.#take(event), () => void this.#connect());
        break;
      } catch (error) {
        if (refusalFrom(error).code === 'session') break;
        await new Promise((resolve) => setTimeout(resolve, wait_ms));
        wait_ms = Math.min(AGAIN_MOST_MS, wait_ms * 2);
      }
    }
    this.#connecting = false;
  }

  #take(event: DeskEvent): void {
    this.#heard();
    const before = this.fleet;
    this.fleet = withEvent(before, event);
    // What has no place in the journal comes under a number that is known already.
    if (this.fleet === before && event.topics.length === 0 && !event.status_changed && event.runs_stepped.length === 0) return;
    if (event.cues.length > 0 || event.cues_removed.length > 0) {
      const changed = event.cues.some((cue) => before.cues.get(cue.id)?.revision !== cue.revision || before.cues.get(cue.id)?.status !== cue.status);
      if (changed || event.cues_removed.length > 0) {
        this.#forecastUntil_ms = 0;
        void this.#loadForecast();
      }
    }
    if (event.status_changed || event.alerts.length > 0) void this.#refreshStatus();
    this.#tidings.note(before, event);
    for (const listener of this.#listeners) listener(event);
  }

  async #refreshStatus(): Promise<void> {
    try {
      this.#setStatus(await this.ask('tower_status', {}));
    } catch {
      // The pulse notices when nobody answers.
    }
  }

  #setStatus(status: TowerStatus): void {
    this.status = status;
    this.#skew_ms = status.now_ms - Date.now();
    // A skew this small is the way of the message, not another clock.
    if (Math.abs(this.#skew_ms) < 250) this.#skew_ms = 0;
  }

  #heard(): void {
    this.#lastHeard = performance.now();
    this.#askedSince = null;
    if (this.stale) this.stale = false;
    this.knownAt_ms = Date.now() + this.#skew_ms;
  }

  #pulse(): void {
    const now = performance.now();
    if (this.#askedSince !== null && now - this.#askedSince > STALE_MS && this.phase === 'ready') this.stale = true;
    this.now_ms = this.clock();
    if (document.hidden || this.phase !== 'ready' || this.#connecting || this.#askedSince !== null) return;
    if (now - this.#lastHeard > QUIET_MS) {
      this.#askedSince = now;
      void this.#refreshStatus();
    }
  }
}

export const desk = new Desk();
