//! What the form asks for, read back in plain sentences. Pure.
import * as readbackText from '../text/readback';
import { lasting, MONTHS, placeOf, SECOND } from '../time';
import { joinWords, splitWords } from './argv';
import { simpleOf, type Simple } from './cron';
import { checkWords } from './checks';
import { daysWords, padded } from './days';
import { HAS } from './delivering';
import { assertsOf, EVIDENCE, isMissable, type Draft } from './draft';
import { gateSentences } from './gating';
import { lentOf } from './lending';
import { usefulFor, type Facts } from './policies';
import { comesAgain, type BlackoutDraft, type PartDraft } from './schedule';
import { everyWords, secondsOf, spanWords, type Span } from './span';
import { useWords } from './uses';
import { beatSentences, fuseSentences, type UsualFuses } from './watching';

/** A run of words, plain, strong or as code. A `break` has none: a new paragraph begins. */
export interface Phrase {
  text: string;
  as: 'plain' | 'strong' | 'code' | 'break';
}

/** The read-back by its paragraphs. */
export function paragraphs(phrases: readonly Phrase[]): Phrase[][] {
  return phrases.reduce<Phrase[][]>((out, phrase) => (phrase.as === 'break' ? [...out, []] : [...out.slice(0, -1), [...(out[out.length - 1] ?? []), phrase]]), [[]]);
}

/** The sentences of the read-back; `words` is the schedule as the host says it, when it could read it. `nameOf` names a cue by its id; `facts` are what its coming fires say; `usual` is what stops every cue; `unread` are lines of it that the tower cannot read. */
export function readBack(draft: Draft, words: string | null, nameOf: (cue: string) => string = (cue) => cue, facts: Facts = NO_FACTS, usual: UsualFuses = null, unread: ReadonlySet<string> = NONE): Phrase[] {
  const out: Phrase[] = [];
  const say = (text: string, as: Phrase['as'] = 'plain') => out.push({ text, as });
  sayWhen(draft, words, nameOf, say);
  sayWho(draft, say);
  for (const sentence of scheduleSentences(draft)) say(`${sentence} `);
  say('', 'break');
  if (HAS.policies(draft.transport)) {
    if (isMissable(draft)) say(`${LATE[draft.catchUp](draft, facts)} `);
    say(`${BUSY[draft.overlap]} `);
  }
  for (const sentence of [...beforeSentences(draft), ...lentSentences(draft), ...gateSentences(draft), ...beatSentences(draft)]) say(`${sentence} `);
  sayStops(fuseSentences(draft, usual), say);
  say('', 'break');
  sayProof(draft, unread, say);
  for (const sentence of afterSentences(draft, nameOf)) say(` ${sentence}`);
  return out;
}

/** What ends a run has a line of its own, found by its first word. */
function sayStops(sentences: readonly string[], say: Say): void {
  const text = sentences.join(' ');
  if (text === '') return;
  const lead = text.startsWith(readbackText.stopsWord) ? readbackText.stopsWord : '';
  say('', 'break');
  if (lead !== '') say(lead, 'strong');
  say(text.slice(lead.length));
}

/** To whom it goes, at the end of "Every day at 02:30". */
function sayWho(draft: Draft, say: Say): void {
  const agent = draft.agent.trim();
  switch (draft.transport) {
    case 'webhook':
      say(readbackText.sendTo(draft.method));
      say(draft.address.trim() || readbackText.anAddress, draft.address.trim() ? 'code' : 'plain');
      break;
    case 'worker':
      say(readbackText.offerItToWorkers);
      break;
    case 'command': {
      const split = draft.shell ? null : splitWords(draft.command);
      const program = split && 'words' in split ? startOf(split.words) : '';
      say(draft.shell ? readbackText.runAShellLine : readbackText.start);
      if (!draft.shell) say(program || readbackText.aProgram, program ? 'code' : 'plain');
      if (draft.folder.trim() !== '') {
        say(readbackText.inIt);
        say(draft.folder.trim(), 'code');
      }
      break;
    }
    case 'watch':
      say(agent === '' ? readbackText.expectAPingOfWhoever : readbackText.expectAPing(agent));
      say(draft.kind === 'manual' ? readbackText.theTowerDoesNotStart : readbackText.theTowerDoesNotStartOfWithin(within(draft.timeout, 300)));
      return;
  }
  say(agent !== '' ? readbackText.forTheAgent(agent) : '. ');
  if (draft.transport === 'worker') say(readbackText.oneHasToClaim(within(draft.timeout, 900), spanWords(draft.lease) || '…'));
  if (draft.transport === 'command' && draft.restart !== 'never') say(draft.restart === 'always' ? readbackText.wheneverItEnds : readbackText.ifItEndsWithAnything);
  if (draft.transport === 'webhook' && draft.allowPrivate) say(readbackText.theAddressMay);
}

