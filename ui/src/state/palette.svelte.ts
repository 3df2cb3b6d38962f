//! Whether the palette is open, and with what typed already.
import { tick } from 'svelte';

let text = $state<string | null>(null);
/** Enter came before the list was there. */
let hurried = false;
/** Had the focus before it opened: two dialogs come and go in between, so that no dialog knows it. */
let opener: Element | null = null;

export const palette = {
  /** What it opens with; null: it is closed. */
  get text(): string | null {
    return text;
  },
  open(typed: string): void {
    if (text === null) opener = document.activeElement;
    text = typed;
  },
  close(): void {
    text = null;
    hurried = false;
    const back = opener;
    opener = null;
    void tick().then(() => {
      if (document.activeElement === document.body && back instanceof HTMLElement) back.focus();
    });
  },
  hurry(): void {
    hurried = true;
  },
  /** True once, for the list that is there now. */
  wasHurried(): boolean {
    const was = hurried;
    hurried = false;
    return was;
  }
};
