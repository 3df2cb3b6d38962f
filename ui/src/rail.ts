//! Where one can go from anywhere, in the order of the rail. Only rooms that exist.
import type { ActionId } from './actions/list';
import type { IconName } from './glyphs';
import type { Place } from './state/route';
import * as frameText from './text/frame.ts'; // vite.config.ts reads this file, too

export interface RailRoom {
  icon: IconName;
  word: string;
  hash: string;
  action: ActionId;
  /** Where one is in it. */
  places: readonly Place[];
}

export const TOP: readonly RailRoom[] = [
  { icon: 'board', word: frameText.board, hash: '#/board', action: 'go.board', places: ['board', 'run', 'cue', 'new', 'key'] },
  { icon: 'gates', word: frameText.gates, hash: '#/gates', action: 'go.gates', places: ['gates'] },
  { icon: 'agents', word: frameText.agents, hash: '#/agents', action: 'go.agents', places: ['agents'] },
  { icon: 'costs', word: frameText.costs, hash: '#/costs', action: 'go.costs', places: ['costs'] },
  { icon: 'alerts', word: frameText.alerts, hash: '#/alerts', action: 'go.alerts', places: ['alerts'] }
];
export const BOTTOM: readonly RailRoom[] = [
  { icon: 'secrets', word: frameText.secrets, hash: '#/secrets', action: 'go.secrets', places: ['secrets'] },
  { icon: 'settings', word: frameText.settings, hash: '#/settings', action: 'go.settings', places: ['settings'] }
];
