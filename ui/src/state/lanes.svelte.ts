//! The past of the lanes that are looked at: asked for as the view moves, as marks or, where they would lie too close, as counts.
import { untrack } from 'svelte';
import { DAY, HOUR, MINUTE } from '../time';
import { cellFor, DENSE_PX, type Binned } from '../timeline/cells';
import { bestCounts, isCounted, isWhole, withChanges, withTold, type Asked, type LaneKnown } from '../timeline/known';
import { startOf, type View } from '../timeline/view';
import type { Cells, LaneCells, Mark } from '../wire';
import { desk } from './desk.svelte';

/** Marks that are kept before those of lanes out of sight go. */
const MARKS_KEPT = 60_000;
/** Counts that changed are asked for again no more often than this. */
const AGAIN_MS = 1000;

/** Lanes in one question. */
const LANES_AT_ONCE = 200;
/** Cells in one answer; the tower refuses above 200,000. */
const CELLS_AT_ONCE = 190_000;

interface Wanted {
  cueIds: readonly string[];
  view: View;
  width: number;
}

class Lanes {
  known = $state.raw<ReadonlyMap<string, LaneKnown>>(new Map());
  #wanted: Wanted | null = null;
  #busy = false;
  #again: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    desk.onRound(() => {
      this.known = new Map();
      void this.#ask();
    });
    desk.onEvent((event) => this.#changed(event.marks));
  }

  /** What is to be known: these lanes, over this stretch of time. */
  want(cueIds: readonly string[], view: View, width: number): void {
    this.#wanted = { cueIds, view, width };
    void this.#ask();
  }

  /** What the host counted for a lane, where not all of its marks in the view are here. */
  counted(cueId: string, view: View, width: number): Binned | null {
    const known = this.known.get(cueId);
    const [from, to] = [startOf(view), Math.min(view.t1_ms, desk.loadedFrom_ms)];
    return isWhole(known, from, to) ? null : bestCounts(known, cellFor(view.span_ms / width), from, to);
  }

  /** True when every mark of a lane between two instants is here. */
  whole(cueId: string, from_ms: number, to_ms: number): boolean {
    return isWhole(this.known.get(cueId), from_ms, Math.min(to_ms, desk.loadedFrom_ms));
  }

  /** The nearest mark of a lane before or after an instant, where its marks here do not reach; null: there is none. */
  async beyond(cueId: string, at_ms: number, back: boolean): Promise<Mark | null> {
    for (let span_ms = 2 * HOUR; span_ms < 4000 * DAY; span_ms *= 8) {
      const [from_ms, to_ms] = back ? [at_ms - span_ms, at_ms] : [at_ms + 1, Math.min(at_ms + 1 + span_ms, desk.loadedFrom_ms)];
      if (from_ms >= to_ms) return null;
      const cell_ms = Math.ceil((to_ms - from_ms) / 3900);
      let lane = await this.#around(cueId, from_ms, to_ms, cell_ms);
      // More than can be told one by one: those of the nearest cell.
      const cell = back ? lane?.cells[lane.cells.length - 1] : lane?.cells[0];
      if (cell) lane = await this.#around(cueId, Math.max(from_ms, cell.at * cell_ms), Math.min(to_ms, (cell.at + 1) * cell_ms), 1000);
      const mark = back ? lane?.marks[lane.marks.length - 1] : lane?.marks[0];
      if (mark || !lane) return mark ?? null;
    }
    return null;
  }

  async #around(cueId: string, from_ms: number, to_ms: number, cell_ms: number): Promise<LaneCells | undefined> {
    return (await this.#look([cueId], { from_ms, to_ms, cell_ms, head: false }, 1))?.lanes[0];
  }

  #changed(marks: readonly Mark[]): void {
    const next = withChanges(this.known, marks);
    if (next === this.known) return;
    this.known = next;
    clearTimeout(this.#again);
    this.#again = setTimeout(() => void this.#ask(), AGAIN_MS);
  }

  async #ask(): Promise<void> {
    if (this.#busy || !this.#wanted || desk.phase !== 'ready') return;
    const wanted = this.#wanted;
    const { cueIds, view, width } = wanted;
    const pixel_ms = view.span_ms / width;
    const cell_ms = cellFor(pixel_ms);
    const floor_ms = desk.loadedFrom_ms;
    const [from, to] = [startOf(view), Math.min(view.t1_ms, floor_ms)];
    const lacking = untrack(() =>
      cueIds.filter((id) => {
        const known = this.known.get(id);
        return !known?.past || (!isWhole(known, from, to) && !isCounted(known, cell_ms, from, to));
      })
    );
    if (lacking.length === 0) return;
    this.#busy = true;
    const { round } = desk;
    const margin_ms = view.span_ms / 2;
    // Runs that began before the view may end in it.
    const from_ms = Math.floor(from - Math.max(margin_ms, 30 * MINUTE));
    const to_ms = Math.ceil(Math.max(from_ms + 1, Math.min(view.t1_ms + margin_ms, floor_ms)));
    const most = Math.max(1, Math.min(LANES_AT_ONCE, Math.floor(CELLS_AT_ONCE / ((to_ms - from_ms) / cell_ms + 2))));
    const told = await this.#look(lacking.slice(0, most), { from_ms, to_ms, cell_ms, head: true }, Math.floor(DENSE_PX * pixel_ms));
    this.#busy = false;
    // What was refused is asked for again when the view moves.
    if (this.#wanted !== wanted || round !== desk.round || (told && lacking.length > most)) void this.#ask();
  }

  async #look(cue_ids: string[], asked: Asked, dense_ms: number): Promise<Cells | null> {
    const { from_ms, to_ms, cell_ms } = asked;
    const floor_ms = desk.loadedFrom_ms;
    try {
      const answer = await desk.ask('board_cells', { cue_ids, from_ms, to_ms, cell_ms, dense_ms, past_before_ms: asked.head ? Math.ceil(floor_ms) : null });
      if (floor_ms === desk.loadedFrom_ms) this.#take(answer, asked);
      return answer;
    } catch {
      return null;
    }
  }

  #take(answer: Cells, asked: Asked): void {
    const marks = answer.lanes.flatMap((lane) => lane.marks);
    this.known = withTold(this.known, answer.lanes, asked);
    if (marks.length > 0 || answer.bands.length > 0 || asked.from_ms < desk.bandsFrom_ms) desk.knowPast(marks, answer.bands, asked.from_ms);
    this.#prune();
  }

  #prune(): void {
    let count = 0;
    for (const lane of desk.fleet.lanes.values()) count += lane.length;
    if (count <= MARKS_KEPT) return;
    const keep = new Set(this.#wanted?.cueIds);
    desk.forgetPast(keep);
    this.known = new Map([...this.known].map(([id, known]) => [id, keep.has(id) ? known : { ...known, whole: [] }]));
  }
}

export const lanes = new Lanes();
