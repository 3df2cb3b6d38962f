import { describe, expect, it } from 'vitest';
import { step } from '../testing';
import { EMPTY_TREE, firstFailed, outdated, outlineOf, PAGE, turned, wantedBy, withPage, type Row, type Tree } from './tree';
import type { StepView } from '../wire';

const words = (rows: readonly Row[]) => rows.map((row) => `${row.index} ${'·'.repeat(row.level - 1)}${row.step === null ? '?' : `${row.number || '~'} ${row.step.name}`}`);
const siblings = (under: number, from: number, names: readonly string[], change: (name: string) => Partial<StepView> = () => ({})) => names.map((name, i) => step({ ordinal: from + i, under, place: i + 1, name, ...change(name) }));

/** a, b (with b1, b2), c. */
function small(): Tree {
  const top = withPage(EMPTY_TREE, 0, 0, siblings(0, 1, ['a', 'b', 'c'], (name) => (name === 'b' ? { children: 2 } : {})), 3);
  return withPage(top, 2, 0, siblings(2, 4, ['b1', 'b2']), 2);
}

describe('rows', () => {
  it('a small tree is open, and numbered by place', () => {
    const outline = outlineOf(small());
    expect(outline.count).toBe(5);
    expect(words(outline.slice(0, 99))).toEqual(['0 1 a', '1 2 b', '2 ·2.1 b1', '3 ·2.2 b2', '4 3 c']);
    expect([outline.indexOf({ under: 0, at: 2 }), outline.indexOf({ under: 2, at: 1 }), outline.indexOf({ under: 9, at: 0 })]).toEqual([4, 3, -1]);
  });

  it('closed, what is under it is gone, and open again it is there at once', () => {
    const closed = turned(small(), { under: 0, at: 1 }, false);
    expect(words(outlineOf(closed).slice(0, 99))).toEqual(['0 1 a', '1 2 b', '2 3 c']);
    expect(outlineOf(closed).indexOf({ under: 2, at: 0 })).toBe(-1);
    expect(outlineOf(turned(closed, { under: 0, at: 1 }, true)).count).toBe(5);
    expect(turned(small(), { under: 0, at: 0 }, true), 'a leaf has nothing to open').toEqual(small());
  });

  it('what was closed by hand is not opened by its next page', () => {
    const closed = turned(small(), { under: 0, at: 1 }, false);
    const again = withPage(closed, 0, 0, siblings(0, 1, ['a', 'b', 'c'], (name) => (name === 'b' ? { children: 9, state: 'failed' } : {})), 3);
    expect(outlineOf(again).count).toBe(3);
  });

  it('a failed step opens by itself, also among many; one that holds very many does not', () => {
    const names = Array.from({ length: 60 }, (_, i) => `s${i + 1}`);
    const some = withPage(EMPTY_TREE, 0, 0, siblings(0, 1, names, (name) => ({ s7: { children: 2, state: 'failed' }, s9: { children: 2 }, s11: { children: 5000, state: 'failed' } })[name] ?? {}), 60);
    const outline = outlineOf(some);
    expect(outline.count).toBe(62);
    expect(words(outline.slice(6, 10))).toEqual(['6 7 s7', '7 ·?', '8 ·?', '9 8 s8']);
    expect(firstFailed(outline)?.step?.name).toBe('s7');
  });

  it('spans have no number of their own, and lend none to what is under them', () => {
    const tree = withPage(withPage(EMPTY_TREE, 0, 0, [step({ ordinal: 1, name: 'chat', place: 0, source: 'span', children: 1 })], 1), 1, 0, [step({ ordinal: 2, under: 1, place: 1, name: 'x' })], 1);
    expect(words(outlineOf(tree).slice(0, 9))).toEqual(['0 ~ chat', '1 ·1 x']);
  });

  it('every window of a tree is a cut of the whole', () => {
    let tree = small();
    tree = withPage(tree, 0, 0, siblings(0, 1, ['a', 'b', 'c'], (name) => ({ children: name === 'c' ? 3 : name === 'b' ? 2 : 0 })), 3);
    tree = withPage(tree, 3, 0, siblings(3, 6, ['c1', 'c2', 'c3'], (name) => (name === 'c2' ? { children: 1 } : {})), 3);
    tree = withPage(tree, 7, 0, siblings(7, 9, ['deep']), 1);
    const outline = outlineOf(tree);
    const whole = words(outline.slice(0, outline.count));
    expect(whole[7]).toBe('7 ··3.2.1 deep');
    for (let from = 0; from <= outline.count; from++) for (let to = from; to <= outline.count; to++) expect(words(outline.slice(from, to))).toEqual(whole.slice(from, to));
    for (const row of outline.slice(0, outline.count)) expect(outline.indexOf(row)).toBe(row.index);
  });
});