/** "15 min", of seconds as they are typed. */
function within(typed: string, otherwise_s: number): string {
  const seconds = Number(typed.trim());
  return lasting((typed.trim() !== '' && seconds > 0 ? seconds : otherwise_s) * SECOND);
}

/** "a", "a and b", "a, b and c" */
function listed(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? '') : readbackText.andOfWords(words.slice(0, -1).join(', '), words[words.length - 1] ?? '');
}

/** What must be there before anything is delivered. */
function beforeSentences(draft: Draft): string[] {
  const out: string[] = [];
  if (draft.transport !== 'watch') {
    const priority = Number(draft.priority.trim());
    const rank = draft.priority.trim() === '' || priority === 0 || Number.isNaN(priority) ? '' : readbackText.withPriority(priority);
    if (draft.uses.length > 0) out.push(readbackText.itWaitsForRoom(draft.uses.length, listed(draft.uses.map(useWords)), rank));
    const holds = draft.preflight.filter((check) => check.onFail === 'hold');
    const fails = draft.preflight.filter((check) => check.onFail === 'fail');
    if (holds.length > 0) out.push(readbackText.itIsHeldUntil(listed(holds.map(checkWords))));
    if (fails.length > 0) out.push(readbackText.theAttemptFailsUnless(listed(fails.map(checkWords))));
  }
  return out;
}

/** Which secrets it is lent. */
function lentSentences(draft: Draft): string[] {
  const names = [...new Set(lentOf(draft).map((lent) => lent.secret))];
  return names.length === 0 ? [] : [readbackText.itIsLent(listed(names))];
}

