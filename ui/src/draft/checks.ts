//! Checks as they stand in the form, before delivery and before a success is believed: simple ones as fields, the others as the JSON they are. Pure.
import * as readbackText from '../text/readback';
import { objectAt, text, without, type Json } from './json';
import { freshKey } from './schedule';
import { tidy } from './span';

/** Two lists of a cue: what must hold before it is delivered, and what is looked at before a success is believed. */
export type CheckList = 'preflight' | 'checks';
export const CHECK_KINDS = ['url', 'disk', 'memory', 'secret', 'file', 'command', 'sql', 'git'] as const;
/** What came of a run is mostly a file, a row, an answer; and the owner may look himself. */
export const PROOF_KINDS = ['file', 'sql', 'url', 'git', 'command', 'manual', 'disk', 'memory', 'secret'] as const;
export type CheckKind = (typeof PROOF_KINDS)[number];

export interface CheckDraft {
  /** Its own among the checks. */
  key: number;
  kind: CheckKind;
  url: string;
  /** Of `url`; empty: any of 200 to 299. */
  status: string;
  privateUrl: boolean;
  /** Of `disk` and `file`. */
  path: string;
  /** Of `disk` and `memory`, in `unit`. */
  free: string;
  unit: 'GB' | 'MB';
  /** Of `secret`. */
  name: string;
  newer: boolean;
  minLines: string;
  /** Of `command`, `sql` and `git`. */
  json: string;
  onFail: 'hold' | 'fail';
  /** Fields that the form does not show. */
  rest: Json;
}

export type CheckField = 'url' | 'status' | 'path' | 'free' | 'name' | 'minLines' | 'json';
export type CheckPlace = `${CheckList}.${number}.${CheckField}`;

/** What a check of this kind says besides its kind and what happens if it fails. */
const FIELDS: Record<CheckKind, readonly string[]> = {
  url: ['url', 'status', 'allow_private'], disk: ['path', 'free_gb', 'free_mb'], memory: ['free_gb', 'free_mb'], secret: ['name'], file: ['path', 'newer_than_fire', 'min_lines'], command: [], sql: [], git: [], manual: []
};
/** Where something wrong with a whole check is said. */
const MAIN: Record<CheckKind, CheckField> = { url: 'url', disk: 'path', memory: 'free', secret: 'name', file: 'path', command: 'json', sql: 'json', git: 'json', manual: 'json' };
const PLACES: Record<string, CheckField> = { url: 'url', allow_private: 'url', status: 'status', path: 'path', free_gb: 'free', free_mb: 'free', name: 'name', newer_than_fire: 'path', min_lines: 'minLines' };
const OF_ALL = ['check', 'on_fail'];

/** What to change in a check that is written as JSON. */
export const EXAMPLES: Record<CheckList, Record<'command' | 'sql' | 'git', string>> = {
  preflight: {
    command: '{ "argv": ["pg_isready", "-q"] }',
    sql: '{ "sqlite": "~/crm.db", "query": "select count(*) from leads", "at_least": 1 }',
    git: '{ "repo": "~/site", "clean": true, "remote": "origin" }'
  },
  checks: {
    command: '{ "argv": ["python3", "verify.py"] }',
    sql: '{ "sqlite": "~/crm.db", "query": "select count(*) from leads where scored_at >= {{run.due}}", "equals": "{{outcome.processed}}" }',
    git: '{ "repo": "~/site", "new_commit": true }'
  }
};

/** True for a kind whose fields the form has. */
export function isSimple(kind: CheckKind): boolean {
  return FIELDS[kind].length > 0 || kind === 'manual';
}

export function blankCheck(list: readonly { key: number }[], kind: CheckKind = 'url', of: CheckList = 'preflight'): CheckDraft {
  return { key: freshKey(list), kind, url: '', status: '', privateUrl: false, path: '', free: '', unit: 'GB', name: '', newer: false, minLines: '', json: isSimple(kind) ? '' : EXAMPLES[of][kind as 'sql'], onFail: 'hold', rest: {} };
}

