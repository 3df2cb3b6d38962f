//! What the owner looks at on the board: range, selection, filter. Kept while other screens are open; the range and the way of looking also over restarts.
import { SvelteSet } from 'svelte/reactivity';
import type { Mark } from '../wire';
import { DAY } from '../time';
import { clampSpan, following, pivotShare, zoomed, type View } from '../timeline/view';

export interface Selection {
  cueId: string;
  /** An occurrence, or a predicted fire (`cue@due`); null when the cue itself is selected. */
  spotId: string | null;
}

function remembered(key: string): string | null {
  try {
    return localStorage.getItem(`ct-${key}`);
  } catch {
    return null;
  }
}

function remember(key: string, value: string): void {
  try {
    localStorage.setItem(`ct-${key}`, value);
  } catch {
    // A browser that keeps nothing still shows everything.
  }
}

class BoardState {
  span_ms = $state(DAY);
  t1_ms = $state(0);
  follow = $state(true);
  /** `ahead`: the next 30 days; a window never opens with it. */
  mode = $state<'timeline' | 'ledger' | 'ahead'>(remembered('mode') === 'ledger' ? 'ledger' : 'timeline');
  filter = $state('');
  selection = $state.raw<Selection | null>(null);
  collapsed = new SvelteSet<string>();
  scroll = 0;
  ledgerScroll = 0;
  /** The cue that is asked about: whether it is to be deleted. */
  deleting = $state<string | null>(null);
  /** The first picture is on the screen. */
  drawn = false;
  /** Groups were folded once, for a fleet this large; after that it is the owner's. */
  #folded = false;
  /** False until a range was chosen: by hand, now or in an earlier session, or as the one that fits the fleet. */
  spanChosen = false;

  constructor() {
    const span = Number(remembered('span'));
    if (Number.isFinite(span) && span > 0) {
      this.span_ms = clampSpan(span);
      this.spanChosen = true;
    }
  }

  view(now_ms: number, width: number): View {
    return this.follow ? following(this.span_ms, now_ms, width) : { span_ms: this.span_ms, t1_ms: this.t1_ms };
  }

  /** Zooms; without a pointer the pivot is now, or the middle when now is out of sight. */
  zoom(span_ms: number, now_ms: number, width: number, share?: number): void {
    const view = this.view(now_ms, width);
    const next = zoomed(view, span_ms, share ?? pivotShare(view, now_ms));
    this.span_ms = next.span_ms;
    this.t1_ms = next.t1_ms;
    if (share !== undefined) this.follow = false;
    this.spanChosen = true;
    remember('span', String(this.span_ms));
  }

  /** Shows another stretch of time and leaves follow mode. */
  look(view: View): void {
    this.follow = false;
    this.span_ms = clampSpan(view.span_ms);
    this.t1_ms = view.t1_ms;
  }

  followNow(): void {
    this.follow = true;
  }

  setMode(mode: 'timeline' | 'ledger' | 'ahead'): void {
    this.mode = mode;
    remember('mode', mode);
  }

  select(cueId: string, spotId: string | null = null): void {
    this.selection = { cueId, spotId };
  }

  selectMark(mark: Mark): void {
    this.select(mark.cue_id, mark.occurrence_id);
  }

  clear(): void {
    this.selection = null;
  }

  /** What has been of one cue, as a table. */
  history(cueName: string): void {
    this.filter = cueName;
    this.setMode('ledger');
  }

  /** Folds groups with nothing but ordinary marks, once. */
  foldOnce(ordinary: () => readonly string[]): void {
    if (this.#folded) return;
    this.#folded = true;
    for (const agent of ordinary()) this.collapsed.add(agent);
  }

  toggleGroup(agent: string): void {
    if (!this.collapsed.delete(agent)) this.collapsed.add(agent);
  }
}

export const board = new BoardState();
