//! Brings the focus to something in a room that may still be on its way.

const WAIT_MS = 3000;

/** Once it is there; given up after a while. */
export function focusWhenThere(selector: string): void {
  const until = performance.now() + WAIT_MS;
  const look = () => {
    const element = document.querySelector<HTMLElement>(selector);
    if (element) element.focus();
    else if (performance.now() < until) requestAnimationFrame(look);
  };
  look();
}
