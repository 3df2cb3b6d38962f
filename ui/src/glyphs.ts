//! Every mark and icon as path data. The same paths feed inline SVG and the timeline canvas.
// Shape says which verdict (bar scheduled, triangle delivered, square confirmed, diamond person, circle tower or agent).
// Fill says how far (solid proven, half claimed, hollow waiting, corners silence, crossed no, dash not expected).
// Colour only repeats what shape and fill already said.
import * as marksText from './text/marks.ts'; // vite.config.ts reads this file, too
import type { ConfirmedMark, DeliveredMark, ScheduledMark } from './wire';

/** A colour by its meaning; the tokens of the same names hold the values. */
export type Tone = 'mark' | 'live' | 'ok' | 'warn' | 'bad';

/** One path of a mark in a 12 x 12 box: filled, or stroked with `stroke` wide; `erase` draws in the ground's colour. */
export interface Stroke {
  d: string;
  stroke?: number;
  erase?: boolean;
}

export interface Glyph {
  tone: Tone;
  word: string;
  say: string;
  paths: Stroke[];
}

const SQUARE = 'M1.6 1.6h8.8v8.8H1.6z';
const FRAME = 'M2.2 2.2h7.6v7.6H2.2z';
const LOWER = 'M1.6 6h8.8v4.4H1.6z';
const TRIANGLE = 'M2.4 1.2 10.6 6 2.4 10.8z';
const DIAMOND = 'M6 .7 11.3 6 6 11.3 .7 6z';
const DASH = 'M3 5.3h6v1.5H3z';
const RING = 'M6 1.3a4.7 4.7 0 1 1 0 9.4a4.7 4.7 0 1 1 0-9.4z';
const DOT = 'M6 3.9a2.1 2.1 0 1 1 0 4.2a2.1 2.1 0 1 1 0-4.2z';

const SCHEDULED: Record<ScheduledMark, Glyph> = {
  ran: { tone: 'mark', word: marksText.ran, say: marksText.firedAtItsDueTime, paths: [{ d: 'M4.8 .8h2.4v10.4H4.8z' }] },
  coalesced: { tone: 'mark', word: marksText.coalesced, say: marksText.aLaterDueTimeStands, paths: [{ d: 'M4.8 .8h2.4v4.2H12v1.9H4.8z' }] },
  skipped: { tone: 'mark', word: marksText.skipped, say: marksText.itsPolicySaidNo, paths: [{ d: 'M6 1v10', stroke: 1.3 }, { d: 'M2.4 8.9 9.6 3.1', stroke: 1.5 }] },
  missed: { tone: 'bad', word: marksText.missed, say: marksText.theTowerCouldNotRun, paths: [{ d: 'M4.8 .6h2.4v3.5H4.8zM4.8 7.9h2.4v3.5H4.8z' }] },
  held: { tone: 'warn', word: marksText.held, say: marksText.waitsForItsTurn, paths: [{ d: 'M2.9 1h2.2v10H2.9zM6.9 1h2.2v10H6.9z' }] },
  due: { tone: 'mark', word: marksText.dueLater, say: marksText.expectedFire, paths: [{ d: 'M4.6 1.4h2.8v9.2H4.6z', stroke: 1.1 }] }
};

const DELIVERED: Record<DeliveredMark, Glyph> = {
  delivered: { tone: 'mark', word: marksText.delivered, say: marksText.theAgentAcceptedIt, paths: [{ d: TRIANGLE }] },
  delivering: { tone: 'live', word: marksText.delivering, say: marksText.attemptInFlight, paths: [{ d: TRIANGLE, stroke: 1.4 }] },
  waiting: { tone: 'warn', word: marksText.heldBack, say: marksText.waitsBeforeItIsDelivered, paths: [{ d: 'M.8 1h2v10h-2z' }, { d: 'M5 2.4 10.6 6 5 9.6z', stroke: 1.3 }] },
  bounced: { tone: 'bad', word: marksText.bounced, say: marksText.everyAttemptFailed, paths: [{ d: 'M.8 2 7 6 .8 10z' }, { d: 'M8.6 .8h2.2v10.4H8.6z' }] },
  none: { tone: 'mark', word: marksText.noDelivery, say: marksText.nothingToDeliver, paths: [{ d: DASH }] },
  unknown: { tone: 'mark', word: marksText.unanswered, say: marksText.sentWholeNotAnswered, paths: [{ d: 'M2.4 4.6V1.2l2.6 1.5M7.6 4.3 10.6 6 7.6 7.7M5 9.3l-2.6 1.5V7.4', stroke: 1.3 }] }
};

