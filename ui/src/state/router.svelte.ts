//! Where the window is, bound to the address bar.
import { hashOf, routeFrom, type Route } from './route';

let current = $state.raw<Route>(routeFrom(location.hash));

addEventListener('hashchange', () => {
  current = routeFrom(location.hash);
});

export const router = {
  get route(): Route {
    return current;
  },
  go(route: Route): void {
    const hash = hashOf(route);
    if (location.hash !== hash) location.hash = hash;
  },
  /** Goes there in place of where one is: back leads to where one came from. */
  replace(route: Route): void {
    const hash = hashOf(route);
    if (location.hash === hash) return;
    history.replaceState(history.state, '', hash);
    current = routeFrom(hash);
  }
};
