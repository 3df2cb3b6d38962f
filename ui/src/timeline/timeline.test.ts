import { describe, expect, it } from 'vitest';
import { cue, mark, NOW } from '../testing';
import { DAY, HOUR, MINUTE } from '../time';
import type { Mark } from '../wire';
import { nearestName, ordinaryAgents, rowAt, rowsIn, rowsOf } from './rows';
import { deliveredAt, detailOf, endedAt, lowerBound, nearest, pitchOf, spotsOf, visible } from './spots';
import { ticksOf } from './ticks';
import { clampSpan, fittingSpan, following, nowAway, pivotShare, startOf, timeAt, xOf, zoomed } from './view';

const hourly = (n: number) => Array.from({ length: n }, (_, i) => mark({ occurrence_id: `o${i}`, due_ms: NOW - (n - i) * HOUR }));

describe('now', () => {
  const view = { span_ms: HOUR, t1_ms: NOW };
  it.each([[NOW - HOUR, null], [NOW, null], [NOW + MINUTE, { later: true, by_ms: MINUTE }], [NOW - HOUR - DAY, { later: false, by_ms: DAY }]])('is in sight, or so far away', (now_ms, away) => expect(nowAway(view, now_ms)).toEqual(away));
});

describe('rows', () => {
  const cues = [cue({ id: '1', name: 'b', agent: 'zed' }), cue({ id: '2', name: 'a', agent: 'zed' }), cue({ id: '3', name: 'lone', agent: '' }), cue({ id: '4', name: 'x', agent: 'amy' })];
  const told = (filter: string, collapsed: string[] = []) => rowsOf(cues, filter, new Set(collapsed)).rows.map((r) => (r.kind === 'group' ? `[${r.agent} ${r.cues}${r.collapsed ? ' folded' : ''}] ${r.y}` : `${r.cue.name} ${r.y}`));
  it('groups by agent, those without one last, lanes by name', () => expect(told('')).toEqual(['[amy 1] 0', 'x 24', '[zed 2] 56', 'a 80', 'b 112', '[ 1] 144', 'lone 168']));
  it('folds a group', () => expect(told('', ['zed'])).toEqual(['[amy 1] 0', 'x 24', '[zed 2 folded] 56', '[ 1] 80', 'lone 104']));
  it('a filter looks into folded groups', () => expect(told('zed a', ['zed'])).toEqual(['[zed 1] 0', 'a 24']));
  it('only those of a stretch are drawn, and a height finds its row', () => {
    const { rows } = rowsOf(cues, '', new Set());
    expect(rowsIn(rows, 24, 56).map((r) => r.y)).toEqual([24]);
    expect(rowsIn(rows, 50, 90).map((r) => r.y)).toEqual([24, 56, 80]);
    expect([rowAt(rows, 0)?.y, rowAt(rows, 55)?.y, rowAt(rows, 56)?.y, rowAt(rows, 9999)]).toEqual([0, 24, 56, null]);
  });
  it('of a large fleet, groups with nothing out of the ordinary are folded at first', () => {
    const fleet = Array.from({ length: 61 }, (_, i) => cue({ id: `${i}`, name: `n${i}`, agent: `a${i % 3}` }));
    expect(ordinaryAgents(fleet, new Set(['1']))).toEqual(['a0', 'a2']);
    expect(ordinaryAgents(fleet.slice(0, 60), new Set(['1']))).toEqual([]);
    expect(ordinaryAgents(fleet.map((one) => ({ ...one, agent: '' })), new Set()), 'a board of one folded group would be blank').toEqual([]);
  });
  it.each([['scroe', 'score-new-leads'], ['digest', 'lead-digest'], ['qqqq', null]])('nearest to %s', (filter, name) => expect(nearestName(filter, ['score-new-leads', 'lead-digest'])).toBe(name));
});

