//! How large everything is drawn: the owner's choice, kept.
import { nextScale, scaledMedia, SCALES } from '../scale';
import { keep, kept } from './keep';

let chosen = $state(kept('scale', (text) => SCALES.find((one) => one === Number(text)) ?? null, 1 as number));
/** Conditions as they were written, by their rule. */
const written = new WeakMap<CSSMediaRule, string>();

function rules(list: CSSRuleList): void {
  for (const rule of list) {
    if (!(rule instanceof CSSMediaRule)) continue;
    const condition = written.get(rule) ?? rule.media.mediaText;
    written.set(rule, condition);
    const now = scaledMedia(condition, chosen);
    if (rule.media.mediaText !== now) rule.media.mediaText = now;
    rules(rule.cssRules);
  }
}

function apply(): void {
  if (chosen === 1) document.documentElement.style.removeProperty('--ui-scale');
  else document.documentElement.style.setProperty('--ui-scale', String(chosen));
  for (const sheet of document.styleSheets) rules(sheet.cssRules);
}

export const scale = {
  get chosen(): number {
    return chosen;
  },
  choose(next: number): void {
    chosen = next;
    keep('scale', next === 1 ? null : String(next));
    apply();
  },
  step(by: 1 | -1): void {
    scale.choose(nextScale(chosen, by));
  },
  start(): void {
    if (chosen !== 1) apply();
    // A room brings its styles when it is first opened.
    document.addEventListener('load', (event) => event.target instanceof HTMLLinkElement && chosen !== 1 && apply(), true);
  }
};
