//! The steps of a run as a tree of which only pages are known: what is open, which row stands where, which page is wanted. Pure.
import type { StepView } from '../wire';

/** Steps of one question. */
export const PAGE = 200;
/** A node with more steps right under it than this opens by hand alone, whatever became of it. */
const OPENS_MOST = 200;
/** Few enough that all of them can be seen at once. */
const FEW = 30;
/** Pages of one branch that are kept; those farthest from the newest go. */
const PAGES_KEPT = 60;
const DEEPEST_BY_ITSELF = 3;

/** What stands right under one step (0: at the top), as far as it was asked for. */
export interface Branch {
  /** As it was told last. */
  total: number;
  pages: ReadonlyMap<number, readonly StepView[]>;
  /** Pages that may be answered differently by now. */
  stale: ReadonlySet<number>;
}

/** A step by its place: the `at`th, from 0, of those under `under`. */
export interface Spot {
  under: number;
  at: number;
}

export interface Tree {
  /** By the ordinal of the step they stand under. */
  branches: ReadonlyMap<number, Branch>;
  /** Where each step stands that is open. */
  open: ReadonlyMap<number, Spot>;
  /** Steps that were opened or closed once, by hand or by themselves: they are left as they are. */
  decided: ReadonlySet<number>;
}

export const EMPTY_TREE: Tree = { branches: new Map(), open: new Map(), decided: new Set() };

/** One line of the waterfall. */
export interface Row extends Spot {
  /** Its place from above, from 0. */
  index: number;
  /** 1: at the top. */
  level: number;
  /** How many stand beside it, itself included. */
  siblings: number;
  /** Null: not here yet. */
  step: StepView | null;
  /** "3.4"; empty for a span, and for what is not here yet. */
  number: string;
  open: boolean;
}

/** Names a row as long as its step stands where it does. */
export function keyOf(spot: Spot): string {
  return `${spot.under}:${spot.at}`;
}

export function stepAt(tree: Tree, { under, at }: Spot): StepView | null {
  return tree.branches.get(under)?.pages.get(Math.floor(at / PAGE))?.[at % PAGE] ?? null;
}

function opensByItself(tree: Tree, step: StepView, level: number): boolean {
  if (step.children === 0 || tree.decided.has(step.ordinal)) return false;
  if (step.state === 'failed') return step.children <= OPENS_MOST;
  const top = tree.branches.get(0)?.total ?? 0;
  return level <= DEEPEST_BY_ITSELF && step.children <= FEW && top <= FEW;
}

function levelOf(tree: Tree, under: number): number {
  let level = 1;
  for (let at = under; at !== 0 && level < 100; level++) at = tree.open.get(at)?.under ?? 0;
  return level;
}

/** With one page that was answered. What it says may open steps by itself, once each. */
export function withPage(tree: Tree, under: number, page: number, steps: readonly StepView[], total: number): Tree {
  const before = tree.branches.get(under);
  const pages = new Map(before?.pages).set(page, steps);
  for (const far of [...pages.keys()].sort((a, b) => Math.abs(b - page) - Math.abs(a - page)).slice(0, Math.max(0, pages.size - PAGES_KEPT))) pages.delete(far);
  const last = Math.floor(Math.max(0, total - 1) / PAGE);
  for (const gone of [...pages.keys()]) if (gone > last) pages.delete(gone);
  const stale = new Set([...(before?.stale ?? [])].filter((other) => other !== page && other <= last));
  const branches = new Map(tree.branches).set(under, { total, pages, stale });
  const open = new Map(tree.open);
  const decided = new Set(tree.decided);
  const level = levelOf(tree, under);
  const next = { branches, open, decided };
  steps.forEach((step, i) => {
    const spot = { under, at: page * PAGE + i };
    if (open.has(step.ordinal)) open.set(step.ordinal, spot);
    else if (opensByItself(next, step, level)) {
      open.set(step.ordinal, spot);
      decided.add(step.ordinal);
    }
    // As many as its own line says: pages of it are asked for when they come into sight.
    const below = branches.get(step.ordinal);
    if (open.has(step.ordinal) && (below === undefined || below.total < step.children)) branches.set(step.ordinal, { total: step.children, pages: below?.pages ?? new Map(), stale: below?.stale ?? new Set() });
  });
  return next;
}

