//! The rooms of the window. The board comes with it; every other room is fetched when it is first opened, and stays.
import type { Component } from 'svelte';
import type { Route } from './state/route';

type Loaded = { default: Component<never> };

const LOADERS = {
  run: () => import('./views/Run.svelte'),
  cue: () => import('./views/CueEditor.svelte'),
  agents: () => import('./views/Agents.svelte'),
  gates: () => import('./views/Gates.svelte'),
  costs: () => import('./views/Costs.svelte'),
  prices: () => import('./views/Prices.svelte'),
  alerts: () => import('./views/Alerts.svelte'),
  secrets: () => import('./views/Secrets.svelte'),
  settings: () => import('./views/Settings.svelte'),
  search: () => import('./views/Search.svelte'),
  key: () => import('./views/Key.svelte'),
  firstrun: () => import('./views/FirstRun.svelte'),
  ledger: () => import('./parts/Ledger.svelte'),
  ahead: () => import('./parts/NextDays.svelte'),
  inspector: () => import('./parts/Inspector.svelte'),
  palette: () => import('./parts/Palette.svelte'),
  briefing: () => import('./parts/Briefing.svelte'),
  pause: () => import('./parts/PauseUntil.svelte'),
  fire: () => import('./parts/FireWith.svelte'),
  tip: () => import('./parts/TipLayer.svelte'),
  menu: () => import('./parts/MenuList.svelte'),
  connect: () => import('./parts/Connect.svelte'),
  adopt: () => import('./parts/Adopt.svelte')
};

export type RoomName = keyof typeof LOADERS;

/** Any component: its props are checked where it is named with them. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Room = Component<any>;

const here = new Map<RoomName, Room>();

/** A room that was opened before. */
export function known(name: RoomName): Room | undefined {
  return here.get(name);
}

/** Fetches it. Rejects when it cannot be had: asked again, it is fetched again. */
export async function fetched(name: RoomName): Promise<Room> {
  await Promise.all([...missed.keys()].map(styled));
  const room = (await (LOADERS[name]() as unknown as Promise<Loaded>)).default as unknown as Room;
  here.set(name, room);
  return room;
}

/** Style sheets that did not come, or that come a second time now. Vite asks for each once and never again, so that a room that comes later would be without its looks. */
const missed = new Map<string, Promise<void> | null>();

/** For the window's `error`, capturing. */
export function noteWhatDidNotCome({ target }: Event): void {
  if (!(target instanceof HTMLLinkElement) || target.rel !== 'stylesheet') return;
  missed.set(target.href, null);
  target.remove();
}

function styled(href: string): Promise<void> {
  const coming = missed.get(href) ?? styledAnew(href);
  missed.set(href, coming);
  return coming;
}

function styledAnew(href: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', crossOrigin: '', href });
    link.onload = () => (missed.delete(href), resolve());
    link.onerror = () => reject(new Error(`${href} could not be fetched`));
    document.head.append(link);
  });
}

/** Parts of the board that its first picture does without: a tower that went away could not give them any more. */
const WITH_THE_BOARD: readonly RoomName[] = ['inspector', 'tip', 'menu', 'ledger'];

/** Fetches those that are not here; one that cannot be had now is asked for again when it is needed. */
export function fetchTheBoards(): void {
  for (const name of WITH_THE_BOARD) if (!here.has(name)) fetched(name).catch(() => undefined);
}

/** Which room a place is in, and what it is told. `key`: another one of the same room begins anew. Null: the board. */
export function roomOf(route: Route): { name: RoomName; key: string; props: Record<string, unknown> } | null {
  switch (route.at) {
    case 'board':
      return null;
    case 'run':
      return { name: 'run', key: route.runId, props: { runId: route.runId } };
    case 'new':
      return { name: 'cue', key: `new ${route.from ?? ''}`, props: { cueId: null, from: route.from } };
    case 'cue':
      return { name: 'cue', key: route.cueId, props: { cueId: route.cueId, from: null } };
    case 'agents':
      return { name: 'agents', key: '', props: { name: route.name ?? null, account: route.account ?? null } };
    case 'gates':
      return { name: 'gates', key: '', props: { gateId: route.gateId ?? null, edit: route.edit ?? false } };
    case 'costs':
      return { name: route.prices ? 'prices' : 'costs', key: '', props: {} };
    case 'settings':
      return { name: 'settings', key: '', props: { section: route.section ?? null, find: route.find ?? '' } };
    case 'search':
      return { name: 'search', key: '', props: { q: route.q } };
    case 'alerts':
    case 'secrets':
    case 'key':
      return { name: route.at, key: '', props: {} };
  }
}
