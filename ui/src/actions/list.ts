//! All that can be done by a key, by the palette, or by a button that names its key: one list. What each does is in `run.ts`, or in the room that serves it.
import type { IconName } from '../glyphs';
import * as actionsText from '../text/actions';

/** Where a key acts. `strip`: on a row of the bay or another list of what waits. */
export type Where = 'everywhere' | 'board' | 'strip' | 'run' | 'gates' | 'alerts' | 'editor';

export interface ActionSpec {
  id: string;
  name: string;
  /** The first is shown; the others act as well. Empty: none until the owner gives it one. */
  keys: readonly string[];
  where: Where;
  /** What belongs together, in the table of keys. */
  group: string;
  icon?: IconName;
  /** Offered in the palette too. */
  offered?: boolean;
  /** Other words for it, by which the palette finds it. */
  also?: string;
}

const of = <const T extends readonly ActionSpec[]>(list: T): T => list;

export const ACTIONS = of([
  { id: 'palette', name: actionsText.searchOrDoAnything, keys: ['mod+k'], where: 'everywhere', group: actionsText.anywhere },
  { id: 'needs', name: actionsText.toWhatNeedsYou, keys: ['q'], where: 'everywhere', group: actionsText.go, icon: 'flag', offered: true },
  { id: 'go.board', name: actionsText.board, keys: ['g b'], where: 'everywhere', group: actionsText.go, icon: 'board' },
  { id: 'go.gates', name: actionsText.gates, keys: ['g g'], where: 'everywhere', group: actionsText.go, icon: 'gates' },
  { id: 'go.agents', name: actionsText.agents, keys: ['g a'], where: 'everywhere', group: actionsText.go, icon: 'agents' },
  { id: 'go.costs', name: actionsText.costs, keys: ['g c'], where: 'everywhere', group: actionsText.go, icon: 'costs' },
  { id: 'go.alerts', name: actionsText.alerts, keys: ['g l'], where: 'everywhere', group: actionsText.go, icon: 'alerts' },
  { id: 'go.secrets', name: actionsText.secrets, keys: ['g s'], where: 'everywhere', group: actionsText.go, icon: 'secrets' },
  { id: 'go.settings', name: actionsText.settings, keys: ['g ,'], where: 'everywhere', group: actionsText.go, icon: 'settings' },
  { id: 'go.time', name: actionsText.goToATime, keys: ['g t'], where: 'everywhere', group: actionsText.go, icon: 'clock', offered: true },
  { id: 'back', name: actionsText.back, keys: ['alt+arrowleft'], where: 'everywhere', group: actionsText.go },
  { id: 'new', name: actionsText.newCue, keys: ['n'], where: 'everywhere', group: actionsText.anywhere, icon: 'plus', offered: true },
  { id: 'connect', name: actionsText.connectAnAgent, keys: [], where: 'everywhere', group: actionsText.anywhere, icon: 'agents', offered: true },
  { id: 'adopt', name: actionsText.adoptWhatRuns, keys: [], where: 'everywhere', group: actionsText.anywhere, icon: 'clock', offered: true, also: actionsText.alsoAdopt },
  { id: 'demo.start', name: actionsText.startTheDemoFleet, keys: [], where: 'everywhere', group: actionsText.anywhere, icon: 'play', offered: true },
  { id: 'demo.stop', name: actionsText.removeTheDemo, keys: [], where: 'everywhere', group: actionsText.anywhere, icon: 'x', offered: true },
  { id: 'key', name: actionsText.keyToTheMarks, keys: ['?'], where: 'everywhere', group: actionsText.anywhere, icon: 'info' },
  { id: 'zone', name: actionsText.swapLocalTimeAndUtc, keys: ['u'], where: 'everywhere', group: actionsText.anywhere, icon: 'clock', offered: true, also: actionsText.alsoZone },
  { id: 'undo', name: actionsText.takeAnAnswerBack, keys: ['z'], where: 'everywhere', group: actionsText.answering },
  { id: 'tower.pause', name: actionsText.pauseAllFiring, keys: ['mod+shift+p'], where: 'everywhere', group: actionsText.anywhere, icon: 'pause', offered: true },
  { id: 'larger', name: actionsText.larger, keys: ['mod++', 'mod+='], where: 'everywhere', group: actionsText.anywhere, icon: 'plus', offered: true, also: actionsText.alsoSize },
  { id: 'smaller', name: actionsText.smaller, keys: ['mod+-'], where: 'everywhere', group: actionsText.anywhere, icon: 'down', offered: true, also: actionsText.alsoSize },
  { id: 'usual-size', name: actionsText.usualSize, keys: ['mod+0'], where: 'everywhere', group: actionsText.anywhere, icon: 'undo', offered: true, also: actionsText.alsoSize },
  { id: 'board.range1', name: actionsText.rangeOf15Min, keys: ['1'], where: 'board', group: actionsText.board },
  { id: 'board.range2', name: actionsText.rangeOf1H, keys: ['2'], where: 'board', group: actionsText.board },
  { id: 'board.range3', name: actionsText.rangeOf6H, keys: ['3'], where: 'board', group: actionsText.board },
  { id: 'board.range4', name: actionsText.rangeOf24H, keys: ['4'], where: 'board', group: actionsText.board },
  { id: 'board.range5', name: actionsText.rangeOf7D, keys: ['5'], where: 'board', group: actionsText.board },
  { id: 'board.range6', name: actionsText.rangeOf30D, keys: ['6'], where: 'board', group: actionsText.board },
  { id: 'board.in', name: actionsText.zoomIn, keys: ['+', '='], where: 'board', group: actionsText.board },
  { id: 'board.out', name: actionsText.zoomOut, keys: ['-'], where: 'board', group: actionsText.board },
  { id: 'board.follow', name: actionsText.followNow, keys: ['f', 'home'], where: 'board', group: actionsText.board },
  { id: 'board.ledger', name: actionsText.timelineOrLedger, keys: ['l'], where: 'board', group: actionsText.board },
  { id: 'board.filter', name: actionsText.filterCues, keys: ['/'], where: 'board', group: actionsText.board },
  { id: 'board.menu', name: actionsText.menuOfTheCue, keys: ['m'], where: 'board', group: actionsText.board },
  { id: 'board.earlier', name: actionsText.previousRunOfThisCue, keys: ['['], where: 'board', group: actionsText.board },
  { id: 'board.later', name: actionsText.nextRunOfThisCue, keys: [']'], where: 'board', group: actionsText.board },
  { id: 'board.rerun', name: actionsText.runTheSelectedOneAgain, keys: ['r'], where: 'board', group: actionsText.board },
  { id: 'run.rerun', name: actionsText.runAgain, keys: ['r'], where: 'run', group: actionsText.run },
  { id: 'run.resume', name: actionsText.resumeWhereItBroke, keys: ['shift+r'], where: 'run', group: actionsText.run },
  { id: 'run.cancel', name: actionsText.cancel, keys: ['x'], where: 'run', group: actionsText.run },
  { id: 'run.earlier', name: actionsText.previousRunOfThisCue, keys: ['['], where: 'run', group: actionsText.run },
  { id: 'run.later', name: actionsText.nextRunOfThisCue, keys: [']'], where: 'run', group: actionsText.run },
  { id: 'gate.approve', name: actionsText.approve, keys: ['a'], where: 'gates', group: actionsText.answering },
  { id: 'gate.edit', name: actionsText.editAndApprove, keys: ['e'], where: 'gates', group: actionsText.answering },
  { id: 'gate.deny', name: actionsText.deny, keys: ['d'], where: 'gates', group: actionsText.answering },
  { id: 'gate.later', name: actionsText.askMeLater, keys: ['l'], where: 'gates', group: actionsText.answering },
  { id: 'alerts.seen', name: actionsText.markAlertsSeen, keys: ['s'], where: 'alerts', group: actionsText.answering },
  { id: 'editor.test', name: actionsText.testFire, keys: ['t'], where: 'editor', group: actionsText.cueEditor },
  { id: 'editor.save', name: actionsText.saveAndArm, keys: ['mod+s'], where: 'editor', group: actionsText.cueEditor }
]);

export type ActionId = (typeof ACTIONS)[number]['id'];

const BY_ID = new Map<string, ActionSpec>(ACTIONS.map((action) => [action.id, action]));

export function actionOf(id: ActionId): ActionSpec {
  return BY_ID.get(id) as ActionSpec;
}

/** What the system's own keys do; they cannot be given away. */
export const FIXED: readonly { name: string; keys: readonly string[] }[] = [
  { name: actionsText.betweenRunsCuesAndRows, keys: ['←', '→', '↑', '↓'] }, { name: actionsText.openWhatIsSelected, keys: ['Enter'] },
  { name: actionsText.backClose, keys: ['Esc'] }, { name: actionsText.tickSwitch, keys: ['Space'] }
];
