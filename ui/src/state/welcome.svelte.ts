//! What a tower without cues waits for: the first sign of an agent, and the demo fleet, which comes and goes by a click.
import { untrack } from 'svelte';
import { refusalFrom, type Stop } from '../bridge';
import * as firstrunText from '../text/firstrun';
import type { ApartView, DemoView } from '../wire';
import { agents } from './agents.svelte';
import { desk } from './desk.svelte';
import { following } from './following';
import { agentsBefore, heardOf, spansOf, type Before, type Heard } from './heard';
import { notices } from './notice.svelte';

/** Telemetry outside of runs makes no event. */
const SPANS_EVERY_MS = 2000;

class WelcomeState {
  /** The way in that is shown, in a dialog; null: it is closed. */
  way = $state<string | null>(null);
  /** What the lines to copy call their agent. */
  name = $state('my-agent');
  /** Null until the tower has said. */
  demo = $state.raw<DemoView | null>(null);
  demoBusy = $state(false);
  /** Places on screen that show what is heard. */
  ears = $state(0);
  #before = $state.raw<Before | null>(null);
  #apart = $state.raw<readonly ApartView[] | null>(null);
  #stops: Stop[] = [];

  readonly heard: Heard | null = $derived(
    this.#before === null ? null : heardOf(this.#before, { agents: agents.list ?? [], cues: [...desk.fleet.cues.values()], lanes: desk.fleet.lanes, apart: this.#apart ?? [], zone: desk.zone, name: this.name.trim(), demo: new Set(this.demo?.cue_ids) })
  );

  /** Listens until the answer is called. What was heard by then stays, until it is let go. */
  listen(): Stop {
    // Whoever listens does not begin anew with each thing that is heard.
    untrack(() => {
      if (this.ears++ > 0) return;
      if (this.heard === null) this.again();
      this.#stops = [agents.watch(), following([], () => this.#look(), SPANS_EVERY_MS)];
    });
    return () => {
      if (--this.ears > 0) return;
      for (const stop of this.#stops) stop();
      if (this.heard === null) this.#before = null;
    };
  }

  /** From now on; whatever was heard is let go. */
  again(): void {
    const runs = [...desk.fleet.lanes.values()].flatMap((marks) => marks.map((mark) => mark.occurrence_id));
    this.#before = { at_ms: desk.clock(), cues: new Set(desk.fleet.cues.keys()), runs: new Set(runs), spans: spansOf(this.#apart ?? []), agents: null };
    this.#knowAgents();
  }

  /** Who was there is known with the first list of them. */
  #knowAgents(): void {
    if (this.#before?.agents === null && agents.list !== null) this.#before = { ...this.#before, agents: agentsBefore(agents.list, this.#before.at_ms) };
  }

  /** It was seen. */
  letGo(): void {
    if (this.ears > 0) this.again();
    else this.#before = null;
  }

  async #look(): Promise<void> {
    if (desk.phase !== 'ready' || document.hidden) return;
    this.#knowAgents();
    try {
      const { apart } = await desk.ask('spans_apart', { agent: null, limit: 500 });
      const first = this.#apart === null;
      this.#apart = apart;
      if (first && this.#before) this.#before = { ...this.#before, spans: spansOf(apart) };
      this.#knowAgents();
    } catch {
      // Whoever listens hears of it when the tower is back.
    }
  }

  /** Keeps up with the demo fleet until the answer is called. */
  watchDemo(): Stop {
    return following((event) => event.cues_removed.length > 0 || event.cues.some((cue) => cue.run_count === 0), () => this.#loadDemo());
  }

  async #loadDemo(): Promise<void> {
    if (desk.phase !== 'ready') return;
    try {
      this.demo = await desk.ask('demo', {});
    } catch {
      // It is asked for again with the next change.
    }
  }

  get flies(): boolean {
    return (this.demo?.cue_ids.length ?? 0) > 0;
  }

  async setDemo(flies: boolean): Promise<void> {
    if (this.demoBusy) return;
    this.demoBusy = true;
    // Its own cues are no news from outside.
    this.#before = null;
    try {
      this.demo = await desk.ask(flies ? 'demo_start' : 'demo_stop', {});
      notices.tell(flies ? firstrunText.theDemoFleetFliesIts : firstrunText.theDemoFleetIsGone);
    } catch (error) {
      const refusal = refusalFrom(error);
      if (refusal.code !== 'session') notices.tell(refusal.message, 'bad');
    }
    this.demoBusy = false;
    if (this.ears > 0) this.again();
  }
}

export const welcome = new WelcomeState();

/** Copies lines with the owner's key in them; on screen it is never shown. */
export async function copyWithKey(ready: (key: string) => string, what: string): Promise<void> {
  try {
    const text = desk.ask('owner_key', {}).then((answer) => new Blob([ready(answer.key)], { type: 'text/plain' }));
    // The promise goes into the clipboard's own item: after an await the click no longer counts everywhere.
    const copied = await navigator.clipboard.write([new ClipboardItem({ 'text/plain': text })]).then(() => true, () => false);
    await text;
    if (copied) notices.tell(firstrunText.copiedWithYourKey(what));
    else notices.tell(firstrunText.couldNotBeCopied(what), 'bad');
  } catch (error) {
    notices.tell(firstrunText.couldNotBeCopiedOfWhat(what, refusalFrom(error).message), 'bad');
  }
}
