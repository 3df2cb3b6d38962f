//! The catalogue of words that belong to marks, runs and alerts. Pure: marks in, sentences out.
import { factOf } from './fact';
import { glyphOf, type Tone } from './glyphs';
import { number } from './locale';
import * as marksText from './text/marks';
import { hm, hms, lasting, MINUTE, SECOND } from './time';
import type { AlertView, BandView, CueView, Mark } from './wire';

/** One of the three verdicts as text: its word, what is known, when, and the colour that repeats it. */
export interface Line {
  family: 'S' | 'D' | 'C';
  state: string;
  word: string;
  detail: string;
  time: string;
  tone: Tone;
}

/** True when a miss says by itself that the tower was off or asleep. */
export function reasonExplains(mark: Mark): boolean {
  return /\b(off|asleep|slept|sleep|not running|was down|stopped|restart)/i.test(mark.scheduled_reason ?? '');
}

/** A miss is red, or grey where a grey band explains it (`explained`). */
export function scheduledTone(mark: Mark, explained = false): Tone {
  return mark.scheduled === 'missed' && explained ? 'mark' : glyphOf('S', mark.scheduled).tone;
}

const TRIGGERS: Record<string, string> = {
  manual_fire: marksText.firedByHand, replay: marksText.runAgainByHand, resume: marksText.resumedByHand, chain: marksText.afterAnotherRun, fallback: marksText.inPlaceOfAnotherRun, trigger: marksText.byItsUrl, path: marksText.aFileChanged, ping: marksText.itsAgentBegan, dynamic: marksText.itsAgentAsked
};

/** Who or what fired it, when that was not its schedule. */
export function triggerWord(mark: Mark): string | null {
  return TRIGGERS[mark.triggered_by] ?? null;
}

const RAN: Record<string, string> = {
  manual_fire: marksText.firedByHand, replay: marksText.runAgainByHand, resume: marksText.resumedByHand, chain: marksText.afterAnotherRun, fallback: marksText.inPlaceOfAnotherRun, trigger: marksText.firedByItsUrl, path: marksText.asAFileChanged, ping: marksText.asItsAgentBegan, dynamic: marksText.asItsAgentAsked
};

/** That it ran, and what made it, when that was not its schedule: "Ran, fired by its URL". */
export function ranWords(mark: Mark): string {
  const by = RAN[mark.triggered_by];
  return by === undefined ? marksText.ran : marksText.ranOfBy(by);
}

const ENDED: Record<string, string> = { failed: marksText.hasEndedNotWell, either: marksText.hasEnded };

/** What a cue without a next due time waits for: "when you fire it". `nameOf` names a cue by its id. */
export function waitsFor(cue: CueView, nameOf: (cue: string) => string): string {
  const schedule = ((cue.definition as { schedule?: Record<string, unknown> } | null)?.schedule ?? {}) as Record<string, unknown>;
  const ways: string[] = [];
  if (schedule['type'] === 'after' && typeof schedule['cue'] === 'string') ways.push(marksText.when(nameOf(schedule['cue']), ENDED[String(schedule['on'])] ?? marksText.hasEndedWell));
  if (Array.isArray(schedule['paths']) && schedule['paths'].length > 0) ways.push(marksText.whenAFileChanges);
  if (cue.has_trigger_url) ways.push(marksText.whenItsUrlIsCalled);
  return ways.length === 0 ? marksText.whenYouFireIt : ways.join(marksText.or);
}

/** "43,100 due times", for a record that stands for a whole span of them. */
export function dueTimes(count: number): string {
  return marksText.dueTimes(number(count), count);
}

/** True for one record that stands for many due times of a long absence. */
export function isSpan(mark: Mark): boolean {
  return mark.count > 1 && mark.until_ms !== null;
}

/** Confirmed and failed say when they came after the deadline. */
export function confirmedWord(mark: Mark): string {
  const word = glyphOf('C', mark.confirmed).word;
  return mark.late ? marksText.lateOfWord(word) : word;
}

function scheduledDetail(mark: Mark): string {
  if (mark.scheduled !== 'ran') {
    const why = mark.asks ? marksText.asksYouBeforeItMakes : (mark.scheduled_reason ?? glyphOf('S', mark.scheduled).say);
    return isSpan(mark) ? `${dueTimes(mark.count)}: ${why}` : why;
  }
  const by = triggerWord(mark);
  if (by) return mark.scheduled_reason ? `${by}, ${mark.scheduled_reason}` : by;
  const late = (mark.started_at_ms ?? mark.due_ms) - mark.due_ms;
  if (mark.scheduled_reason) return mark.scheduled_reason;
  return late < 1000 ? marksText.onTimeMs(Math.max(0, Math.round(late))) : marksText.lateOfLate(lasting(late));
}

