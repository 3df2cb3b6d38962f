//! How large the window is drawn, as the page's styles have to know it: narrow layouts begin earlier where everything is larger.

export const SCALES = [0.8, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2] as const;

/** The next size up or down; the same where there is none. */
export function nextScale(scale: number, by: 1 | -1): number {
  const other = by > 0 ? SCALES.find((one) => one > scale + 0.001) : SCALES.findLast((one) => one < scale - 0.001);
  return other ?? scale;
}

/** A condition on the window's width or height, as it is at another scale: "(max-width: 1080px)" at 1.5 is "(max-width: 1620px)". */
export function scaledMedia(condition: string, scale: number): string {
  return condition.replace(/\b((?:min|max)-)?(width|height)(\s*:\s*)([\d.]+)px|\b(width|height)(\s*[<>]=?\s*)([\d.]+)px/g, (_, edge: string | undefined, of: string | undefined, colon: string, px: string, ranged: string | undefined, sign: string, more: string) =>
    ranged === undefined ? `${edge ?? ''}${of}${colon}${Math.round(Number(px) * scale * 100) / 100}px` : `${ranged}${sign}${Math.round(Number(more) * scale * 100) / 100}px`
  );
}