const CONFIRMED: Record<ConfirmedMark, Glyph> = {
  confirmed: { tone: 'ok', word: marksText.confirmed, say: marksText.reportedAndTheProof, paths: [{ d: SQUARE }, { d: 'M3.7 6.2 5.4 7.9 8.4 4.3', stroke: 1.5, erase: true }] },
  claimed: { tone: 'mark', word: marksText.claimed, say: marksText.reportedButNothingVerified, paths: [{ d: FRAME, stroke: 1.2 }, { d: LOWER }] },
  working: { tone: 'live', word: marksText.working, say: marksText.outcomeNotDueYet, paths: [{ d: 'M2.3 2.3h7.4v7.4H2.3z', stroke: 1.4 }] },
  gate: { tone: 'warn', word: marksText.atAGate, say: marksText.waitsForYourAnswer, paths: [{ d: DIAMOND, stroke: 1.3 }, { d: 'M6 3.9 8.1 6 6 8.1 3.9 6z' }] },
  refuted: { tone: 'bad', word: marksText.refuted, say: marksText.reportedSuccessTheProof, paths: [{ d: FRAME, stroke: 1.3 }, { d: LOWER }, { d: 'M0 12 12 0', stroke: 3.4, erase: true }, { d: 'M.4 11.6 11.6 .4', stroke: 1.6 }] },
  failed: { tone: 'bad', word: marksText.failed, say: marksText.theAgentReportedFailure, paths: [{ d: FRAME, stroke: 1.3 }, { d: 'M4.1 4.1l3.8 3.8M7.9 4.1 4.1 7.9', stroke: 1.4 }] },
  silent: { tone: 'warn', word: marksText.silent, say: marksText.noOutcomeByItsDeadline, paths: [{ d: 'M1.9 4.3V1.9h2.4M7.7 1.9h2.4v2.4M10.1 7.7v2.4H7.7M4.3 10.1H1.9V7.7', stroke: 1.6 }] },
  stopped: { tone: 'bad', word: marksText.stopped, say: marksText.aFuseOrYouStopped, paths: [{ d: FRAME, stroke: 1.3 }, { d: 'M0 5.1h12v1.8H0z' }] },
  cancelled: { tone: 'mark', word: marksText.cancelled, say: marksText.takenBackBeforeItEnded, paths: [{ d: FRAME, stroke: 1.2 }, { d: 'M4 5.2h4v1.6H4z' }] },
  none: { tone: 'mark', word: marksText.noOutcome, say: marksText.nothingToConfirm, paths: [{ d: DASH }] }
};

/** Signs that belong to no verdict: a person is asked (diamond), the tower is armed or stopped (circle). */
const SIGN = {
  asks: { tone: 'warn', word: marksText.needsYou, say: marksText.waitsForYourDecision, paths: [{ d: DIAMOND, stroke: 1.3 }, { d: 'M6 3.9 8.1 6 6 8.1 3.9 6z' }] },
  armed: { tone: 'ok', word: marksText.armed, say: marksText.dueTimesFire, paths: [{ d: RING, stroke: 1.3 }, { d: DOT }] },
  idle: { tone: 'mark', word: marksText.idle, say: marksText.nothingRuns, paths: [{ d: RING, stroke: 1.3 }] },
  stopped: { tone: 'mark', word: marksText.paused, say: marksText.nothingFires, paths: [{ d: RING, stroke: 1.3 }, { d: 'M3.9 3.9 8.1 8.1', stroke: 1.4 }] },
  spike: { tone: 'warn', word: marksText.spendsMuch, say: marksText.manyTimesItsUsualTokens, paths: [{ d: 'M1 10.600h2.800L5.600 1.400 7.400 10.600H11', stroke: 1.4 }] },
  circles: { tone: 'warn', word: marksText.inCircles, say: marksText.theSameAgainWithNo, paths: [{ d: 'M9.600 3.100A4.600 4.600 0 1 0 10.600 6.400', stroke: 1.4 }, { d: 'M10.600 .8v3.200H7.400', stroke: 1.4 }] },
  outside: { tone: 'warn', word: marksText.unusual, say: marksText.outsideTheRange, paths: [{ d: 'M1 6.800h10v3.600H1z' }, { d: 'M6 1.100a1.700 1.700 0 1 1 0 3.400a1.700 1.700 0 1 1 0-3.400z', stroke: 1.3 }] }
} satisfies Record<string, Glyph>;

