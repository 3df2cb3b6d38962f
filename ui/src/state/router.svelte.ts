//! Where the window is, bound to the address bar.
import { hashOf, routeFrom, type Route } from './route';

let current = $state.raw<Route>(routeFrom(location.hash));
/** Places of this window behind the present one. */
let behind = 0;

addEventListener('hashchange', () => {
  current = routeFrom(location.hash);
  // Each place knows how many there are behind it, also after a reload.
  const known = (history.state as { behind?: number } | null)?.behind;
  if (known === undefined) history.replaceState({ behind: behind + 1 }, '');
  behind = known ?? behind + 1;
});
behind = (history.state as { behind?: number } | null)?.behind ?? 0;

export const router = {
  get route(): Route {
    return current;
  },
  go(route: Route): void {
    const hash = hashOf(route);
    if (location.hash === hash) return;
    // At once: the event of a new hash comes later, and a key that is pressed before it would go to the room one has left.
    history.pushState({ behind: ++behind }, '', hash);
    current = routeFrom(hash);
  },
  /** Where one came from; the board, where one came from nowhere. */
  back(): void {
    if (behind > 0) history.back();
    else router.go({ at: 'board' });
  },
  /** Goes there in place of where one is: back leads to where one came from. */
  replace(route: Route): void {
    const hash = hashOf(route);
    if (location.hash === hash) return;
    history.replaceState(history.state, '', hash);
    current = routeFrom(hash);
  }
};