/** Opened or closed by hand. What cannot be opened stays as it is. */
export function turned(tree: Tree, spot: Spot, open: boolean): Tree {
  const step = stepAt(tree, spot);
  if (step === null || step.children === 0 || tree.open.has(step.ordinal) === open) return tree;
  const opened = new Map(tree.open);
  const branches = new Map(tree.branches);
  if (open) {
    opened.set(step.ordinal, { under: spot.under, at: spot.at });
    const below = branches.get(step.ordinal);
    branches.set(step.ordinal, { total: Math.max(step.children, below?.total ?? 0), pages: below?.pages ?? new Map(), stale: new Set(below?.pages.keys()) });
  } else opened.delete(step.ordinal);
  return { branches, open: opened, decided: new Set(tree.decided).add(step.ordinal) };
}

/** Every page may be answered differently by now. */
export function outdated(tree: Tree): Tree {
  return { ...tree, branches: new Map([...tree.branches].map(([under, branch]) => [under, { ...branch, stale: new Set(branch.pages.keys()) }])) };
}

/** The rows of a tree, without making them all. */
export interface Outline {
  /** How many rows there are. */
  count: number;
  /** Those from `from` to before `to`. */
  slice(from: number, to: number): Row[];
  /** Which row it is; -1 when what it stands under is not open. */
  indexOf(spot: Spot): number;
}

export function outlineOf(tree: Tree): Outline {
  const opens = new Map<number, { ordinal: number; at: number }[]>();
  for (const [ordinal, { under, at }] of tree.open) {
    if (at >= (tree.branches.get(under)?.total ?? 0)) continue;
    const list = opens.get(under);
    if (list) list.push({ ordinal, at });
    else opens.set(under, [{ ordinal, at }]);
  }
  for (const list of opens.values()) list.sort((a, b) => a.at - b.at);
  const heights = new Map<number, number>();
  const heightOf = (under: number, depth = 0): number => {
    const known = heights.get(under);
    if (known !== undefined) return known;
    if (depth > 100) return 0;
    const height = (opens.get(under) ?? []).reduce((sum, { ordinal }) => sum + heightOf(ordinal, depth + 1), tree.branches.get(under)?.total ?? 0);
    heights.set(under, height);
    return height;
  };
  const count = heightOf(0);

  const slice = (from: number, to: number): Row[] => {
    const rows: Row[] = [];
    const walk = (under: number, level: number, prefix: string, start: number): void => {
      const total = tree.branches.get(under)?.total ?? 0;
      const inside = opens.get(under) ?? [];
      let [at, row] = [0, start];
      for (let o = 0; at < total && row < to; o++) {
        const next = inside[o];
        const until = Math.min(next?.at ?? total - 1, total - 1);
        for (let k = Math.max(0, from - row); k <= until - at && row + k < to; k++) {
          const step = stepAt(tree, { under, at: at + k });
          rows.push({ under, at: at + k, index: row + k, level, siblings: total, step, number: numberOf(step, prefix), open: next !== undefined && next.at === at + k });
        }
        row += until - at + 1;
        at = until + 1;
        if (next === undefined) continue;
        const height = heights.get(next.ordinal) ?? 0;
        if (row + height > from && row < to) walk(next.ordinal, level + 1, numberOf(stepAt(tree, { under, at: next.at }), prefix), row);
        row += height;
      }
    };
    walk(0, 1, '', 0);
    return rows;
  };

  const indexOf = ({ under, at }: Spot): number => {
    let start = 0;
    if (under !== 0) {
      const parent = tree.open.get(under);
      if (parent === undefined) return -1;
      const above = indexOf(parent);
      if (above < 0) return -1;
      start = above + 1;
    }
    return (opens.get(under) ?? []).filter((other) => other.at < at).reduce((sum, { ordinal }) => sum + (heights.get(ordinal) ?? 0), start + at);
  };

  return { count, slice, indexOf };
}

function numberOf(step: StepView | null, prefix: string): string {
  if (step === null || step.place === 0) return '';
  return prefix === '' ? String(step.place) : `${prefix}.${step.place}`;
}

/** A page to ask for. */
export interface Wanted {
  under: number;
  page: number;
}

/** Pages that these rows need and that are not here, or are not news any more; the top's first when nothing is known. */
export function wantedBy(tree: Tree, rows: readonly Row[]): Wanted[] {
  const top = tree.branches.get(0);
  if (top === undefined || (top.total === 0 && top.stale.size > 0)) return [{ under: 0, page: 0 }];
  const wanted = new Map<string, Wanted>();
  for (const { under, at } of rows) {
    const page = Math.floor(at / PAGE);
    const branch = tree.branches.get(under);
    if (branch !== undefined && (!branch.pages.has(page) || branch.stale.has(page))) wanted.set(`${under}:${page}`, { under, page });
  }
  return [...wanted.values()];
}

/** The first failed step that is here, from above. */
export function firstFailed(outline: Outline): Row | null {
  return outline.slice(0, Math.min(outline.count, 2000)).find((row) => row.step?.state === 'failed') ?? null;
}
