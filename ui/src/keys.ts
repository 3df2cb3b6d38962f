//! Which key was meant. Single letters never act while a text field has focus. A chord is written "g b", "mod+k", "shift+r": `mod` is Cmd on a Mac, Ctrl elsewhere.
import * as actionsText from './text/actions';

export const isMac = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.platform);

/** True when the event belongs to a text field. */
export function typing(event: KeyboardEvent): boolean {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !['radio', 'checkbox', 'button'].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}

/** A plain key that may act here and now; null when it is typed text, has a modifier, was handled, or a dialog is open. */
export function plainKey(event: KeyboardEvent): string | null {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event)) return null;
  if (document.querySelector('dialog[open]')) return null;
  return event.key.length === 1 ? event.key.toLowerCase() : event.key;
}

type Pressed = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>;

const ALONE = new Set([actionsText.control, actionsText.shift, actionsText.alt, actionsText.meta, 'AltGraph', 'CapsLock', actionsText.dead, actionsText.processIt, actionsText.unidentified]);

/** One stroke as a chord; null for a modifier alone. Shift is named with letters and named keys only: "?" is written by its sign. */
export function strokeOf(event: Pressed, mac: boolean = isMac): string | null {
  if (ALONE.has(event.key)) return null;
  const [mod, other] = mac ? [event.metaKey, event.ctrlKey] : [event.ctrlKey, event.metaKey];
  const key = event.key === ' ' ? 'space' : event.key.toLowerCase();
  const signed = key.length === 1 && key.toUpperCase() === key.toLowerCase() && !/\d/.test(key);
  return [mod ? 'mod' : '', other ? (mac ? 'ctrl' : 'meta') : '', event.altKey ? 'alt' : '', event.shiftKey && !signed ? 'shift' : '', key].filter((part) => part !== '').join('+');
}

/** The parts of a stroke: "mod++" is mod and "+". */
function partsOf(stroke: string): string[] {
  if (stroke === '+') return ['+'];
  return stroke.endsWith('++') ? [...stroke.slice(0, -2).split('+'), '+'] : stroke.split('+');
}

/** What a stroke would be as an event of the keyboard. */
export function eventOf(stroke: string, mac: boolean = isMac): KeyboardEventInit {
  const parts = partsOf(stroke);
  const key = parts[parts.length - 1] ?? '';
  const has = (name: string) => parts.slice(0, -1).includes(name);
  return { key: NAMED.find((name) => name.toLowerCase() === key) ?? (key === 'space' ? ' ' : has('shift') ? key.toUpperCase() : key), ctrlKey: mac ? has('ctrl') : has('mod'), metaKey: mac ? has('mod') : has('meta'), altKey: has('alt'), shiftKey: has('shift'), bubbles: true, cancelable: true };
}

const NAMED = ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End', 'PageUp', 'PageDown', 'Enter', 'Escape', 'Tab', actionsText.backspace, actionsText.deleteIt, actionsText.insert, ...Array.from({ length: 12 }, (_, i) => `F${i + 1}`)];
const SHOWN: Record<string, string> = { arrowleft: '←', arrowright: '→', arrowup: '↑', arrowdown: '↓', escape: 'Esc', space: actionsText.space, '-': '−', pageup: actionsText.page, pagedown: actionsText.Page, shift: '⇧', alt: actionsText.alt, ctrl: actionsText.ctrl, meta: actionsText.superIt };

/** As it is shown: "Ctrl K", "⇧ R", "G B". */
export function shownChord(chord: string, mac: boolean = isMac): string {
  const one = (part: string) => (part === 'mod' ? (mac ? '⌘' : actionsText.ctrl) : mac && part === 'alt' ? '⌥' : (SHOWN[part] ?? (part.length === 1 ? part.toUpperCase() : part.charAt(0).toUpperCase() + part.slice(1))));
  return chord.split(' ').map((stroke) => partsOf(stroke).map(one).join(' ')).join(' ');
}

/** As `aria-keyshortcuts` wants it; null for one after the other, which it cannot say. */
export function ariaChord(chord: string, mac: boolean = isMac): string | null {
  if (chord.includes(' ')) return null;
  const one = (part: string) => (part === 'mod' ? (mac ? actionsText.meta : actionsText.control) : part === 'ctrl' ? actionsText.control : part === '+' ? actionsText.plus : (NAMED.find((name) => name.toLowerCase() === part) ?? part.charAt(0).toUpperCase() + part.slice(1)));
  return partsOf(chord).map(one).join('+');
}