/** "attempt 2 of 3"; what is started again and again has no last one. */
export function attemptWords(mark: Mark): string {
  return mark.attempts > mark.attempts_max ? marksText.attempt(mark.attempts) : marksText.attemptOf(mark.attempts, mark.attempts_max);
}

function deliveredDetail(mark: Mark): string {
  const attempt = mark.attempts > 1 ? attemptWords(mark) : '';
  const after = mark.delivered_at_ms !== null ? marksText.after(lasting(mark.delivered_at_ms - (mark.started_at_ms ?? mark.due_ms))) : '';
  switch (mark.delivered) {
    case 'delivered':
      return [after, attempt].filter(Boolean).join(', ') || glyphOf('D', 'delivered').say;
    case 'waiting':
      return attempt || glyphOf('D', 'waiting').say;
    case 'delivering':
      return mark.attempts > 0 ? attemptWords(mark) : glyphOf('D', 'delivering').say;
    case 'bounced':
      return marksText.attemptsFailed(mark.attempts);
    case 'unknown':
      return glyphOf('D', 'unknown').say;
    case 'none':
      return glyphOf('D', 'none').say;
  }
}

/** The verdict lines that a run has so far, scheduled first. */
export function verdictLines(mark: Mark, zone: string, explained = false): Line[] {
  const s: Line = { family: 'S', state: mark.scheduled, word: glyphOf('S', mark.scheduled).word, detail: scheduledDetail(mark), time: hms(mark.due_ms, zone), tone: scheduledTone(mark, explained) };
  const lines = [s];
  if (mark.scheduled !== 'ran' && mark.delivered === 'none') return lines;
  const d = glyphOf('D', mark.delivered);
  lines.push({ family: 'D', state: mark.delivered, word: d.word, detail: deliveredDetail(mark), time: mark.delivered_at_ms !== null ? hms(mark.delivered_at_ms, zone) : '', tone: d.tone });
  if (mark.confirmed === 'none') return lines;
  const c = glyphOf('C', mark.confirmed);
  lines.push({ family: 'C', state: mark.confirmed, word: confirmedWord(mark), detail: c.say, time: mark.ended_at_ms !== null && !isLive(mark) ? hms(mark.ended_at_ms, zone) : '', tone: c.tone });
  return lines;
}

/** One plain sentence that heads a run: the fact, where it ended otherwise than hoped for and the host says which. */
export function headline(mark: Mark, now_ms: number): string {
  return isFactual(mark) ? factOf(mark.sentence)[0] : stateWords(mark, now_ms);
}

/** What is said below that head. */
export function beside(mark: Mark): string {
  return isFactual(mark) ? factOf(mark.sentence)[1] : mark.sentence;
}

const FACTUAL: ReadonlySet<string> = new Set(['refuted', 'failed', 'silent', 'stopped', 'claimed']);

function isFactual(mark: Mark): boolean {
  if (mark.delivered === 'waiting' && mark.confirmed === 'none') return mark.sentence !== '';
  return mark.scheduled === 'ran' && FACTUAL.has(mark.confirmed) && mark.delivered !== 'bounced' && mark.sentence !== '';
}

function stateWords(mark: Mark, now_ms: number): string {
  if (mark.scheduled === 'due') return mark.due_ms > now_ms ? marksText.dueIn(lasting(mark.due_ms - now_ms)) : marksText.dueNow;
  if (mark.asks) return marksText.heldItWaitsForYou;
  if (mark.scheduled !== 'ran') {
    const reason = mark.scheduled_reason ?? glyphOf('S', mark.scheduled).say;
    return `${glyphOf('S', mark.scheduled).word}: ${reason}.`.replace(/\.\.$/, '.');
  }
  switch (mark.confirmed) {
    case 'confirmed':
      return mark.late ? marksText.confirmedAfterItsDeadline : marksText.confirmedTheProofAgrees;
    case 'claimed':
      return marksText.reportedSuccessNothingVerified;
    case 'refuted':
      return marksText.reportedSuccessTheProofDisagrees;
    case 'failed':
      if (mark.delivered === 'bounced') return marksText.neverReachedTheAgent;
      return mark.late ? marksText.theAgentReportedFailureLate : marksText.itFailed;
    case 'silent':
      return mark.delivered === 'delivered' ? marksText.deliveredThenSilence : marksText.noSignOfIt;
    case 'stopped':
      return marksText.stoppedBeforeItEnded;
    case 'cancelled':
      return marksText.Cancelled;
    case 'working':
      return mark.delivered === 'delivered' || mark.delivered === 'unknown' ? marksText.running : marksText.onItsWay;
    case 'gate':
      return marksText.WaitsForYourAnswer;
    case 'none':
      if (mark.delivered === 'bounced') return marksText.neverReachedTheAgent;
      if (isBetween(mark)) return marksText.waitsForItsNextTry;
      if (mark.delivered === 'waiting') return marksText.waitsBeforeDelivery;
      return mark.delivered === 'delivering' ? marksText.onItsWay : mark.delivered === 'delivered' ? marksText.Delivered : marksText.fired;
  }
}

