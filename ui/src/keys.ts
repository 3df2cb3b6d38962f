//! Which key was meant. Single letters never act while a text field has focus.

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
