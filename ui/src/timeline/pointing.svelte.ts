//! The pointer on the timeline: where it rests, what it drags, and how the wheel moves the view. What lies where is asked of the timeline.
import { board } from '../state/board.svelte';
import { desk } from '../state/desk.svelte';
import { pointIn } from '../state/point';
import type { Mark } from '../wire';
import type { Cell } from './cells';
import type { LaneRow } from './rows';
import type { Spot } from './spots';
import { timeAt, type View } from './view';

/** What the pointer has to know of the timeline at this moment. */
export interface Ground {
  readonly plot: HTMLElement | undefined;
  readonly axis: HTMLElement | undefined;
  readonly view: View;
  readonly width: number;
  readonly now_ms: number;
  /** Pixels of the screen for each of the plot's. */
  readonly ratio: number;
  laneAt(y: number): LaneRow | null;
  spotAt(x: number, y: number): Spot | null;
  cellUnder(x: number, y: number): { cell: Cell; cell_ms: number; cueId: string } | null;
  onopen(mark: Mark): void;
}

interface Drag {
  kind: 'pan' | 'range';
  from: number;
  to: number;
  t1_ms: number;
  moved: boolean;
}

export class Pointing {
  /** Where the pointer rests over the plot. */
  hover = $state.raw<{ x: number; y: number; clientX: number; clientY: number } | null>(null);
  /** Where it rests over the axis. */
  over = $state.raw<{ x: number; clientX: number; clientY: number } | null>(null);
  drag = $state.raw<Drag | null>(null);
  #ground: Ground;

  constructor(ground: Ground) {
    this.#ground = ground;
  }

  /** The stretch of the axis that is being chosen, in pixels. */
  get range(): readonly [number, number] | null {
    const { drag } = this;
    return drag?.kind === 'range' && drag.moved ? [Math.min(drag.from, drag.to), Math.max(drag.from, drag.to)] : null;
  }

  #at(event: PointerEvent | MouseEvent | WheelEvent): { x: number; y: number } {
    return this.#ground.plot ? pointIn(this.#ground.plot, event) : { x: 0, y: 0 };
  }

  move = (event: PointerEvent): void => {
    const { view, width, ratio } = this.#ground;
    const { x, y } = this.#at(event);
    const { drag } = this;
    if (drag?.kind === 'pan') {
      const moved = drag.moved || Math.abs(x - drag.from) > 3;
      this.drag = { ...drag, to: x, moved };
      // By whole pixels of the screen: then the picture stays what it is, and moves.
      const by = Math.round((x - drag.from) * ratio) / ratio;
      if (moved) board.look({ span_ms: view.span_ms, t1_ms: drag.t1_ms - (by / width) * view.span_ms });
    }
    this.hover = x > width ? null : { x, y, clientX: event.clientX, clientY: event.clientY };
  };

  down = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    const { x } = this.#at(event);
    this.#ground.plot?.setPointerCapture(event.pointerId);
    this.drag = { kind: 'pan', from: x, to: x, t1_ms: this.#ground.view.t1_ms, moved: false };
  };

  up = (event: PointerEvent): void => {
    const was = this.drag;
    this.drag = null;
    if (!was || was.moved) return;
    const { x, y } = this.#at(event);
    const cell = this.#ground.cellUnder(x, y);
    const spot = cell ? null : this.#ground.spotAt(x, y);
    const row = this.#ground.laneAt(y);
    if (cell?.cell.worst) {
      desk.know({ marks: [cell.cell.worst] });
      board.selectMark(cell.cell.worst);
    } else if (spot) board.select(spot.cueId, spot.id);
    else if (row) board.select(row.cue.id);
  };

  cancel = (): void => {
    this.drag = null;
  };

  leave = (): void => {
    this.hover = null;
    this.over = null;
  };

  double = (event: MouseEvent): void => {
    const { x, y } = this.#at(event);
    const cell = this.#ground.cellUnder(x, y);
    const spot = cell ? null : this.#ground.spotAt(x, y);
    if (cell) board.look({ span_ms: cell.cell_ms * 3, t1_ms: (cell.cell.at + 2) * cell.cell_ms });
    else if (spot?.mark) this.#ground.onopen(spot.mark);
  };

  wheel = (event: WheelEvent): void => {
    const { view, width, now_ms } = this.#ground;
    const { x } = this.#at(event);
    // Some wheels count in lines, and some in pages.
    const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      board.zoom(view.span_ms * Math.exp(event.deltaY * unit * 0.002), now_ms, width, Math.min(1, Math.max(0, x / width)));
    } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      board.look({ span_ms: view.span_ms, t1_ms: view.t1_ms + (((event.deltaX || event.deltaY) * unit) / width) * view.span_ms });
    }
  };

  axisDown = (event: PointerEvent): void => {
    const { x } = this.#at(event);
    this.#ground.axis?.setPointerCapture(event.pointerId);
    this.drag = { kind: 'range', from: x, to: x, t1_ms: this.#ground.view.t1_ms, moved: false };
  };

  axisMove = (event: PointerEvent): void => {
    const { x } = this.#at(event);
    const { drag } = this;
    this.over = drag === null ? { x, clientX: event.clientX, clientY: event.clientY } : null;
    if (drag?.kind === 'range') this.drag = { ...drag, to: Math.max(0, Math.min(this.#ground.width, x)), moved: drag.moved || Math.abs(x - drag.from) > 6 };
  };

  axisUp = (): void => {
    const { view, width } = this.#ground;
    const { range } = this;
    this.drag = null;
    if (range === null) return;
    const [a, b] = range.map((x) => timeAt(view, x, width)) as [number, number];
    board.look({ span_ms: b - a, t1_ms: b });
  };
}
