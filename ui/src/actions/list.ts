//! All that can be done by a key, by the palette, or by a button that names its key: one list. What each does is in `run.ts`, or in the room that serves it.
import type { IconName } from '../glyphs';

/** Where a key acts. `strip`: on a row of the bay or another list of what waits. */
export type Where = 'everywhere' | 'board' | 'strip' | 'run' | 'gates' | 'alerts' | 'editor';

export interface ActionSpec {
  id: string;
  name: string;
  /** The first is shown; the others act as well. Empty: none until the owner gives it one. */
  keys: readonly string[];
  where: Where;
  /** What belongs together, in the table of keys. */
  group: 'Go' | 'Anywhere' | 'Board' | 'Run' | 'Answering' | 'Cue editor';
  icon?: IconName;
  /** Offered in the palette too. */
  offered?: boolean;
}

const of = <const T extends readonly ActionSpec[]>(list: T): T => list;

export const ACTIONS = of([
  { id: 'palette', name: 'Search or do anything', keys: ['mod+k'], where: 'everywhere', group: 'Anywhere' },
  { id: 'needs', name: 'To what needs you', keys: ['q'], where: 'everywhere', group: 'Go', icon: 'flag', offered: true },
  { id: 'go.board', name: 'Board', keys: ['g b'], where: 'everywhere', group: 'Go', icon: 'board' },
  { id: 'go.gates', name: 'Gates', keys: ['g g'], where: 'everywhere', group: 'Go', icon: 'gates' },
  { id: 'go.agents', name: 'Agents', keys: ['g a'], where: 'everywhere', group: 'Go', icon: 'agents' },
  { id: 'go.costs', name: 'Costs', keys: ['g c'], where: 'everywhere', group: 'Go', icon: 'costs' },
  { id: 'go.alerts', name: 'Alerts', keys: ['g l'], where: 'everywhere', group: 'Go', icon: 'alerts' },
  { id: 'go.secrets', name: 'Secrets', keys: ['g s'], where: 'everywhere', group: 'Go', icon: 'secrets' },
  { id: 'go.settings', name: 'Settings', keys: ['g ,'], where: 'everywhere', group: 'Go', icon: 'settings' },
  { id: 'go.time', name: 'Go to a time', keys: ['g t'], where: 'everywhere', group: 'Go', icon: 'clock', offered: true },
  { id: 'back', name: 'Back', keys: ['alt+arrowleft'], where: 'everywhere', group: 'Go' },
  { id: 'new', name: 'New cue', keys: ['n'], where: 'everywhere', group: 'Anywhere', icon: 'plus', offered: true },
  { id: 'connect', name: 'Connect an agent', keys: [], where: 'everywhere', group: 'Anywhere', icon: 'agents', offered: true },
  { id: 'demo.start', name: 'Start the demo fleet', keys: [], where: 'everywhere', group: 'Anywhere', icon: 'play', offered: true },
  { id: 'demo.stop', name: 'Remove the demo', keys: [], where: 'everywhere', group: 'Anywhere', icon: 'x', offered: true },
  { id: 'key', name: 'Key to the marks', keys: ['?'], where: 'everywhere', group: 'Anywhere', icon: 'info' },
  { id: 'zone', name: 'Swap local time and UTC', keys: ['u'], where: 'everywhere', group: 'Anywhere', icon: 'clock', offered: true },
  { id: 'undo', name: 'Take an answer back', keys: ['z'], where: 'everywhere', group: 'Answering' },
  { id: 'tower.pause', name: 'Pause all firing', keys: ['mod+shift+p'], where: 'everywhere', group: 'Anywhere', icon: 'pause', offered: true },
  { id: 'larger', name: 'Larger', keys: ['mod++', 'mod+='], where: 'everywhere', group: 'Anywhere', icon: 'plus', offered: true },
  { id: 'smaller', name: 'Smaller', keys: ['mod+-'], where: 'everywhere', group: 'Anywhere', icon: 'down', offered: true },
  { id: 'usual-size', name: 'Usual size', keys: ['mod+0'], where: 'everywhere', group: 'Anywhere', icon: 'undo', offered: true },
  { id: 'board.range1', name: 'Range of 15 min', keys: ['1'], where: 'board', group: 'Board' },
  { id: 'board.range2', name: 'Range of 1 h', keys: ['2'], where: 'board', group: 'Board' },
  { id: 'board.range3', name: 'Range of 6 h', keys: ['3'], where: 'board', group: 'Board' },
  { id: 'board.range4', name: 'Range of 24 h', keys: ['4'], where: 'board', group: 'Board' },
  { id: 'board.range5', name: 'Range of 7 d', keys: ['5'], where: 'board', group: 'Board' },
  { id: 'board.range6', name: 'Range of 30 d', keys: ['6'], where: 'board', group: 'Board' },
  { id: 'board.in', name: 'Zoom in', keys: ['+', '='], where: 'board', group: 'Board' },
  { id: 'board.out', name: 'Zoom out', keys: ['-'], where: 'board', group: 'Board' },
  { id: 'board.follow', name: 'Follow now', keys: ['f', 'home'], where: 'board', group: 'Board' },
  { id: 'board.ledger', name: 'Timeline or ledger', keys: ['l'], where: 'board', group: 'Board' },
  { id: 'board.filter', name: 'Filter cues', keys: ['/'], where: 'board', group: 'Board' },
  { id: 'board.menu', name: 'Menu of the cue', keys: ['m'], where: 'board', group: 'Board' },
  { id: 'board.earlier', name: 'Previous run of this cue', keys: ['['], where: 'board', group: 'Board' },
  { id: 'board.later', name: 'Next run of this cue', keys: [']'], where: 'board', group: 'Board' },
  { id: 'board.rerun', name: 'Run the selected one again', keys: ['r'], where: 'board', group: 'Board' },
  { id: 'run.rerun', name: 'Run again', keys: ['r'], where: 'run', group: 'Run' },
  { id: 'run.resume', name: 'Resume where it broke', keys: ['shift+r'], where: 'run', group: 'Run' },
  { id: 'run.cancel', name: 'Cancel', keys: ['x'], where: 'run', group: 'Run' },
  { id: 'run.earlier', name: 'Previous run of this cue', keys: ['['], where: 'run', group: 'Run' },
  { id: 'run.later', name: 'Next run of this cue', keys: [']'], where: 'run', group: 'Run' },
  { id: 'gate.approve', name: 'Approve', keys: ['a'], where: 'gates', group: 'Answering' },
  { id: 'gate.edit', name: 'Edit and approve', keys: ['e'], where: 'gates', group: 'Answering' },
  { id: 'gate.deny', name: 'Deny', keys: ['d'], where: 'gates', group: 'Answering' },
  { id: 'gate.later', name: 'Ask me later', keys: ['l'], where: 'gates', group: 'Answering' },
  { id: 'alerts.seen', name: 'Mark alerts seen', keys: ['s'], where: 'alerts', group: 'Answering' },
  { id: 'editor.test', name: 'Test fire', keys: ['t'], where: 'editor', group: 'Cue editor' },
  { id: 'editor.save', name: 'Save and arm', keys: ['mod+s'], where: 'editor', group: 'Cue editor' }
]);

export type ActionId = (typeof ACTIONS)[number]['id'];

const BY_ID = new Map<string, ActionSpec>(ACTIONS.map((action) => [action.id, action]));

export function actionOf(id: ActionId): ActionSpec {
  return BY_ID.get(id) as ActionSpec;
}

/** What the system's own keys do; they cannot be given away. */
export const FIXED: readonly { name: string; keys: readonly string[] }[] = [
  { name: 'Between runs, cues and rows', keys: ['←', '→', '↑', '↓'] }, { name: 'Open what is selected', keys: ['Enter'] },
  { name: 'Back, close', keys: ['Esc'] }, { name: 'Tick, switch', keys: ['Space'] }
];
