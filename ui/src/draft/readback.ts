//! What the form asks for, read back in plain sentences. Pure.
import { lasting, placeOf, SECOND } from '../time';
import { joinWords, splitWords } from './argv';
import { simpleOf, type Simple } from './cron';
import { checkWords } from './checks';
import { daysWords, padded } from './days';
import { HAS } from './delivering';
import { EVIDENCE, isMissable, type Draft } from './draft';
import { gateSentences } from './gating';
import { lentOf } from './lending';
import { usefulFor, type Facts } from './policies';
import { comesAgain, type BlackoutDraft, type PartDraft } from './schedule';
import { everyWords, secondsOf, spanWords, type Span } from './span';
import { useWords } from './uses';
import { beatSentences, fuseSentences } from './watching';

/** A run of words, plain, strong or as code. A `break` has none: a new paragraph begins. */
export interface Phrase {
  text: string;
  as: 'plain' | 'strong' | 'code' | 'break';
}

/** The read-back by its paragraphs. */
export function paragraphs(phrases: readonly Phrase[]): Phrase[][] {
  return phrases.reduce<Phrase[][]>((out, phrase) => (phrase.as === 'break' ? [...out, []] : [...out.slice(0, -1), [...(out[out.length - 1] ?? []), phrase]]), [[]]);
}

/** The sentences of the read-back; `words` is the schedule as the host says it, when it could read it. `nameOf` names a cue by its id; `facts` are what its coming fires say. */
export function readBack(draft: Draft, words: string | null, nameOf: (cue: string) => string = (cue) => cue, facts: Facts = NO_FACTS): Phrase[] {
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
  for (const sentence of [...beforeSentences(draft), ...lentSentences(draft), ...gateSentences(draft), ...beatSentences(draft), ...fuseSentences(draft)]) say(`${sentence} `);
  say('', 'break');
  sayProof(draft, say);
  for (const sentence of afterSentences(draft, nameOf)) say(` ${sentence}`);
  return out;
}

/** To whom it goes, at the end of "Every day at 02:30". */
function sayWho(draft: Draft, say: Say): void {
  const agent = draft.agent.trim();
  switch (draft.transport) {
    case 'webhook':
      say(`, send ${draft.method} to `);
      say(draft.address.trim() || 'an address', draft.address.trim() ? 'code' : 'plain');
      break;
    case 'worker':
      say(', offer it to workers');
      break;
    case 'command': {
      const split = draft.shell ? null : splitWords(draft.command);
      const program = split && 'words' in split ? startOf(split.words) : '';
      say(draft.shell ? ', run a shell line' : ', start ');
      if (!draft.shell) say(program || 'a program', program ? 'code' : 'plain');
      if (draft.folder.trim() !== '') {
        say(' in ');
        say(draft.folder.trim(), 'code');
      }
      break;
    }
    case 'watch':
      say(agent === '' ? ', expect a ping of whoever runs it. ' : `, expect a ping of the agent ${agent}. `);
      say(draft.kind === 'manual' ? 'The tower does not start it. ' : `The tower does not start it; with no ping ${within(draft.timeout, 300)} later, the run is silent. `);
      return;
  }
  say(agent !== '' ? ` for the agent ${agent}. ` : '. ');
  if (draft.transport === 'worker') say(`One has ${within(draft.timeout, 900)} to claim it, and keeps it for ${spanWords(draft.lease) || '…'} from its last sign of life. `);
  if (draft.transport === 'command' && draft.restart !== 'never') say(draft.restart === 'always' ? 'Whenever it ends, it is started again. ' : 'If it ends with anything but 0, it is started again. ');
  if (draft.transport === 'webhook' && draft.allowPrivate) say('The address may be in a private network. ');
}

/** "15 min", of seconds as they are typed. */
function within(typed: string, otherwise_s: number): string {
  const seconds = Number(typed.trim());
  return lasting((typed.trim() !== '' && seconds > 0 ? seconds : otherwise_s) * SECOND);
}