/** A question to the owner: a diamond that says what became of it. */
const GATE = {
  waiting: { tone: 'warn', word: marksText.waiting, say: marksText.forYourAnswer, paths: [{ d: DIAMOND, stroke: 1.3 }, { d: 'M6 3.9 8.1 6 6 8.1 3.9 6z' }] },
  later: { tone: 'mark', word: marksText.later, say: marksText.asksAgainAtATime, paths: [{ d: DIAMOND, stroke: 1.2 }, { d: 'M6 3.6V6l1.7 1.2', stroke: 1.2 }] },
  approved: { tone: 'ok', word: marksText.approved, say: marksText.asAsked, paths: [{ d: DIAMOND }, { d: 'M3.8 6.2 5.4 7.7 8.2 4.5', stroke: 1.4, erase: true }] },
  edited: { tone: 'live', word: marksText.edited, say: marksText.approvedWithYourChanges, paths: [{ d: DIAMOND }, { d: 'M4.2 7.9 7.8 4.2', stroke: 1.7, erase: true }] },
  denied: { tone: 'bad', word: marksText.denied, say: marksText.byYou, paths: [{ d: DIAMOND, stroke: 1.3 }, { d: 'M4.3 4.3l3.4 3.4M7.7 4.3 4.3 7.7', stroke: 1.4 }] },
  no_answer: { tone: 'mark', word: marksText.noAnswer, say: marksText.itsTimePassedItsPolicy, paths: [{ d: 'M4.2 2.5 6 .9l1.8 1.6M9.5 4.2 11.1 6 9.5 7.8M7.8 9.5 6 11.1 4.2 9.5M2.5 7.8.9 6l1.6-1.8', stroke: 1.4 }] },
  withdrawn: { tone: 'mark', word: marksText.withdrawn, say: marksText.nobodyWaitsForItAny, paths: [{ d: DIAMOND, stroke: 1.2 }, { d: 'M3.9 5.3h4.2v1.4H3.9z' }] }
} satisfies Record<string, Glyph>;

/** Whoever runs: a ring that says how much of it is heard. */
const AGENT = {
  working: { tone: 'ok', word: marksText.working, say: marksText.itsBeatsCarryProgress, paths: [{ d: RING, stroke: 1.3 }, { d: DOT }] },
  alive: { tone: 'mark', word: marksText.alive, say: marksText.beatsArriveNoProgress, paths: [{ d: RING, stroke: 1.3 }] },
  stuck: { tone: 'warn', word: marksText.aliveOnly, say: marksText.beatsArriveItsWork, paths: [{ d: RING, stroke: 1.3 }, { d: 'M3.400 5.300h5.200v1.400H3.400z' }] },
  late: { tone: 'bad', word: marksText.late, say: marksText.noBeatForThree, paths: [{ d: 'M3.2 2.2A4.7 4.7 0 0 1 8.8 2.2M10.4 4.2a4.7 4.7 0 0 1 0 3.6M8.8 9.8a4.7 4.7 0 0 1-5.6 0M1.6 7.8a4.7 4.7 0 0 1 0-3.6', stroke: 1.5 }] },
  error: { tone: 'bad', word: marksText.error, say: marksText.itSaidThatItFailed, paths: [{ d: RING, stroke: 1.3 }, { d: 'M4.3 4.3l3.4 3.4M7.7 4.3 4.3 7.7', stroke: 1.4 }] },
  stopped: { tone: 'mark', word: marksText.stopped, say: marksText.itSaidGoodbye, paths: [{ d: RING, stroke: 1.3 }, { d: 'M3.9 3.9 8.1 8.1', stroke: 1.4 }] },
  unseen: { tone: 'mark', word: marksText.noBeats, say: marksText.knownByNameNeverHeard, paths: [{ d: DASH }] }
} satisfies Record<string, Glyph>;

