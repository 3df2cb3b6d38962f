//! The briefing card as it is shown: what was due when, by which policy, what is still to be decided. Pure.
import { number } from '../locale';
import * as frameText from '../text/frame';
import { hm, hms, MINUTE, sameDay, weekday } from '../time';
import { BEFORE } from '../timeline/bands';
import type { BandView, BriefingCard, BriefingLine } from '../wire';

/** What the owner said to one held occurrence. */
export type Answer = 'run' | 'skip';

const POLICIES: Record<string, string> = { latest: frameText.runsTheNewestWhile, all: frameText.runsEachOfThem, none: frameText.neverMadeUp, ask: frameText.asksYou };

export function policyWords(policy: string): string {
  return POLICIES[policy] ?? policy;
}

/** That nobody was there is what the card is about: its head says it already. */
const AWAY = /^[^,;]*\b(tower|machine|computer|clock)\b[^,;]*[,;] (?:and )?/;

const RAN_ONCE = /^Ran once\b/;

/** Beside a number that waits, one run is said as a number too. */
const RAN: Record<string, string> = { 'ran once': frameText.oneRan };

/** What was done, and apart from it why: "1 not run.", "It stays useful for 10 s only." `waiting`: of one that asks, the due times that wait for the answer; null: that is not known. `going`: what its run does at this moment, where it is not over. */
export function doneWords(line: Pick<BriefingLine, 'sentence' | 'missed' | 'asks'>, waiting: number | null, going: string | null = null): { done: string; why: string | null } {
  if (line.asks === null || waiting === null || waiting > line.missed) return told(going === null ? line.sentence : line.sentence.replace(RAN_ONCE, going));
  const wait = line.missed === 1 ? frameText.itWaitsForYou : waiting === line.missed ? frameText.allWaitForYou(number(waiting)) : frameText.someWaitForYou(number(waiting), number(line.missed), waiting);
  // What waits is said with its number; what merged into it is part of that.
  const others = line.sentence.replace(/\.$/, '').split(/; (?![^(]*\))/).filter((part) => !/^waits for you$|coalesced into it$/i.test(part));
  if (others.length === 0) return { done: `${wait}.`, why: null };
  const rest = told(`${others.map((part) => RAN[part.toLowerCase()] ?? part).join(', ')}.`);
  return { done: frameText.theOthers(wait, rest.done), why: rest.why };
}

function told(sentence: string): { done: string; why: string | null } {
  const [, done, why] = /^([^()]*\S) \(([^()]*)\)\.$/.exec(sentence) ?? [];
  if (done === undefined || why === undefined) return { done: sentence, why: null };
  const rest = why.replace(AWAY, '');
  return { done: `${done}.`, why: `${rest.charAt(0).toUpperCase()}${rest.slice(1)}.` };
}

/** Today needs no day. */
function dated(at_ms: number, clock: typeof hm, now_ms: number, zone: string): string {
  return sameDay(at_ms, now_ms, zone) ? clock(at_ms, zone) : `${weekday(at_ms, zone)} ${clock(at_ms, zone)}`;
}

/** From one instant to another, to the second where that is all there is between them. */
function stretch(from_ms: number, to_ms: number, now_ms: number, zone: string): string {
  const clock = to_ms - from_ms < 5 * MINUTE ? hms : hm;
  return frameText.to(dated(from_ms, clock, now_ms, zone), sameDay(from_ms, to_ms, zone) ? clock(to_ms, zone) : dated(to_ms, clock, now_ms, zone));
}

/** "02:30", "02:30:25", "01:05 to 06:05", "17:15:00 to :20", "Thu 19 22:10 to Fri 20 06:00". */
export function dueWords(line: BriefingLine, now_ms: number, zone: string): string {
  const { oldest_due_ms: from_ms, newest_due_ms: to_ms } = line;
  if (line.missed < 2 || to_ms === from_ms) return dated(from_ms, from_ms % MINUTE === 0 ? hm : hms, now_ms, zone);
  const words = stretch(from_ms, to_ms, now_ms, zone);
  return Math.floor(from_ms / MINUTE) === Math.floor(to_ms / MINUTE) ? words.replace(/\d\d:\d\d(?=:\d\d$)/, '') : words;
}

/** "Asleep 5 h 25 min, 00:47 to 06:12" */
export function bandWords(band: BandView, now_ms: number, zone: string): string {
  return band.reason === BEFORE ? band.label : `${band.label}, ${stretch(band.from_ms, band.to_ms, now_ms, zone)}`;
}

/** Lines that still wait for an answer. */
export function openAsks(card: BriefingCard, answers: ReadonlyMap<string, Answer>): BriefingLine[] {
  return card.lines.filter((line) => line.asks !== null && !answers.has(line.asks));
}

/** What closing the card means now. */
export function closingWords(open: readonly BriefingLine[]): string {
  if (open.length === 0) return frameText.nothingHereWaitsForYou;
  const names = open.map((line) => line.cue_name);
  const who = names.length < 3 ? names.join(frameText.and) : frameText.andMore(names.slice(0, 2).join(', '), names.length - 2);
  return names.length === 1 ? frameText.ifYouCloseThisStays(who) : frameText.ifYouCloseThisStay(who);
}

/**
 * A newer card while the older is open: lines stay where they are, so that nothing moves under the pointer. `answered` knows the occurrences that
 * were answered here: what became of them is still told.
 */
export function merged(shown: BriefingCard | null, next: BriefingCard | null, answered: (occurrenceId: string) => boolean): BriefingCard | null {
  if (shown === null || next === null) return next;
  const fresh = new Map(next.lines.map((line) => [line.cue_id, line]));
  const lines = shown.lines.map((line) => {
    const now = fresh.get(line.cue_id);
    fresh.delete(line.cue_id);
    if (!now) return { ...line, asks: null };
    return { ...now, asks: now.asks ?? (line.asks !== null && answered(line.asks) ? line.asks : null) };
  });
  return { ...next, lines: [...lines, ...fresh.values()] };
}