/** What follows a run. */
function afterSentences(draft: Draft, nameOf: (cue: string) => string): string[] {
  const out: string[] = [];
  const attempts = Number(draft.attempts);
  if (HAS.retries(draft.transport) && attempts > 1) out.push(readbackText.aDeliveryThatFails(attempts, draft.retryFailed ? readbackText.andSoIsAReported : ''));
  const then: string[] = [];
  if (draft.fallback.trim() !== '') then.push(readbackText.firesInItsPlace(nameOf(draft.fallback.trim())));
  if (draft.failWebhook.trim() !== '') then.push(readbackText.isTold(draft.failWebhook.trim().replace(/[?#].*$/, '')));
  if (draft.pauseOnFailure) then.push(readbackText.theCueIsPaused);
  if (then.length > 0) out.push(readbackText.ifARunFails(listed(then)));
  if (draft.onSuccess.trim() !== '') out.push(readbackText.ifItEndsWellFires(nameOf(draft.onSuccess.trim())));
  return out;
}

/** The program, and the script that it reads when one follows: "python3 -u leads.py". */
function startOf(words: readonly string[]): string {
  const at = words.findIndex((word, i) => i > 0 && !word.startsWith('-'));
  const script = at > 0 ? (words[at] ?? '') : '';
  const named = /^[^\s:]*[^\s:/]$/.test(script) && (script.includes('/') || /\w\.[a-z]{1,4}$/i.test(script));
  return joinWords(words.slice(0, named ? at + 1 : 1));
}

const NONE: ReadonlySet<string> = new Set();
const NO_FACTS: Facts = { gap_ms: null, shortest_ms: null };

/** How late a missed run may still come, at the end of "it runs once when it is back". */
function unlessLate(draft: Draft, facts: Facts): string {
  const useful = usefulFor(draft, facts);
  if (useful.by === 'nothing') return readbackText.howeverLateThatIs2;
  if (useful.ms === null) return readbackText.unlessThatIsLater;
  return readbackText.unlessThatIsMore(lasting(useful.ms), useful.by === 'gap' ? readbackText.halfTheGap : '');
}

const LATE: Record<Draft['catchUp'], (draft: Draft, facts: Facts) => string> = {
  latest: (draft, facts) => readbackText.ifTheTowerWasOff(unlessLate(draft, facts)),
  all: () => readbackText.ifTheTowerWasOffOr,
  ask: () => readbackText.ifTheTowerWasOffOrAsleep,
  none: () => readbackText.ifTheTowerWasOffOrAsleepThe
};

const BUSY: Record<Draft['overlap'], string> = {
  skip: readbackText.whileARunIsGoing,
  queue: readbackText.whileARunIsGoingA,
  allow: readbackText.runsMayOverlap,
  replace: readbackText.aNewRunStops
};

function sayProof(draft: Draft, unread: ReadonlySet<string>, say: Say): void {
  const deadline = draft.deadline.trim() !== '' && Number(draft.deadline) > 0 ? lasting(Number(draft.deadline) * SECOND) : null;
  const proofs: string[] = [];
  if (draft.confirm === 'delivery') proofs.push({ webhook: readbackText.theAgentAcceptsIt, worker: readbackText.aWorkerClaimsIt, command: readbackText.theProgramStarts, watch: readbackText.itsFirstPingComes }[draft.transport]);
  if (draft.confirm === 'exit_code') proofs.push(`${draft.transport === 'watch' ? readbackText.itsLastPingSays0 : readbackText.theProgramExitsWith0}${deadline ? readbackText.within(deadline) : ''}`);
  if (draft.minProcessed.trim() !== '') proofs.push(readbackText.atLeastAreProcessed(draft.minProcessed.trim()));
  if (draft.maxErrors.trim() !== '') proofs.push(readbackText.atMostAreErrors(draft.maxErrors.trim()));
  if (spanWords(draft.maxDuration) !== '') proofs.push(readbackText.itTookAtMost(spanWords(draft.maxDuration)));
  for (const [key, name] of EVIDENCE) if (draft.evidence.includes(key)) proofs.push(readbackText.isReported(name.toLowerCase()));
  proofs.push(...assertsOf(draft).map((line) => (unread.has(line) ? readbackText.aConditionThatCannotBeRead(line) : line)), ...draft.checks.map(checkWords));
  const livesOn = draft.transport === 'command' && draft.restart !== 'never';
  if (draft.confirm === 'outcome') say(livesOn && deadline === null ? readbackText.theAgentMayLive : readbackText.theAgentHasToReport(deadline ?? readbackText.fiveMin));
  if (draft.confirm === 'checks') say(readbackText.whatThisMachineFinds(HAS.exitCode(draft.transport) ? readbackText.whenTheProgramEnds : '', deadline ?? readbackText.fiveMin));
  if (proofs.length === 0) {
    say(readbackText.aReportedSuccessIsOnly);
    say('claimed', 'strong');
    say(readbackText.noProofIsAskedFor);
    return;
  }
  say(readbackText.itCountsAs);
  say('confirmed', 'strong');
  say(readbackText.onlyIf(listed(proofs)));
}

type Say = (text: string, as?: Phrase['as']) => void;

function sayWhen(draft: Draft, words: string | null, nameOf: (cue: string) => string, say: Say): void {
  const zone = draft.zone.trim();
  const only = comesAgain(draft.kind) && draft.windowsOnly && draft.parts.length > 0;
  if (draft.kind === 'manual') return say(readbackText.whenYouFireIt, 'strong');
  if (draft.kind === 'after') return say(afterWords(nameOf(draft.after.trim()) || readbackText.anotherCue, draft.on), 'strong');
  if (only) return say(readbackText.onlyInItsWindows, 'strong');
  // The host's words go on with the windows and the jitter, which have sentences of their own here.
  const base = (words ?? '').split(/; |, up to [^;]* later$/)[0] ?? '';
  say(base === '' ? readbackText.whenItIsDue : base.charAt(0).toUpperCase() + base.slice(1), 'strong');
  if (zone !== '') say(readbackText.time(placeOf(zone)));
}

/** "After lead-digest ended well" */
function afterWords(cue: string, on: Draft['on']): string {
  return on === 'confirmed' ? readbackText.afterEndedWell(cue) : on === 'failed' ? readbackText.afterDidNotEndWell(cue) : readbackText.afterEndedWellOrNot(cue);
}

/** What the schedule asks for besides its due times: windows, jitter, blackout days, triggers. */
function scheduleSentences(draft: Draft): string[] {
  const out: string[] = [];
  if (comesAgain(draft.kind)) {
    for (const part of draft.parts) out.push(partSentence(part, draft.zone.trim()));
    if ((secondsOf(draft.jitter) ?? 0) > 0) out.push(readbackText.eachOneComesUp(spanWords(draft.jitter)));
  }
  if (draft.blackout.length > 0) out.push(readbackText.itIsSkipped(draft.blackout.map(blackoutWords).join(', ')));
  const paths = draft.paths.map((path) => path.trim()).filter((path) => path !== '');
  if (paths.length > 0) out.push(readbackText.itAlsoRunsWhenAppears(paths.join(readbackText.or)));
  return out;
}

/** "Mon–Fri 09:30–16:00 New York" */
export function windowWords(part: PartDraft, zone: string): string {
  const hours = part.allDay ? '' : ` ${padded(part.from)}–${padded(part.to)}`;
  const place = part.zone.trim() !== '' && part.zone.trim() !== zone ? ` ${placeOf(part.zone.trim())}` : '';
  return `${daysWords(part.days)}${hours}${place}`;
}

/** "every minute, 5 at once" */
export function rateWords(part: PartDraft): string {
  const rate = part.rate === 'every' ? everyWords(part.every) : part.rate === 'cron' ? cronWords(part.cron) : readbackText.asOtherwise;
  return `${rate || readbackText.notSaidYet}${part.atOnce.trim() !== '' ? readbackText.atOnce(part.atOnce.trim()) : ''}`;
}

const two = (n: number) => String(n).padStart(2, '0');

/** A simple cron as it is said; any other one as it is written. */
function cronWords(cron: string): string {
  const simple = simpleOf(cron);
  return simple ? simpleWords(simple) : cron.trim();
}

function simpleWords(simple: Simple): string {
  const at = readbackText.atOfTwo(two(simple.hour), two(simple.minute));
  switch (simple.how) {
    case 'minutes':
      return everyWords({ amount: String(simple.step), unit: 'minutes' } satisfies Span);
    case 'hourly':
      return readbackText.hourlyAt(two(simple.minute));
    case 'daily':
      return readbackText.daily(at);
    case 'weekly':
      return `${daysWords(simple.days)} ${at}`;
    case 'monthly':
      return simple.date === 'L' ? readbackText.onTheLast(at) : readbackText.onDayOfTheMonth(simple.date, at);
  }
}

function partSentence(part: PartDraft, zone: string): string {
  const window = windowWords(part, zone);
  return `${window.charAt(0).toUpperCase()}${window.slice(1)}: ${rateWords(part)}.`;
}

/** "2026-12-24" as "24 Dec 2026"; what is no date stays as it is. */
function dateWords(written: string): string {
  const [, y, m, d, time = ''] = /^(\d{4})-(\d{2})-(\d{2})(?:[ T](.+))?$/.exec(written.trim()) ?? [];
  return d === undefined ? written.trim() : `${Number(d)} ${MONTHS[Number(m) - 1] ?? m} ${y}${time ? ` ${time}` : ''}`;
}

/** A note of the host at a fire, with its dates as they are said. */
export function noteWords(note: string): string {
  return note.replace(/\d{4}-\d{2}-\d{2}(?:[ T]\S+)?/g, dateWords);
}

/** "24–27 Dec 2026", "30 Dec 2026 – 2 Jan 2027", "on 25 Dec 2026" without the "on". */
export function blackoutWords(range: Pick<BlackoutDraft, 'from' | 'to'>): string {
  const [from, to] = [dateWords(range.from), dateWords(range.to)];
  if (from === to) return from;
  const [day, ...rest] = from.split(' ');
  return rest.length === 2 && to.endsWith(` ${rest.join(' ')}`) && to.split(' ').length === 3 ? `${day}–${to}` : `${from} – ${to}`;
}