/** The mark families: S scheduled, D delivered, C confirmed, G gate, P sign, A agent. */
export const MARKS = { S: SCHEDULED, D: DELIVERED, C: CONFIRMED, G: GATE as Record<keyof typeof GATE, Glyph>, P: SIGN as Record<keyof typeof SIGN, Glyph>, A: AGENT as Record<keyof typeof AGENT, Glyph> };
export type Family = keyof typeof MARKS;
export type StateOf<F extends Family> = keyof (typeof MARKS)[F] & string;

/** The glyph of a family and state. */
export function glyphOf<F extends Family>(family: F, state: StateOf<F>): Glyph {
  return (MARKS[family] as Record<string, Glyph>)[state] ?? SCHEDULED.due;
}

/** The token that holds a tone's colour for marks. */
export function toneToken(tone: Tone): string {
  return tone === 'warn' ? 'warn-mark' : tone;
}

/** Bar, triangle, square under each other, in a 22 x 22 box. */
export const LOGO = ['M9.8 1h2.4v5.2H9.8z', 'M6.5 7.6 15.5 11l-9 3.4z', 'M6.6 15.8h8.8V21H6.6z'] as const;

/** Icons in a 16 x 16 box, stroked 1.4 wide in the current colour. */
export const ICONS = {
  board: 'M2 4.5h5M10 4.5h4M2 8h8M13 8h1M2 11.5h2.5M7.5 11.5H14',
  gates: 'M8 1.8 14.2 8 8 14.2 1.8 8zM5.7 8.1l1.6 1.6 3-3.4',
  agents: 'M1.5 8.5h3l1.7-4.7 3 8.4 1.9-5.2.9 1.5h2.5',
  alerts: 'M4 6.7a4 4 0 0 1 8 0c0 3.3 1.4 4.3 1.4 4.3H2.6S4 10 4 6.7zM6.5 13.3a1.6 1.6 0 0 0 3 0',
  secrets: 'M8.1 10.6a2.7 2.7 0 1 1-5.4 0a2.7 2.7 0 1 1 5.4 0zM7.3 8.7 13 3M10.4 5.6l2 2',
  settings: 'M2 4.6h6M12 4.6h2M2 11.4h2M8 11.4h6M11.8 4.6a1.8 1.8 0 1 1-3.6 0a1.8 1.8 0 1 1 3.6 0zM7.8 11.4a1.8 1.8 0 1 1-3.6 0a1.8 1.8 0 1 1 3.6 0z',
  search: 'M11.3 7a4.3 4.3 0 1 1-8.6 0a4.3 4.3 0 1 1 8.6 0zM10.2 10.2 14 14',
  plus: 'M8 3v10M3 8h10',
  play: 'M5 3.2 12.4 8 5 12.8z',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  stop: 'M4 4h8v8H4z',
  rerun: 'M13 8a5 5 0 1 1-1.5-3.6M13 2.2v3h-3',
  resume: 'M3 3.4v9.2M6.4 3.4 13 8l-6.6 4.6z',
  loop: 'M3.5 9V7.4a2.2 2.2 0 0 1 2.2-2.2h6M9.8 3 12 5.2 9.8 7.4M12.5 7v1.6a2.2 2.2 0 0 1-2.2 2.2h-6M6.2 13 4 10.8l2.2-2.2',
  span: 'M2 4.4h5.500M5.200 8h5.500M8.500 11.600H14',
  copy: 'M5.6 5.6h7.9v7.9H5.6zM10.4 5.6V2.5H2.5v7.9h3.1',
  down: 'M4 6.2l4 4 4-4',
  right: 'M6.2 4l4 4-4 4',
  left: 'M9.8 4l-4 4 4 4',
  up: 'M4 9.8l4-4 4 4',
  x: 'M4 4l8 8M12 4l-8 8',
  check: 'M3 8.4l3.3 3.3L13 4.6',
  moon: 'M13.2 9.7A5.7 5.7 0 1 1 6.3 2.8a4.6 4.6 0 0 0 6.9 6.9z',
  clock: 'M14 8a6 6 0 1 1-12 0a6 6 0 1 1 12 0zM8 4.5V8l2.4 1.7',
  receiver: 'M1.8 8h7.4M6.2 5l3 3-3 3M10.8 2.8h3.4v10.4h-3.4',
  webhook: 'M9.7 4a1.7 1.7 0 1 1-3.4 0a1.7 1.7 0 1 1 3.4 0zM5.4 11.6a1.7 1.7 0 1 1-3.4 0a1.7 1.7 0 1 1 3.4 0zM14 11.6a1.7 1.7 0 1 1-3.4 0a1.7 1.7 0 1 1 3.4 0zM7.2 5.5l-2.7 4.7M8.8 5.5l2.7 4.7M5.4 11.6h5.2',
  command: 'M2 3h12v10H2zM4.6 6.2 6.5 8l-1.9 1.8M8.2 10.2h3.2',
  worker: 'M8 2v7M5 6.3l3 3 3-3M2.5 9.8V13h11V9.8',
  watch: 'M1.5 8S4 3.8 8 3.8 14.5 8 14.5 8 12 12.2 8 12.2 1.5 8 1.5 8zM9.9 8a1.9 1.9 0 1 1-3.8 0a1.9 1.9 0 1 1 3.8 0z',
  pool: 'M2 5.2c1.5 0 1.5 1.2 3 1.2s1.5-1.2 3-1.2 1.5 1.2 3 1.2 1.5-1.2 3-1.2M2 9.6c1.5 0 1.5 1.2 3 1.2s1.5-1.2 3-1.2 1.5 1.2 3 1.2 1.5-1.2 3-1.2',
  file: 'M4 1.8h5.2L12.4 5v9.2H4zM9 1.8v3.4h3.4',
  lock: 'M3.4 7.2h9.2v6.3H3.4zM5.4 7.2V5.1a2.6 2.6 0 0 1 5.2 0v2.1',
  undo: 'M3 6h6.4a3.5 3.5 0 0 1 0 7H5M5.6 3.2 2.8 6l2.8 2.8',
  edit: 'M2.8 13.2l.7-3L10.9 2.8l2.3 2.3-7.4 7.4z',
  info: 'M14 8a6 6 0 1 1-12 0a6 6 0 1 1 12 0zM8 7.4v3.7M8 4.9v.3',
  warn: 'M8 2.2l6.5 11.3H1.5zM8 6.6v3.1M8 11.5v.2',
  filter: 'M2 4.2h12M4.4 8h7.2M6.6 11.8h2.8',
  list: 'M5.500 4.200H14M5.500 8H14M5.500 11.800H14M2.200 4.200h.6M2.200 8h.6M2.200 11.800h.6',
  eyeoff: 'M2 2l12 12M6.3 4.1A6 6 0 0 1 8 3.8c4 0 6.5 4.2 6.5 4.2a11 11 0 0 1-2 2.4M4.3 5.2A10.700 10.700 0 0 0 1.5 8S4 12.200 8 12.200a6 6 0 0 0 3.200-.9',
  globe: 'M14 8a6 6 0 1 1-12 0a6 6 0 1 1 12 0zM2.2 8h11.6M8 2c2 2 2.6 4 2.6 6S10 12 8 14c-2-2-2.6-4-2.6-6S6 4 8 2z',
  shield: 'M8 1.8l5 2v4.1c0 3.2-2.1 5.3-5 6.3-2.9-1-5-3.1-5-6.3V3.8z',
  arrow: 'M2.6 8h10.4M9 4l4 4-4 4',
  channel: 'M2.5 3h11v7.500H8l-3 2.700v-2.700H2.500z',
  phone: 'M5 1.800h6v12.400H5zM7.200 12h1.600',
  mail: 'M2 3.600h12v8.800H2zM2 4.200l6 4.600 6-4.600',
  flag: 'M4 14V2.6h8.2l-2.2 3 2.2 3H4',
  costs: 'M1.8 3h12.4M3.5 13.5V9M6.5 13.5V6M9.5 13.5v-3.2M12.5 13.5V7.4'
} as const;
export type IconName = keyof typeof ICONS;