/** "a", "a and b", "a, b and c" */
function listed(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} and ${words[words.length - 1]}`;
}

/** What must be there before anything is delivered, and what stops it. */
function beforeSentences(draft: Draft): string[] {
  const out: string[] = [];
  if (draft.transport !== 'watch') {
    const priority = Number(draft.priority.trim());
    const rank = draft.priority.trim() === '' || priority === 0 || Number.isNaN(priority) ? '' : `, with priority ${priority}`;
    if (draft.uses.length > 0) out.push(`It waits for room in ${draft.uses.length === 1 ? 'the pool' : 'the pools'} ${listed(draft.uses.map(useWords))}${rank}.`);
    const holds = draft.preflight.filter((check) => check.onFail === 'hold');
    const fails = draft.preflight.filter((check) => check.onFail === 'fail');
    if (holds.length > 0) out.push(`It is held until ${listed(holds.map(checkWords))}.`);
    if (fails.length > 0) out.push(`The attempt fails unless ${listed(fails.map(checkWords))}.`);
  }
  return out;
}

/** Which secrets it is lent. */
function lentSentences(draft: Draft): string[] {
  const names = [...new Set(lentOf(draft).map((lent) => lent.secret))];
  return names.length === 0 ? [] : [`It is lent ${listed(names)} from the keyring.`];
}

/** What follows a run. */
function afterSentences(draft: Draft, nameOf: (cue: string) => string): string[] {
  const out: string[] = [];
  const attempts = Number(draft.attempts);
  if (HAS.retries(draft.transport) && attempts > 1) out.push(`A delivery that fails is tried ${attempts} times in all${draft.retryFailed ? ', and so is a reported failure' : ''}.`);
  const then: string[] = [];
  if (draft.fallback.trim() !== '') then.push(`${nameOf(draft.fallback.trim())} fires in its place`);
  if (draft.failWebhook.trim() !== '') then.push(`${draft.failWebhook.trim().replace(/[?#].*$/, '')} is told`);
  if (draft.pauseOnFailure) then.push('the cue is paused');
  if (then.length > 0) out.push(`If a run fails for good, ${listed(then)}.`);
  if (draft.onSuccess.trim() !== '') out.push(`If it ends well, ${nameOf(draft.onSuccess.trim())} fires.`);
  return out;
}

/** The program, and the script that it reads when one follows: "python3 -u leads.py". */
function startOf(words: readonly string[]): string {
  const at = words.findIndex((word, i) => i > 0 && !word.startsWith('-'));
  const script = at > 0 ? (words[at] ?? '') : '';
  const named = /^[^\s:]*[^\s:/]$/.test(script) && (script.includes('/') || /\w\.[a-z]{1,4}$/i.test(script));
  return joinWords(words.slice(0, named ? at + 1 : 1));
}

const NO_FACTS: Facts = { gap_ms: null, shortest_ms: null };

/** How late a missed run may still come, at the end of "it runs once when it is back". */
function unlessLate(draft: Draft, facts: Facts): string {
  const useful = usefulFor(draft, facts);
  if (useful.by === 'nothing') return ', however late that is';
  if (useful.ms === null) return ', unless that is later than half the gap to the next one, or than 12 h';
  return `, unless that is more than ${lasting(useful.ms)} late${useful.by === 'gap' ? ' (half the gap to the next one)' : ''}`;
}

const LATE: Record<Draft['catchUp'], (draft: Draft, facts: Facts) => string> = {
  latest: (draft, facts) => `If the tower was off or asleep, it runs once when it is back${unlessLate(draft, facts)}.`,
  all: () => 'If the tower was off or asleep, every missed run is made up, oldest first.',
  ask: () => 'If the tower was off or asleep, it asks you: run or skip.',
  none: () => 'If the tower was off or asleep, the due time is missed, and said so.'
};

const BUSY: Record<Draft['overlap'], string> = {
  skip: 'While a run is going, a new due time is skipped.',
  queue: 'While a run is going, a new one waits.',
  allow: 'Runs may overlap.',
  replace: 'A new run stops the old one.'
};

function sayProof(draft: Draft, say: Say): void {
  const deadline = draft.deadline.trim() !== '' && Number(draft.deadline) > 0 ? lasting(Number(draft.deadline) * SECOND) : null;
  const proofs: string[] = [];
  if (draft.confirm === 'delivery') proofs.push({ webhook: 'the agent accepts it', worker: 'a worker claims it', command: 'the program starts', watch: 'its first ping comes' }[draft.transport]);
  if (draft.confirm === 'exit_code') proofs.push(`${draft.transport === 'watch' ? 'its last ping says 0' : 'the program exits with 0'}${deadline ? ` within ${deadline}` : ''}`);
  if (draft.minProcessed.trim() !== '') proofs.push(`at least ${draft.minProcessed.trim()} are processed`);
  if (draft.maxErrors.trim() !== '') proofs.push(`at most ${draft.maxErrors.trim()} % are errors`);
  if (spanWords(draft.maxDuration) !== '') proofs.push(`it took ${spanWords(draft.maxDuration)} at most`);
  for (const [key, name] of EVIDENCE) if (draft.evidence.includes(key)) proofs.push(`${name.toLowerCase()} is reported`);
  proofs.push(...draft.asserts.split('\n').map((line) => line.trim()).filter((line) => line !== ''), ...draft.checks.map(checkWords));
  const livesOn = draft.transport === 'command' && draft.restart !== 'never';
  if (draft.confirm === 'outcome') say(livesOn && deadline === null ? 'The agent may live on and report when it likes. ' : `The agent has ${deadline ?? '5 min'} to report, then the run is silent. `);
  if (draft.confirm === 'checks') say(`What this machine finds decides: it looks when a success is reported${HAS.exitCode(draft.transport) ? ', when the program ends with 0' : ''}, and after ${deadline ?? '5 min'} at the latest. `);
  if (proofs.length === 0) {
    say('A reported success is only ');
    say('claimed', 'strong');
    say(': no proof is asked for.');
    return;
  }
  say('It counts as ');
  say('confirmed', 'strong');
  say(` only if ${listed(proofs)}.`);
}

type Say = (text: string, as?: Phrase['as']) => void;

function sayWhen(draft: Draft, words: string | null, nameOf: (cue: string) => string, say: Say): void {
  const zone = draft.zone.trim();
  const only = comesAgain(draft.kind) && draft.windowsOnly && draft.parts.length > 0;
  if (draft.kind === 'manual') return say('When you fire it', 'strong');
  if (draft.kind === 'after') return say(afterWords(nameOf(draft.after.trim()) || 'another cue', draft.on), 'strong');
  if (only) return say('Only in its windows', 'strong');
  // The host's words go on with the windows and the jitter, which have sentences of their own here.
  const base = (words ?? '').split(/; |, up to [^;]* later$/)[0] ?? '';
  say(base === '' ? 'When it is due' : base.charAt(0).toUpperCase() + base.slice(1), 'strong');
  if (zone !== '') say(`, ${placeOf(zone)} time`);
}

/** "After lead-digest ended well" */
function afterWords(cue: string, on: Draft['on']): string {
  return on === 'confirmed' ? `After ${cue} ended well` : on === 'failed' ? `After ${cue} did not end well` : `After ${cue} ended, well or not`;
}

/** What the schedule asks for besides its due times: windows, jitter, blackout days, triggers. */
function scheduleSentences(draft: Draft): string[] {
  const out: string[] = [];
  if (comesAgain(draft.kind)) {
    for (const part of draft.parts) out.push(partSentence(part, draft.zone.trim()));
    if ((secondsOf(draft.jitter) ?? 0) > 0) out.push(`Each one comes up to ${spanWords(draft.jitter)} later than due, always by the same for the same due time.`);
  }
  if (draft.blackout.length > 0) out.push(`It is skipped ${draft.blackout.map(blackoutWords).join(', ')}.`);
  const paths = draft.paths.map((path) => path.trim()).filter((path) => path !== '');
  if (paths.length > 0) out.push(`It also runs when ${paths.join(' or ')} appears or changes.`);
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
  const rate = part.rate === 'every' ? everyWords(part.every) : part.rate === 'cron' ? cronWords(part.cron) : 'as otherwise';
  return `${rate || 'not said yet'}${part.atOnce.trim() !== '' ? `, ${part.atOnce.trim()} at once` : ''}`;
}

const two = (n: number) => String(n).padStart(2, '0');

/** A simple cron as it is said; any other one as it is written. */
function cronWords(cron: string): string {
  const simple = simpleOf(cron);
  return simple ? simpleWords(simple) : cron.trim();
}

function simpleWords(simple: Simple): string {
  const at = `at ${two(simple.hour)}:${two(simple.minute)}`;
  switch (simple.how) {
    case 'minutes':
      return everyWords({ amount: String(simple.step), unit: 'minutes' } satisfies Span);
    case 'hourly':
      return `hourly at :${two(simple.minute)}`;
    case 'daily':
      return `daily ${at}`;
    case 'weekly':
      return `${daysWords(simple.days)} ${at}`;
    case 'monthly':
      return simple.date === 'L' ? `on the last of the month ${at}` : `on day ${simple.date} of the month ${at}`;
  }
}

function partSentence(part: PartDraft, zone: string): string {
  const window = windowWords(part, zone);
  return `${window.charAt(0).toUpperCase()}${window.slice(1)}: ${rateWords(part)}.`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

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
