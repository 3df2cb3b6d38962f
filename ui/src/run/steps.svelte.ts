//! The steps of one run as they are read: pages as they come into sight, again when they changed, never all of them.
import { refusalFrom } from '../bridge';
import { desk } from '../state/desk.svelte';
import { EMPTY_TREE, keyOf, outdated, outlineOf, PAGE, stepAt, turned, wantedBy, withPage, type Outline, type Row, type Spot, type Tree } from './tree';

const AT_ONCE = 4;
/** Pages read at most to find one step among its siblings. */
const SEEK_PAGES = 6;

export class StepsReader {
  readonly runId: string;
  tree = $state.raw<Tree>(EMPTY_TREE);
  /** Why they cannot be shown. */
  trouble = $state<string | null>(null);
  readonly outline: Outline = $derived(outlineOf(this.tree));
  #asked: string[] = [];
  #waiting: (() => void)[] = [];
  #round = 0;

  constructor(runId: string) {
    this.runId = runId;
  }

  /** These rows are in sight: whatever of them is not here, or not news, is asked for. */
  look(rows: readonly Row[]): void {
    for (const { under, page } of wantedBy(this.tree, rows)) void this.#read(under, page);
  }

  /** Something about them changed: what is in sight is asked for again, the rest when it comes into sight. */
  renew(): void {
    this.#round++;
    this.tree = outdated(this.tree);
  }

  turn(spot: Spot, open: boolean): void {
    this.tree = turned(this.tree, spot, open);
  }

  /** Opens whatever a step stands under, and says where it stands; null when it is not found. */
  async find(ordinal: number): Promise<Spot | null> {
    const { step } = await desk.ask('run_step', { run_id: this.runId, ordinal });
    if (step.under !== 0) {
      const parent = await this.find(step.under);
      if (parent === null) return null;
      this.turn(parent, true);
    }
    const guess = Math.floor(Math.max(0, step.place - 1) / PAGE);
    for (let page = guess; page < guess + SEEK_PAGES; page++) {
      if (!this.tree.branches.get(step.under)?.pages.has(page)) await this.#read(step.under, page);
      const at = this.tree.branches.get(step.under)?.pages.get(page)?.findIndex((one) => one.ordinal === ordinal) ?? -1;
      if (at >= 0) return { under: step.under, at: page * PAGE + at };
    }
    return null;
  }

  stepAt(spot: Spot) {
    return stepAt(this.tree, spot);
  }

  async #read(under: number, page: number): Promise<void> {
    const key = keyOf({ under, at: page });
    if (this.#asked.includes(key)) return;
    this.#asked.push(key);
    try {
      if (this.#asked.length > AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
      const round = this.#round;
      const { steps, total } = await desk.ask('run_steps', { run_id: this.runId, under: under === 0 ? null : under, offset: page * PAGE, limit: PAGE });
      this.tree = withPage(this.tree, under, page, steps, total);
      if (round !== this.#round) this.tree = outdated(this.tree);
      this.trouble = null;
    } catch (error) {
      const refusal = refusalFrom(error);
      if (refusal.code !== 'unreachable' && refusal.code !== 'session') this.trouble = refusal.message;
    } finally {
      this.#asked = this.#asked.filter((other) => other !== key);
      this.#waiting.shift()?.();
    }
  }
}
