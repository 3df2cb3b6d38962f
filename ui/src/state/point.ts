//! Where the pointer is in an element's own pixels, at whatever size the window is drawn. Engines differ in whether a zoomed element's place is told in pixels of the screen or of its own.

/** The size of one of the element's own pixels on screen. */
export function drawnScale(): number {
  return Number(getComputedStyle(document.documentElement).getPropertyValue('--ui-scale')) || 1;
}

/** Pure: what an engine says of an element and of the pointer, as a point in the element's own pixels. */
export function pointOf(rect: { left: number; top: number; width: number }, width: number, at: { clientX: number; clientY: number }, scale: number): { x: number; y: number } {
  const onScreen = scale === 1 || width === 0 || Math.abs(rect.width / width - scale) < Math.abs(rect.width / width - 1);
  return onScreen ? { x: (at.clientX - rect.left) / scale, y: (at.clientY - rect.top) / scale } : { x: at.clientX / scale - rect.left, y: at.clientY / scale - rect.top };
}

export function pointIn(element: HTMLElement, event: { clientX: number; clientY: number }): { x: number; y: number } {
  return pointOf(element.getBoundingClientRect(), element.offsetWidth, event, drawnScale());
}