/** A run's name for ears: "score-new-leads, due 08:05. Ran. Delivered. Refuted: said 200, found 3." The sentence may begin with the last word itself. */
export function spoken(mark: Mark, cueName: string, zone: string): string {
  const words = verdictLines(mark, zone).map((line) => line.word);
  const last = words[words.length - 1] ?? '';
  const sentence = mark.sentence.startsWith(last) ? mark.sentence.slice(last.length).replace(/^[.:]\s*/, '') : mark.sentence;
  return marksText.due(cueName, hm(mark.due_ms, zone), words.join('. '), sentence === '' ? '.' : `: ${sentence}`);
}

/** True while the run may still change by itself. */
export function isLive(mark: Mark): boolean {
  return isBefore(mark) || mark.confirmed === 'working' || mark.confirmed === 'gate' || isBetween(mark);
}

/** True for a run that its agent does not have yet: on its way, or held back. */
export function isBefore(mark: Mark): boolean {
  return mark.delivered === 'delivering' || mark.delivered === 'waiting';
}

/** True for a run whose last try has ended, and whose next one is still to come. */
export function isBetween(mark: Mark): boolean {
  return mark.run_id !== null && mark.ended_at_ms === null && mark.confirmed === 'none' && (mark.delivered === 'delivered' || mark.delivered === 'unknown');
}

/** Marks that keep their full drawing at any zoom; an explained miss gives way where lanes are dense. */
export function isExceptional(mark: Mark, explained = false): boolean {
  return (
    mark.scheduled === 'held' ||
    (mark.scheduled === 'missed' && !explained) ||
    mark.delivered === 'bounced' ||
    mark.delivered === 'waiting' ||
    mark.confirmed === 'refuted' ||
    mark.confirmed === 'failed' ||
    mark.confirmed === 'silent' ||
    mark.confirmed === 'stopped' ||
    mark.confirmed === 'gate'
  );
}

/** Worst first: refuted, stopped, silent, failed, bounced, missed, held or at a gate. */
export function badness(mark: Mark): number {
  if (mark.confirmed === 'refuted') return 7;
  if (mark.confirmed === 'stopped') return 6;
  if (mark.confirmed === 'silent') return 5;
  if (mark.confirmed === 'failed') return 4;
  if (mark.delivered === 'bounced') return 3;
  if (mark.scheduled === 'missed') return 2;
  return mark.scheduled === 'held' || mark.confirmed === 'gate' ? 1 : 0;
}

/** How an alert is drawn and named in one word. */
export interface AlertFace {
  family: 'S' | 'D' | 'C' | 'G' | 'P' | 'A';
  state: string;
  word: string;
  tone: 'warn' | 'bad';
}

