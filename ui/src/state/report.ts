//! The report of a day: its figures, the day beside it, and as text to send on. Pure.
import * as alertsText from '../text/alerts';
import { money } from '../time';
import type { Report } from '../wire';
import { brief, grouped } from './agents';

/** What is worth a figure: what is zero and should be stays away. */
export function figuresOf(report: Report): { word: string; value: string; tone: 'c1' | 'bad' | 'warn' | 'c3' }[] {
  const out: { word: string; value: string; tone: 'c1' | 'bad' | 'warn' | 'c3' }[] = [{ word: alertsText.ran, value: grouped(report.ran), tone: 'c1' }];
  const add = (word: string, n: number, tone: 'c1' | 'bad' | 'warn') => {
    if (n > 0) out.push({ word, value: grouped(n), tone });
  };
  add(alertsText.confirmed, report.confirmed, 'c1');
  add(alertsText.claimed, report.claimed, 'c1');
  add(alertsText.refuted, report.refuted, 'bad');
  add(alertsText.failed, report.failed, 'bad');
  add(alertsText.silent, report.silent, 'warn');
  add(alertsText.stopped, report.stopped, 'bad');
  add(alertsText.missed, report.missed, 'warn');
  out.push({ word: alertsText.cost, value: report.cost_usd === null ? 'not said' : money(report.cost_usd), tone: report.cost_usd === null ? 'c3' : 'c1' });
  if (report.tokens > 0) out.push({ word: alertsText.tokens, value: brief(report.tokens), tone: 'c1' });
  return out;
}

/** "2026-11-22", and the day so many days from it. */
export function otherDay(day: string, by: number): string {
  const at = Date.parse(`${day}T12:00:00Z`);
  return Number.isNaN(at) ? day : new Date(at + by * 86_400_000).toISOString().slice(0, 10);
}

/** As it may be sent on: the sentence, what needs somebody, each cue. */
export function reportText(report: Report): string {
  const lines = [`${report.day}: ${report.words}`];
  for (const alert of report.needs_you) lines.push(`! ${alert.title}`);
  for (const cue of report.by_cue) lines.push(alertsText.ranGood(cue.cue, cue.ran, cue.good, cue.bad > 0 ? alertsText.not(cue.bad) : '', cue.missed > 0 ? alertsText.missedOfMissed(cue.missed) : '', cue.cost_usd === null ? '' : `, ${money(cue.cost_usd)}`));
  return `${lines.join('\n')}\n`;
}
