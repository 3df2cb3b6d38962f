//! What charts have in common: their colours read from the page, their grids, and the library behind them, fetched once.
import type uPlot from 'uplot';

const NAMES = ['bg-1', 'bg-3', 'bg-4', 'grey-b', 'line-1', 'line-2', 'line-3', 'text-1', 'text-2', 'text-3', 'mark', 'live', 'ok', 'warn', 'warn-mark', 'bad'] as const;
export type InkName = (typeof NAMES)[number];
export type Ink = Record<InkName, string> & { font: string };

/** The tokens that apply to the page now. */
export function inkOf(page: HTMLElement): Ink {
  const style = getComputedStyle(page);
  const of = Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Record<InkName, string>;
  return { ...of, font: `11px ${getComputedStyle(document.body).fontFamily}` };
}

let asked: Promise<typeof uPlot> | null = null;

/** Asked again after it failed. */
export function plotter(): Promise<typeof uPlot> {
  asked ??= import('./uplot').then(
    (module) => module.default,
    (error: unknown) => {
      asked = null;
      throw error;
    }
  );
  return asked;
}

/** Steps of one, two or five that a scale of at most so many lines is divided by. */
export function gridOf(top: number, lines = 3): number[] {
  if (!(top > 0)) return [0];
  const rough = top / lines;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * size).find((n) => n >= rough) ?? rough;
  return Array.from({ length: Math.floor(top / step + 1e-9) + 1 }, (_, i) => i * step);
}