export function alertFace(kind: string): AlertFace {
  switch (kind) {
    case 'silent_run':
      return { family: 'C', state: 'silent', word: marksText.silent, tone: 'warn' };
    case 'check_failed':
      return { family: 'C', state: 'refuted', word: marksText.refuted, tone: 'bad' };
    case 'outcome_failed':
      return { family: 'C', state: 'failed', word: marksText.failed, tone: 'bad' };
    case 'delivery_failed':
      return { family: 'D', state: 'bounced', word: marksText.bounced, tone: 'bad' };
    case 'missed_occurrence':
      return { family: 'S', state: 'missed', word: marksText.missed, tone: 'bad' };
    case 'crash_loop':
      return { family: 'C', state: 'failed', word: marksText.crashes, tone: 'bad' };
    case 'fuse_tripped':
      return { family: 'C', state: 'stopped', word: marksText.fuse, tone: 'bad' };
    case 'fallback_failed':
      return { family: 'C', state: 'failed', word: marksText.failed, tone: 'bad' };
    case 'consecutive_failures':
      return { family: 'C', state: 'failed', word: marksText.failing, tone: 'bad' };
    case 'gate_waiting':
      return { family: 'G', state: 'waiting', word: marksText.yourWord, tone: 'warn' };
    case 'heartbeat_lost':
      return { family: 'A', state: 'late', word: marksText.noBeat, tone: 'bad' };
    case 'zombie':
      return { family: 'A', state: 'stuck', word: marksText.stuck, tone: 'warn' };
    case 'cost_spike':
      return { family: 'P', state: 'spike', word: marksText.spike, tone: 'warn' };
    case 'loop_detected':
      return { family: 'P', state: 'circles', word: marksText.inCircles, tone: 'warn' };
    case 'out_of_envelope':
      return { family: 'P', state: 'outside', word: marksText.unusual, tone: 'warn' };
    case 'cadence_drift':
      return { family: 'S', state: 'held', word: marksText.drifts, tone: 'warn' };
    case 'tower_was_off':
      return { family: 'P', state: 'stopped', word: marksText.wasOff, tone: 'warn' };
    case 'channel_failed':
      return { family: 'D', state: 'bounced', word: marksText.channel, tone: 'bad' };
    case 'store_trouble':
      return { family: 'P', state: 'asks', word: marksText.store, tone: 'bad' };
    default:
      return { family: 'P', state: 'asks', word: marksText.alert, tone: 'warn' };
  }
}

/** True while the owner wants to hear no more of it. */
export function isSnoozed(alert: Pick<AlertView, 'state' | 'snoozed_until_ms'>, now_ms: number): boolean {
  return alert.state === 'open' && alert.snoozed_until_ms !== null && alert.snoozed_until_ms > now_ms;
}

/** Open alerts that somebody should look at, as the tower counts them: the oldest wait first. What was missed is in the briefing, what is snoozed waits, and what only informs is in the record. */
export function needsYou(alerts: Iterable<AlertView>, now_ms: number): AlertView[] {
  return [...alerts].filter((alert) => alert.state === 'open' && alert.kind !== 'missed_occurrence' && alert.severity !== 'info' && !isSnoozed(alert, now_ms)).sort((a, b) => a.opened_at_ms - b.opened_at_ms || a.id.localeCompare(b.id));
}

/** Whom an alert is about: its cue, its agent, its channel, or the tower. */
export function subjectOf(alert: Pick<AlertView, 'cue_id' | 'agent' | 'channel'>, names: ReadonlyMap<string, string>): string {
  return (alert.cue_id === null ? undefined : names.get(alert.cue_id)) ?? alert.agent ?? alert.channel ?? (alert.cue_id === null ? marksText.cuetower : '');
}

/** "for 6 min" */
export function waitingSince(since_ms: number, now_ms: number): string {
  const passed = Math.max(SECOND, now_ms - since_ms);
  const unit = passed < MINUTE ? SECOND : MINUTE;
  return marksText.forIt(lasting(Math.floor(passed / unit) * unit));
}

const WHILE: Record<string, string> = { off: marksText.withTheTowerOff, asleep: marksText.inSleep, stalled: marksText.inAStall, clock_set: marksText.asTheClockWasSet };

/** What a held occurrence asks: "5 due times passed in sleep. Run it once for all of them, or skip them?" */
export function askSentence(due: number, band: BandView | null): string {
  return marksText.passedRunOrSkip(due === 1 ? marksText.itsDueTime : dueTimes(due), band ? (WHILE[band.reason] ?? '') : '', due);
}

/** With its full stop, where other sentences follow. */
export function ended(words: string): string {
  return /[.?…]$/.test(words) ? words : `${words}.`;
}

/** The alert's title without the cue's name in front, as a sentence: the row names the cue already. */
export function afterName(title: string, cueName: string): string {
  // A long name is cut in a title.
  const cut = title.indexOf('…');
  const said = title.startsWith(cueName) ? cueName : cut > 0 && cueName.startsWith(title.slice(0, cut)) ? title.slice(0, cut + 1) : '';
  const rest = cueName !== '' ? title.slice(said.length).replace(/^[\s:,]+/, '') : title;
  const sentence = rest === '' ? title : rest.charAt(0).toUpperCase() + rest.slice(1);
  return ended(sentence);
}