/** The same check as one of another kind: what both have in common stays. */
export function asKind(check: CheckDraft, kind: CheckKind, of: CheckList = 'preflight'): CheckDraft {
  return { ...blankCheck([], kind, of), key: check.key, path: check.path, free: check.free, unit: check.unit, onFail: check.onFail };
}

export function checksOf(value: unknown): CheckDraft[] {
  const list = Array.isArray(value) ? value.filter((item): item is Json => typeof item === 'object' && item !== null) : [];
  return list.map((item, i) => {
    const kind = PROOF_KINDS.find((known) => known === item['check']) ?? 'command';
    const free = typeof item['free_mb'] === 'number' ? item['free_mb'] : item['free_gb'];
    return {
      ...blankCheck([], kind), key: i + 1, url: text(item['url']), status: text(item['status']), privateUrl: item['allow_private'] === true, path: text(item['path']), free: typeof free === 'number' ? tidy(free) : '',
      unit: typeof item['free_mb'] === 'number' ? 'MB' : 'GB', name: text(item['name']), newer: item['newer_than_fire'] === true, minLines: text(item['min_lines']),
      json: isSimple(kind) ? '' : JSON.stringify(without(item, OF_ALL)), onFail: item['on_fail'] === 'fail' ? 'fail' : 'hold', rest: isSimple(kind) ? without(item, [...OF_ALL, ...FIELDS[kind]]) : {}
    };
  });
}

type Wrong = (field: CheckField, sentence: string) => void;

/** A field of the report in place of a number: "{{outcome.processed}}". */
const REPORTED = /^\{\{\s*outcome\.[\w.]+\s*\}\}$/;

function fieldsOf(check: CheckDraft, of: CheckList, wrong: Wrong): Json {
  const whole = (field: 'status' | 'minLines', from: number, to: number, sense: string): number | undefined => {
    const typed = check[field].trim();
    if (typed === '') return undefined;
    const value = Number(typed);
    if (Number.isInteger(value) && value >= from && value <= to) return value;
    wrong(field, sense);
    return undefined;
  };
  const free = (): Json => {
    const amount = Number(check.free.trim());
    if (check.free.trim() === '' || !(amount >= 0.001)) wrong('free', readbackText.howMuchSuchAs2);
    return { [check.unit === 'MB' ? 'free_mb' : 'free_gb']: amount };
  };
  switch (check.kind) {
    case 'url': {
      if (!/^https?:\/\/\S+$/i.test(check.url.trim())) wrong('url', readbackText.whichAddressSuchAsHttp);
      const status = whole('status', 200, 599, readbackText.aStatusFrom200);
      return { url: check.url.trim(), ...(status === undefined ? {} : { status }), ...(check.privateUrl ? { allow_private: true } : {}) };
    }
    case 'disk':
      if (check.path.trim() === '') wrong('path', readbackText.whichFolderSuch);
      return { path: check.path.trim(), ...free() };
    case 'memory':
      return free();
    case 'secret':
      if (check.name.trim() === '') wrong('name', readbackText.whichSecret);
      return { name: check.name.trim() };
    case 'file': {
      if (check.path.trim() === '') wrong('path', readbackText.whichFileSuchAsInbox);
      const reported = of === 'checks' && REPORTED.test(check.minLines.trim());
      const lines = reported ? check.minLines.trim() : whole('minLines', 1, 4_294_967_295, of === 'checks' ? readbackText.aWholeNumberFrom1 : readbackText.aWholeNumberFrom1Up);
      return { path: check.path.trim(), ...(check.newer ? { newer_than_fire: true } : {}), ...(lines === undefined ? {} : { min_lines: lines }) };
    }
    case 'command':
    case 'sql':
    case 'git':
      try {
        const read = JSON.parse(check.json) as unknown;
        if (typeof read === 'object' && read !== null && !Array.isArray(read)) return read as Json;
        wrong('json', readbackText.anObjectIsWrittenHere(EXAMPLES[of][check.kind]));
      } catch (error) {
        wrong('json', readbackText.thisIsNotJsonYet(error instanceof Error ? error.message : String(error)));
      }
      return {};
    case 'manual':
      return {};
  }
}

