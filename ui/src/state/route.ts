//! Addresses inside the window. Pure: a hash in, a place out, and back.

export type SettingsSection = 'keys' | 'pools' | 'workers' | 'fuses' | 'keyboard' | 'backups' | 'retention' | 'tower';
const SECTIONS: readonly string[] = ['keys', 'pools', 'workers', 'fuses', 'keyboard', 'backups', 'retention', 'tower'] satisfies SettingsSection[];

export type Route =
  | { at: 'board' }
  | { at: 'run'; runId: string }
  | { at: 'cue'; cueId: string }
  | { at: 'new'; from: string | null }
  | { at: 'agents'; name?: string; account?: string | null }
  | { at: 'costs'; prices?: boolean }
  | { at: 'gates'; gateId?: string; edit?: boolean }
  | { at: 'alerts' }
  | { at: 'secrets' }
  /** `find`: words that stand in its field. */
  | { at: 'settings'; section?: SettingsSection; find?: string }
  | { at: 'key' }
  | { at: 'search'; q: string };

export type Place = Route['at'];

/** Reads `#/run/ID`; anything unknown is the board. */
export function routeFrom(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [first = '', second = ''] = path.split('/').map(decodeURIComponent);
  if (first === 'run' && second !== '') return { at: 'run', runId: second };
  if (first === 'cue' && second === 'new') return { at: 'new', from: new URLSearchParams(query).get('from') };
  if (first === 'cue' && second !== '') return { at: 'cue', cueId: second };
  if (first === 'agents' && second !== '') return { at: 'agents', name: second, account: new URLSearchParams(query).get('account') };
  if (first === 'agents') return { at: 'agents' };
  if (first === 'gates') return second === '' ? { at: 'gates' } : { at: 'gates', gateId: second, ...(query === 'edit' ? { edit: true } : {}) };
  if (first === 'costs') return second === 'prices' ? { at: 'costs', prices: true } : { at: 'costs' };
  if (first === 'search') return { at: 'search', q: new URLSearchParams(query).get('q') ?? '' };
  if (first === 'settings' && SECTIONS.includes(second)) return { at: 'settings', section: second as SettingsSection };
  if (first === 'settings' && query !== '') return { at: 'settings', find: new URLSearchParams(query).get('find') ?? '' };
  if (first === 'alerts' || first === 'secrets' || first === 'settings' || first === 'key') return { at: first };
  return { at: 'board' };
}

/** Writes a route as a hash that `routeFrom` reads back. */
export function hashOf(route: Route): string {
  switch (route.at) {
    case 'run':
      return `#/run/${encodeURIComponent(route.runId)}`;
    case 'cue':
      return `#/cue/${encodeURIComponent(route.cueId)}`;
    case 'new':
      return route.from ? `#/cue/new?from=${encodeURIComponent(route.from)}` : '#/cue/new';
    case 'agents':
      if (!route.name) return '#/agents';
      return `#/agents/${encodeURIComponent(route.name)}${route.account ? `?account=${encodeURIComponent(route.account)}` : ''}`;
    case 'gates':
      return route.gateId ? `#/gates/${encodeURIComponent(route.gateId)}${route.edit ? '?edit' : ''}` : '#/gates';
    case 'costs':
      return route.prices ? '#/costs/prices' : '#/costs';
    case 'settings':
      if (route.find) return `#/settings?${new URLSearchParams({ find: route.find }).toString()}`;
      return route.section ? `#/settings/${route.section}` : '#/settings';
    case 'search':
      return route.q === '' ? '#/search' : `#/search?${new URLSearchParams({ q: route.q }).toString()}`;
    default:
      return `#/${route.at}`;
  }
}
