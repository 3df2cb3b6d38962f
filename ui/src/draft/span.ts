//! A length of time as it is typed: an amount and its unit. Pure.
import * as timeText from '../text/time';
import { lasting, SECOND } from '../time';

export const UNITS = { seconds: 1, minutes: 60, hours: 3600, days: 86400 } as const;
export type Unit = keyof typeof UNITS;

export interface Span {
  /** Empty: none is given. */
  amount: string;
  unit: Unit;
}

/** Writes a number without the noise of binary fractions. */
export function tidy(value: number): string {
  return String(Number(value.toPrecision(12)));
}

/** In the largest unit that takes it whole; anything that is no number is an empty one. */
export function spanOf(seconds: unknown, unit: Unit = 'minutes'): Span {
  if (typeof seconds !== 'number' || !Number.isFinite(seconds)) return { amount: '', unit };
  if (seconds === 0) return { amount: '0', unit: 'seconds' };
  const whole = (['days', 'hours', 'minutes'] as const).find((candidate) => seconds % UNITS[candidate] === 0) ?? 'seconds';
  return { amount: tidy(seconds / UNITS[whole]), unit: whole };
}

/** What holds where nothing is typed, in a unit that takes it whole, or in the one that was chosen. */
export function usualIn(seconds: number, unit: Unit | null): Span {
  return unit === null ? spanOf(seconds) : { amount: String(Number((seconds / UNITS[unit]).toPrecision(3))), unit };
}

/** Seconds; null when nothing is given, NaN when it is no number. */
export function secondsOf(span: Span): number | null {
  const typed = span.amount.trim();
  return typed === '' ? null : Math.round(Number(typed) * UNITS[span.unit] * 1000) / 1000;
}

/** "5 min", "30 d"; empty when it is no length. */
export function spanWords(span: Span): string {
  const seconds = secondsOf(span);
  return seconds === null || !Number.isFinite(seconds) || seconds < 0 ? '' : lasting(seconds * SECOND);
}

/** "every minute", "every 5 min", "every hour"; empty when it is no length. */
export function everyWords(span: Span): string {
  if (span.amount.trim() === '1') return timeText.every(span.unit.slice(0, -1));
  const words = spanWords(span);
  return words === '' ? '' : timeText.everyOfWords(words);
}
