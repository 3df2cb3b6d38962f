//! Gates, kept up to date while the window is open, and the answers that can still be taken back. They are sent by this page alone: closed meanwhile, it sends nothing.
import { untrack } from 'svelte';
import { refusalFrom, type Stop } from '../bridge';
import { NONE } from '../gate/rows';
import * as gatesText from '../text/gates';
import type { Gates, GateView } from '../wire';
import { desk } from './desk.svelte';
import { following } from './following';
import { endingSoon, isOvertaken, laterMinutes, sentAt, WORD_OF, type GateAct, type Held } from './gates';
import { notices } from './notice.svelte';
import { takeBack } from './takeback.svelte';

/** Of each list. */
const MOST = 200;

/** What was typed for an answer that is not given yet. */
export class AnswerDraft {
  /** The payload as it is being edited; null: it is not. */
  text = $state<string | null>(null);
  /** Rows that are left out. */
  out = $state.raw<ReadonlySet<number>>(NONE);
  comment = $state('');
}

class GatesState {
  /** Null until the tower has said. */
  all = $state.raw<Gates | null>(null);
  trouble = $state<string | null>(null);
  held = $state.raw<readonly Held[]>([]);
  /** The answer that went out last: the next gate opens by itself after it. */
  sent = $state.raw<{ id: string } | null>(null);
  /** How long a gate is put off, as it was chosen last. */
  later = $state(30);
  #readers = $state(0);
  #timers = new Map<string, ReturnType<typeof setTimeout>>();
  #drafts = new Map<string, AnswerDraft>();
  #warned: string[] = [];

  start(): void {
    $effect.root(() => {
      $effect(() => {
        if (desk.round > 0 && this.#readers >= 0) return untrack(() => following((event) => event.topics.includes('gates') || event.alerts.some((alert) => alert.kind === 'gate_waiting'), () => this.load()));
      });
      $effect(() => {
        const soon = endingSoon(this.waiting, this.#warned, desk.slow_ms);
        for (const gate of soon) this.#warned.push(gate.id);
        const [first] = soon;
        if (first) notices.warn(gatesText.aGateEndsSoon(first.title));
      });
    });
  }

  /** Whoever shows what was answered as well. */
  read(): Stop {
    untrack(() => this.#readers++);
    return () => untrack(() => this.#readers--);
  }

  get waiting(): readonly GateView[] {
    return this.all?.waiting ?? [];
  }

  heldOf(id: string): Held | undefined {
    return this.held.find((held) => held.gate.id === id);
  }

  draftOf(gate: Pick<GateView, 'id' | 'shown'>): AnswerDraft {
    const key = `${gate.id} ${gate.shown}`;
    const draft = this.#drafts.get(key) ?? new AnswerDraft();
    this.#drafts.set(key, draft);
    return draft;
  }

  /** Gives an answer: it is sent when it can no longer be taken back. */
  give(gate: GateView, act: GateAct, more: { payload?: string | null; comment?: string } = {}): void {
    if (this.heldOf(gate.id) || gate.state !== 'waiting') return;
    const now_ms = desk.clock();
    const minutes = laterMinutes(gate, this.later, now_ms);
    const held: Held = { gate, act, payload: more.payload ?? null, comment: more.comment?.trim() ?? '', minutes, given_ms: now_ms, sent_ms: sentAt(gate, takeBack.seconds * 1000, now_ms), going: false };
    this.held = [...this.held, held];
    this.#timers.set(gate.id, setTimeout(() => void this.#send(held), held.sent_ms - now_ms));
    const seconds = Math.round((held.sent_ms - now_ms) / 1000);
    if (seconds > 0) notices.say(gatesText.secondsToTakeItBack(act === 'deny' ? gatesText.denied : act === 'later' ? gatesText.putOff : gatesText.approved, seconds));
  }

  /** Takes an answer back. True: it had not been sent. */
  takeBack(id: string): boolean {
    const held = this.heldOf(id);
    if (!held || held.going) return false;
    this.#drop(id);
    notices.say(gatesText.takenBackItStillWaits);
    return true;
  }

  /** The one that was given last and can still be taken back. */
  takeBackLast(): boolean {
    const last = this.held.findLast((held) => !held.going);
    return last !== undefined && this.takeBack(last.gate.id);
  }

  /** The window is closed: what was not sent is not sent. */
  takeAllBack(): void {
    const open = this.held.filter((held) => !held.going);
    for (const held of open) this.#drop(held.gate.id);
    if (open.length > 0) notices.tell(gatesText.theWindowWasClosed(open.length === 1 ? gatesText.yourAnswerWas : gatesText.answersWere(open.length), open.length), 'bad');
  }

  /** Asks again now what was put off. */
  async askNow(gate: GateView): Promise<void> {
    try {
      this.know(await desk.ask('gate_put_off', { gate_id: gate.id, minutes: 0 }));
    } catch (error) {
      notices.tell(refusalFrom(error).message, 'bad');
    }
  }

  /** Shows what a command answered with. */
  know(gate: GateView): void {
    if (this.all === null) return;
    const { waiting, settled, waiting_count } = this.all;
    const stays = gate.state === 'waiting';
    this.all = {
      ...this.all,
      waiting: stays ? waiting.map((other) => (other.id === gate.id ? gate : other)) : waiting.filter((other) => other.id !== gate.id),
      waiting_count: stays ? waiting_count : Math.max(0, waiting_count - 1),
      settled: stays ? settled : [gate, ...settled.filter((other) => other.id !== gate.id)]
    };
  }

  #drop(id: string): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.held = this.held.filter((held) => held.gate.id !== id);
  }

  async #send(held: Held): Promise<void> {
    const { gate, act } = held;
    if (isOvertaken(held, desk.clock())) {
      this.#drop(gate.id);
      notices.tell(gatesText.yourAnswerToWas(gate.title), 'bad');
      return;
    }
    this.held = this.held.map((other) => (other.gate.id === gate.id ? { ...other, going: true } : other));
    try {
      const known = act === 'later' ? await desk.ask('gate_put_off', { gate_id: gate.id, minutes: held.minutes }) : await desk.ask('gate_answer', {
        gate_id: gate.id, shown: gate.shown, answer: WORD_OF[act],
        ...(act === 'edit' && held.payload !== null ? { payload_json: held.payload } : {}),
        ...(held.comment === '' ? {} : { comment: held.comment })
      });
      this.know(known);
      this.#drafts.delete(`${gate.id} ${gate.shown}`);
      this.sent = { id: gate.id };
    } catch (error) {
      const refusal = refusalFrom(error);
      if (refusal.code !== 'session') notices.tell(refusal.code === 'unreachable' ? gatesText.yourAnswerToWasOfTitle(gate.title, refusal.message) : refusal.message, 'bad');
      void this.load();
    }
    this.#drop(gate.id);
  }

  async load(): Promise<void> {
    const settled = this.#readers > 0;
    try {
      const answer = await desk.ask('gates', { limit: MOST, settled });
      this.all = settled ? answer : { ...answer, settled: this.all?.settled ?? [] };
      this.trouble = null;
      // Somebody else was first, or nobody waits any more: there is nothing left to send.
      const whole = answer.waiting.length === answer.waiting_count;
      for (const { gate, going } of this.held) {
        if (going || !whole || answer.waiting.some((other) => other.id === gate.id)) continue;
        this.#drop(gate.id);
        notices.tell(gatesText.wasSettledBeforeYour(gate.title));
      }
    } catch (error) {
      const refusal = refusalFrom(error);
      if (refusal.code !== 'unreachable') this.trouble = refusal.message;
    }
  }
}

export const gates = new GatesState();
