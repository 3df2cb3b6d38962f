//! How numbers and dates are written here: their order, their separators, the first day of a week. The words around them stay English. Hours count to 24 everywhere.
import * as settingsText from './text/settings';

export interface Written {
  /** BCP 47, "en-GB". */
  tag: string;
  /** Whether a month stands before its day. */
  monthFirst: boolean;
  /** 0 Sunday … 6 Saturday. */
  weekStart: number;
}

/** Offered by name; whatever else the system says works as well. */
export const LOCALES: readonly { tag: string; name: string }[] = [
  { tag: 'en-GB', name: settingsText.british }, { tag: 'en-US', name: settingsText.american }, { tag: 'de-DE', name: settingsText.german }, { tag: 'de-CH', name: settingsText.swiss }, { tag: 'fr-FR', name: settingsText.french }, { tag: 'es-ES', name: settingsText.spanish },
  { tag: 'pt-BR', name: settingsText.brazilian }, { tag: 'sv-SE', name: settingsText.swedish }, { tag: 'en-IN', name: settingsText.indian }, { tag: 'ja-JP', name: settingsText.japanese }
];

const USUAL = 'en-GB';
/** Where weeks begin on Sunday, or on Saturday; elsewhere on Monday. From CLDR, for engines that do not say it. */
const SUNDAY = new Set('US CA MX BR IN JP KR TW HK IL ZA PH TH SG CO PE VE ID PK'.split(' '));
const SATURDAY = new Set('AE AF BH DJ DZ EG IQ IR JO KW LY OM QA SD SY'.split(' '));

function weekStartOf(tag: string): number {
  const locale = new Intl.Locale(tag) as Intl.Locale & { getWeekInfo?: () => { firstDay: number }; weekInfo?: { firstDay: number } };
  const said = locale.getWeekInfo?.().firstDay ?? locale.weekInfo?.firstDay;
  if (said !== undefined) return said % 7;
  const region = locale.maximize().region ?? '';
  return SUNDAY.has(region) ? 0 : SATURDAY.has(region) ? 6 : 1;
}

function canonical(tag: string): string {
  try {
    return Intl.getCanonicalLocales(tag)[0] ?? USUAL;
  } catch {
    return USUAL;
  }
}

/** How a locale writes. A tag that nobody knows writes as the usual one. */
export function writtenIn(tag: string, weekStart: number | null = null): Written {
  const known = canonical(tag);
  const parts = new Intl.DateTimeFormat(known, { day: 'numeric', month: 'short', timeZone: 'UTC' }).formatToParts(0).map((part) => part.type);
  return { tag: known, monthFirst: parts.indexOf('month') < parts.indexOf('day'), weekStart: weekStart ?? weekStartOf(known) };
}

let now: Written = writtenIn(USUAL);
const formats = new Map<string, Intl.NumberFormat>();

export function written(): Written {
  return now;
}

/** From now on. What is on screen is drawn again by whoever calls this. */
export function writeAs(next: Written): void {
  now = next;
  formats.clear();
}

function format(key: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  let known = formats.get(key);
  if (!known) {
    // Figures of other scripts would not stand in the columns that are made for these.
    known = new Intl.NumberFormat(now.tag, { numberingSystem: 'latn', ...options });
    formats.set(key, known);
  }
  return known;
}

/** "43,100"; with `places` decimals where they are wanted. */
export function number(value: number, places = 0): string {
  return format(`n${places}`, { minimumFractionDigits: places, maximumFractionDigits: places }).format(value);
}

/** "1.2", "8": so many decimals at most, none that are zero. */
export function atMost(value: number, places: number): string {
  return format(`m${places}`, { minimumFractionDigits: 0, maximumFractionDigits: places }).format(value);
}

/** "$2.50", "$0.0375": so many decimals at least, and more only where they say something. */
export function dollarsBetween(usd: number, least: number, most: number): string {
  return format(`$${least}-${most}`, { style: 'currency', currency: 'USD', currencyDisplay: 'narrowSymbol', minimumFractionDigits: least, maximumFractionDigits: most }).format(usd);
}

/** "$0.02" */
export function dollars(usd: number, places: number): string {
  return format(`$${places}`, { style: 'currency', currency: 'USD', currencyDisplay: 'narrowSymbol', minimumFractionDigits: places, maximumFractionDigits: places }).format(usd);
}

/** How a locale writes, by an example: "20 Nov, 1,234,567.8". */
export function exampleOf(tag: string): string {
  const { monthFirst } = writtenIn(tag);
  return `${monthFirst ? settingsText.nov20 : settingsText.n20Nov}, ${new Intl.NumberFormat(tag, { numberingSystem: 'latn', minimumFractionDigits: 1 }).format(1_234_567.8)}`;
}

/** "20 Nov", or "Nov 20". */
export function dayAndMonth(day: number, month: string): string {
  return now.monthFirst ? `${month} ${day}` : `${day} ${month}`;
}

/** Seven of something that begins with Monday, as weeks begin here. */
export function fromWeekStart<T>(fromMonday: readonly T[]): T[] {
  const first = (now.weekStart + 6) % 7;
  return [...fromMonday.slice(first), ...fromMonday.slice(0, first)];
}
