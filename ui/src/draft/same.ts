//! The same cue as JSON, curl, command line and Python: lines that do what the form's button does. Pure.
import * as editorText from '../text/editor';
import { programOf } from './connecting';
import { isObject } from './json';
import type { Snippet } from './snippets';

/** Fields of a definition in which a change says only what it changes; of everything else it says the whole. */
const MERGED = ['schedule', 'callback', 'command', 'worker', 'retry', 'delivery', 'catch_up', 'expect', 'on_failure', 'alerts', 'heartbeat', 'budget', 'gate'];
const DEEPLY = ['budget'];

type Json = Record<string, unknown>;

/** The definition as a change of the one that stands: what is left out must be said to go. */
export function changeOf(standing: Json, definition: Json): Json {
  return { ...definition, ...gone(standing, definition, MERGED) };
}

function gone(standing: Json, wanted: Json, merged: readonly string[]): Json {
  const out: Json = {};
  for (const [key, before] of Object.entries(standing)) {
    if (!(key in wanted)) out[key] = null;
    else if (merged.includes(key) && isObject(before) && isObject(wanted[key])) out[key] = { ...wanted[key], ...gone(before, wanted[key], DEEPLY.includes(key) ? Object.keys(before) : []) };
  }
  return out;
}

/** A value as Python writes it: JSON, but for three words. */
export function pythonOf(value: unknown, indent = ''): string {
  const deeper = `${indent}    `;
  if (value === null || value === undefined) return editorText.none;
  if (typeof value === 'boolean') return value ? editorText.trueIt : editorText.falseIt;
  if (Array.isArray(value)) return value.length === 0 ? '[]' : value.some((item) => typeof item === 'object' && item !== null) ? `[\n${value.map((item) => `${deeper}${pythonOf(item, deeper)},\n`).join('')}${indent}]` : `[${value.map((item) => pythonOf(item)).join(', ')}]`;
  if (isObject(value)) {
    const pairs = Object.entries(value).filter(([, inner]) => inner !== undefined);
    return pairs.length === 0 ? '{}' : `{\n${pairs.map(([key, inner]) => `${deeper}${JSON.stringify(key)}: ${pythonOf(inner, deeper)},\n`).join('')}${indent}}`;
  }
  return JSON.stringify(value);
}

/** Where the tower is: the agents' door, and its data folder. */
export interface There {
  url: string;
  data: string;
}

/** `cueId` and `standing` of the cue that is edited; null for a new one. */
export function sameAs(definition: Json, { url, data }: There, edited: { cueId: string; standing: Json } | null): Snippet[] {
  const json = JSON.stringify(definition, null, 2);
  const sent = edited === null ? definition : changeOf(edited.standing, definition);
  const [method, address] = edited === null ? ['POST', `${url}/v1/cues`] : ['PATCH', `${url}/v1/cues/${edited.cueId}`];
  const command = edited === null ? editorText.cueAdd(programOf(data)) : editorText.cueEdit(programOf(data), edited.cueId);
  const key = editorText.theKeyIsTaken;
  return [
    { key: 'json', label: editorText.json, say: editorText.whatIsSaved(command.replace(/ -$/, ' FILE')), code: json },
    { key: 'curl', label: editorText.curl, say: key, code: `curl -fsS -X ${method} ${address} \\\n  -H "Authorization: Bearer $CUETOWER_KEY" \\\n  -H "Content-Type: application/json" \\\n  --data-binary @- <<'JSON'\n${JSON.stringify(sent, null, 2)}\nJSON\n` },
    { key: 'cli', label: editorText.cli, say: editorText.onThisMachineWithout, code: `${command} <<'JSON'\n${json}\nJSON\n` },
    {
      key: 'python', label: editorText.python, say: editorText.standardLibraryOnly(key),
      code: `import json, os, urllib.request\n\ncue = ${pythonOf(sent)}\n\nrequest = urllib.request.Request(\n    ${JSON.stringify(address)},\n    method=${JSON.stringify(method)},\n    data=json.dumps(cue).encode(),\n    headers={\n        "Authorization": "Bearer " + os.environ["CUETOWER_KEY"],\n        "Content-Type": "application/json",\n    },\n)\nprint(json.load(urllib.request.urlopen(request))["id"])\n`
    }
  ];
}