describe('pages', () => {
  const many = (page: number) => Array.from({ length: PAGE }, (_, i) => step({ ordinal: page * PAGE + i + 1, place: page * PAGE + i + 1, name: `n${page * PAGE + i + 1}` }));

  it('of a hundred thousand steps, those in sight are asked for, once', () => {
    expect(wantedBy(EMPTY_TREE, [])).toEqual([{ under: 0, page: 0 }]);
    const tree = withPage(EMPTY_TREE, 0, 0, many(0), 100_000);
    const outline = outlineOf(tree);
    expect(outline.count).toBe(100_000);
    const middle = outline.slice(49_990, 50_030);
    expect(middle.every((row) => row.step === null)).toBe(true);
    expect(wantedBy(tree, middle)).toEqual([{ under: 0, page: 249 }, { under: 0, page: 250 }]);
    const read = withPage(tree, 0, 250, many(250), 100_000);
    expect(wantedBy(read, outlineOf(read).slice(50_000, 50_030))).toEqual([]);
    expect(outlineOf(read).slice(50_000, 50_001)[0]?.step?.name).toBe('n50001');
  });

  it('far pages are let go, near ones stay', () => {
    let tree = EMPTY_TREE;
    for (let page = 0; page < 100; page++) tree = withPage(tree, 0, page, many(page), 100_000);
    const pages = [...(tree.branches.get(0)?.pages.keys() ?? [])];
    expect(pages.length).toBe(60);
    expect(Math.min(...pages)).toBe(40);
  });

  it('after a change what is in sight is asked for again, and stands meanwhile', () => {
    const old = outdated(small());
    expect(words(outlineOf(old).slice(0, 2))).toEqual(['0 1 a', '1 2 b']);
    expect(wantedBy(old, outlineOf(old).slice(0, 5))).toEqual([{ under: 0, page: 0 }, { under: 2, page: 0 }]);
    const fresh = withPage(old, 0, 0, siblings(0, 1, ['a', 'b', 'c', 'd'], (name) => (name === 'b' ? { children: 4 } : {})), 4);
    expect(outlineOf(fresh).count, 'its own line says that more stands under b').toBe(8);
    expect(wantedBy(fresh, outlineOf(fresh).slice(0, 8))).toEqual([{ under: 2, page: 0 }]);
  });

  it('an empty run is asked for again when it changed', () => {
    const empty = withPage(EMPTY_TREE, 0, 0, [], 0);
    expect(wantedBy(empty, [])).toEqual([]);
    expect(wantedBy(outdated(empty), [])).toEqual([{ under: 0, page: 0 }]);
  });

  it('a step that moved under another stands there alone', () => {
    const before = withPage(EMPTY_TREE, 0, 0, [step({ ordinal: 1, name: 'late', place: 0, source: 'span', children: 1 }), step({ ordinal: 3, name: 'parent', place: 1 })], 2);
    const after = withPage(outdated(before), 0, 0, [step({ ordinal: 3, name: 'parent', place: 1, children: 1 })], 1);
    const moved = withPage(after, 3, 0, [step({ ordinal: 1, under: 3, name: 'late', place: 0, source: 'span', children: 1 })], 1);
    expect(words(outlineOf(moved).slice(0, 9))).toEqual(['0 1 parent', '1 ·~ late', '2 ··?']);
  });
});
