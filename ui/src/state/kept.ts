//! Where each room was left: how far it was scrolled and what was chosen there, so that whoever comes back finds it as it was. Of this window alone.

interface Left {
  top: number;
  key: string | null;
}

const rooms = new Map<string, Left>();
/** What a list shows comes after the list itself; whoever has waited so long for a place scrolls by hand. */
const GIVE_UP_MS = 4000;

export function recall(room: string): Left {
  return rooms.get(room) ?? { top: 0, key: null };
}

export function keep(room: string, left: Partial<Left>): void {
  rooms.set(room, { ...recall(room), ...left });
}

/** For a box that scrolls: it stands where it stood when the room was left. */
export function keepScroll(room: string): (box: HTMLElement) => () => void {
  return (box) => {
    const wanted = recall(room).top;
    let seeking = wanted > 0;
    const watch = new MutationObserver(() => seek());
    const timer = setTimeout(() => settle(), GIVE_UP_MS);
    function settle() {
      seeking = false;
      watch.disconnect();
      clearTimeout(timer);
    }
    function seek() {
      box.scrollTop = wanted;
      if (Math.abs(box.scrollTop - wanted) < 2) settle();
    }
    const scrolled = () => {
      if (!seeking) keep(room, { top: box.scrollTop });
    };
    if (seeking) {
      watch.observe(box, { childList: true, subtree: true });
      seek();
    } else settle();
    box.addEventListener('scroll', scrolled, { passive: true });
    for (const touched of ['wheel', 'pointerdown', 'keydown'] as const) box.addEventListener(touched, settle, { passive: true });
    return () => {
      settle();
      box.removeEventListener('scroll', scrolled);
      for (const touched of ['wheel', 'pointerdown', 'keydown'] as const) box.removeEventListener(touched, settle);
    };
  };
}
