//! Light or dark: the system's choice, or the owner's.
import { bridge } from '../bridge';

export type Theme = 'system' | 'light' | 'dark';

function stored(): Theme {
  try {
    const value = localStorage.getItem('ct-theme');
    return value === 'light' || value === 'dark' ? value : 'system';
  } catch {
    return 'system';
  }
}

let chosen = $state<Theme>(stored());
/** Grows whenever the colours on screen change; the canvas reads it. */
let revision = $state(0);

function apply(): void {
  if (chosen === 'system') document.documentElement.removeAttribute('data-theme');
  else document.documentElement.setAttribute('data-theme', chosen);
  // The edge of the window is for the host to draw; the page is right without it.
  bridge.desktop?.wear(chosen).catch(() => undefined);
  revision++;
}

export const theme = {
  get chosen(): Theme {
    return chosen;
  },
  get revision(): number {
    return revision;
  },
  choose(next: Theme): void {
    chosen = next;
    try {
      if (next === 'system') localStorage.removeItem('ct-theme');
      else localStorage.setItem('ct-theme', next);
    } catch {
      // Kept for this window only.
    }
    apply();
  },
  start(): void {
    apply();
    for (const query of ['(prefers-color-scheme: dark)', '(prefers-contrast: more)']) matchMedia(query).addEventListener('change', () => revision++);
  }
};