/** Makes the `preflight` or the `checks` of a definition. */
export function makeChecks(checks: readonly CheckDraft[], of: CheckList, wrong: (place: CheckPlace, sentence: string) => void): Json[] {
  return checks.map((check, i) => ({
    check: check.kind, ...check.rest, ...fieldsOf(check, of, (field, sentence) => wrong(`${of}.${i}.${field}`, sentence)), ...(of === 'preflight' && check.onFail === 'fail' ? { on_fail: 'fail' } : {})
  }));
}

/** The form's place for a path below one of the lists (`[0].url`); null when it is about the whole list. */
export function checkPlace(path: string, of: CheckList, checks: readonly CheckDraft[]): CheckPlace | null {
  const [, at, field] = /^\[(\d+)\](?:\.(\w+))?/.exec(path) ?? [];
  const check = checks[Number(at ?? -1)];
  if (!check) return null;
  const place = isSimple(check.kind) ? PLACES[field ?? ''] : 'json';
  const shown = place !== undefined && (place === 'json' || FIELDS[check.kind].includes(field ?? ''));
  return `${of}.${Number(at)}.${shown ? place : MAIN[check.kind]}`;
}

/** A check in words: "/srv has at least 2 GB free". */
export function checkWords(check: CheckDraft): string {
  switch (check.kind) {
    case 'url':
      return readbackText.answers(check.url.trim().replace(/[?#].*$/, '') || readbackText.anAddress, check.status.trim() || '2xx');
    case 'disk':
      return readbackText.hasFree(check.path.trim() || readbackText.aFolder, check.free.trim() || '…', check.unit);
    case 'memory':
      return readbackText.ofMemoryIsFree(check.free.trim() || '…', check.unit);
    case 'secret':
      return readbackText.theSecretIsThere(check.name.trim() || '…');
    case 'file': {
      const asked = [...(check.newer ? [readbackText.isNewerThanTheFire] : []), ...(check.minLines.trim() !== '' ? [readbackText.hasLinesOrMore(reportedWords(check.minLines))] : [])];
      return `${check.path.trim() || readbackText.aFile} ${asked.length === 0 ? 'exists' : asked.join(readbackText.and)}`;
    }
    case 'command':
    case 'sql':
    case 'git':
      return jsonWords(check.kind, check.json);
    case 'manual':
      return readbackText.youSaySo;
  }
}

/** "20", or "the reported processed" of a field of the report. */
function reportedWords(bound: unknown): string {
  const written = text(bound).trim();
  const field = REPORTED.test(written) ? written.replace(/^\{\{\s*outcome\.|\s*\}\}$/g, '') : null;
  return field === null ? written || JSON.stringify(bound) : readbackText.theReported(field);
}

function jsonWords(kind: 'command' | 'sql' | 'git', json: string): string {
  let read: Json = {};
  try {
    read = objectAt({ it: JSON.parse(json) as unknown }, 'it');
  } catch {
    // Half written; the words stay general.
  }
  if (kind === 'command') {
    const argv = Array.isArray(read['argv']) ? read['argv'].map((word) => text(word)).join(' ') : text(read['shell']);
    return readbackText.exitsWith0(argv || readbackText.aCommand);
  }
  if (kind === 'git') return readbackText.theRepository(text(read['repo']) || '…', read['new_commit'] === true && read['clean'] !== true && read['remote'] === undefined ? readbackText.hasANewCommit : readbackText.isAsAsked);
  const asked = read['equals'] !== undefined ? reportedWords(read['equals']) : read['at_least'] !== undefined ? readbackText.atLeast(reportedWords(read['at_least'])) : read['at_most'] !== undefined ? readbackText.atMost(reportedWords(read['at_most'])) : readbackText.whatIsAsked;
  return readbackText.aQueryOfGives(text(read['sqlite']) || (read['postgres'] === undefined ? readbackText.aDatabase : readbackText.postgresql), asked);
}