describe('spots', () => {
  it('predictions follow what is in the ledger; armed and passed ones are left out', () => {
    const armed = mark({ occurrence_id: 'armed', due_ms: NOW + HOUR, scheduled: 'due' });
    expect(spotsOf('c1', [mark(), armed], [NOW - 1, NOW + HOUR, NOW + 2 * HOUR], NOW).map((s) => s.id)).toEqual(['o1', 'armed', `c1@${NOW + 2 * HOUR}`]);
  });
  it('a fire by hand between predictions keeps the order', () => {
    const later = mark({ occurrence_id: 'armed', due_ms: NOW + 2 * HOUR, scheduled: 'due' });
    expect(spotsOf('c1', [later], [NOW + HOUR], NOW).map((s) => s.due_ms)).toEqual([NOW + HOUR, NOW + 2 * HOUR]);
  });
  it('the pitch is the usual gap', () => {
    expect(pitchOf(spotsOf('c1', hourly(10), [], NOW))).toBe(HOUR);
    expect(pitchOf([])).toBe(Infinity);
  });
  it.each<[number, string]>([[2, 'share'], [3, 'ticks'], [8.9, 'ticks'], [9, 'column'], [77, 'column'], [78, 'open'], [Infinity, 'open']])('%d px apart are drawn as %s', (px, detail) => expect(detailOf(px)).toBe(detail));
  it('only what may touch the view is drawn', () => {
    const spots = spotsOf('c1', hourly(48), [], NOW);
    expect(lowerBound(spots, NOW - 3 * HOUR)).toBe(45);
    expect(visible(spots, { span_ms: 2 * HOUR, t1_ms: NOW }, HOUR).map((s) => s.id)).toEqual(['o45', 'o46', 'o47']);
    const ahead = (ahead_ms: number) => visible(spots, { span_ms: 2 * HOUR, t1_ms: NOW - 2 * HOUR }, 0, ahead_ms).map((s) => s.id);
    expect([ahead(0), ahead(1)], 'what is due past the edge reaches into the view').toEqual([['o44', 'o45'], ['o44', 'o45', 'o46']]);
  });
  it('a run of any length is drawn where it is, and one that goes on until now', () => {
    const run = (id: string, due_ms: number, more: Partial<Mark>) => mark({ occurrence_id: id, due_ms, ...more });
    const spots = spotsOf('c1', [run('over', NOW - 30 * HOUR, { ended_at_ms: NOW - 20 * HOUR }), run('goes on', NOW - 26 * HOUR, { confirmed: 'working', ended_at_ms: null }), run('short', NOW - 21 * HOUR, { ended_at_ms: NOW - 20.9 * HOUR })], [], NOW);
    const seen = (t1_ms: number) => visible(spots, { span_ms: HOUR / 4, t1_ms }, 4 * HOUR).map((s) => s.id);
    expect([seen(NOW), seen(NOW - 20.1 * HOUR), seen(NOW - 19 * HOUR)]).toEqual([['goes on'], ['over', 'goes on', 'short'], ['goes on', 'short']]);
  });
  it('a live run reaches to now', () => {
    const live = mark({ confirmed: 'working', ended_at_ms: null });
    expect([endedAt(live, NOW + HOUR), deliveredAt(live, NOW + HOUR)]).toEqual([NOW + HOUR, NOW + 293]);
    expect(deliveredAt(mark({ delivered: 'delivering', delivered_at_ms: null }), NOW + HOUR)).toBe(NOW + HOUR);
  });
  it('the pointer finds the nearest run, and a long one over its whole length', () => {
    const view = { span_ms: 10 * HOUR, t1_ms: NOW };
    const spots = spotsOf('c1', [mark({ occurrence_id: 'long', due_ms: NOW - 8 * HOUR, ended_at_ms: NOW - 4 * HOUR }), mark({ occurrence_id: 'short', due_ms: NOW - HOUR })], [], NOW);
    expect([nearest(spots, view, 1000, 400, NOW)?.id, nearest(spots, view, 1000, 895, NOW)?.id, nearest(spots, view, 1000, 700, NOW)]).toEqual(['long', 'short', null]);
  });
});

describe('the view', () => {
  const view = { span_ms: 10 * HOUR, t1_ms: NOW };
  it('instants and pixels are the same thing twice', () => {
    expect(xOf(view, startOf(view), 500)).toBe(0);
    expect(timeAt(view, xOf(view, NOW - HOUR, 500), 500)).toBe(NOW - HOUR);
  });
  it('follows now at 73 %, in whole pixels', () => {
    const v = following(DAY, NOW, 1000);
    expect(xOf(v, NOW, 1000) / 1000).toBeCloseTo(0.73, 2);
    expect(following(DAY, NOW + 10, 1000).t1_ms - v.t1_ms === 0 || following(DAY, NOW + 10, 1000).t1_ms - v.t1_ms === DAY / 1000).toBe(true);
  });
  it('zooms around the pointer', () => {
    const at = timeAt(view, 250, 1000);
    expect(timeAt(zoomed(view, 2 * HOUR, 0.25), 250, 1000)).toBe(at);
    expect(pivotShare(view, NOW - 5 * HOUR)).toBe(0.5);
    expect(pivotShare(view, NOW + 5 * HOUR)).toBe(0.5);
  });
  it('stays within 4 min and 45 d', () => expect([clampSpan(1), clampSpan(99 * DAY), clampSpan(HOUR)]).toEqual([4 * MINUTE, 45 * DAY, HOUR]));
  it.each([[MINUTE, 15 * MINUTE], [5 * MINUTE, HOUR], [30 * MINUTE, 6 * HOUR], [DAY, DAY]])('a fleet every %d ms is first seen over %d ms', (pitch, span) => expect(fittingSpan(pitch)).toBe(span));
});

describe('ticks', () => {
  it('stand on round times of the zone, and name the day at midnight', () => {
    const labels = ticksOf({ span_ms: DAY, t1_ms: NOW + 6 * HOUR }, 1000, 'Europe/Madrid').map((t) => t.label);
    expect(labels).toContain('Fri 20 Nov');
    expect(labels.every((label) => /^(\d\d:00|[A-Z][a-z]{2} \d+ [A-Z][a-z]{2})$/.test(label))).toBe(true);
  });
  it.each([300, 470, 664, 900, 1400])('over a month lie evenly, each with room for its words, %i px wide', (width) => {
    const xs = ticksOf({ span_ms: 30 * DAY, t1_ms: NOW }, width, 'UTC').map((tick) => tick.x);
    const gaps = xs.slice(1).map((x, i) => Math.round(x - (xs[i] ?? 0)));
    expect(new Set(gaps).size).toBe(1);
    expect(gaps[0]).toBeGreaterThanOrEqual(52);
  });
  it('over a month stand at midnights, also across a clock change', () => {
    const ticks = ticksOf({ span_ms: 30 * DAY, t1_ms: Date.UTC(2027, 3, 10) }, 1000, 'Europe/Madrid');
    expect(ticks.length).toBeGreaterThan(8);
    expect(ticks.every((t) => t.midnight)).toBe(true);
    expect(new Set(ticks.map((t) => t.label)).size).toBe(ticks.length);
  });
});
