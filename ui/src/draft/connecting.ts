//! How an agent, or a program that speaks CueAPI or ClevAgent, comes to this tower: lines to copy. Pure.
import type { IconName } from '../glyphs';

/** Stands for the owner's key in lines of a shell; `withKey` puts the key in its place. */
export const KEY_WORD = '$CUETOWER_KEY';
const KEY_IN_PYTHON = 'os.environ["CUETOWER_KEY"]';

export interface Lines {
  /** What they are for, where there is more than one set of them. */
  title?: string;
  code: string;
}

export interface Way {
  key: string;
  label: string;
  /** A few words: for whom. */
  small: string;
  icon: IconName;
  /** What comes of it, and what to mind. */
  say: string;
  blocks: readonly Lines[];
}

export interface Place {
  /** The agents' door. */
  url: string;
  /** Where the tower keeps its data; the command line looks in the system's own folder unless told. */
  data: string;
  /** What the agent is called. */
  name: string;
}

/** The name of an agent and of its cue, as any of the lines can hold it without quotes. */
export function nameTrouble(name: string): string | null {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name) ? null : 'Letters, digits, dots, dashes and underscores; it begins with a letter or a digit.';
}

const USUAL = /[\\/](\.local[\\/]share|Application Support|AppData[\\/]Local)[\\/]cuetower$/;

/** `cuetowerctl`, with the data folder where that is not the system's own. */
export function programOf(data: string): string {
  return data === '' || USUAL.test(data) ? 'cuetowerctl' : `cuetowerctl --data ${/^[\w@%+=:,./-]+$/.test(data) ? data : `'${data.replaceAll("'", `'\\''`)}'`}`;
}

/** A cue whose runs something else starts: the tower only hears of them. */
function watched({ name, data }: Place): string {
  return `${programOf(data)} cue add - <<'END'\n{ "name": "${name}", "agent": "${name}", "transport": "watch",\n  "schedule": { "type": "manual", "timezone": "UTC" } }\nEND\n`;
}

/** Ways to become an agent here; the first six are offered to whoever has none. */
export function agentWays(place: Place): readonly Way[] {
  const { url, name, data } = place;
  return [
    {
      key: 'curl', label: 'curl', small: 'any language', icon: 'command', say: 'A beat, as often as it gets something done. Tokens and cost are those since the last beat. A beat without a growing count only proves that the process is alive.',
      blocks: [{ code: `curl -fsS ${url}/api/v1/heartbeat \\\n  -H "X-API-Key: ${KEY_WORD}" \\\n  -H "Content-Type: application/json" \\\n  -d '{ "agent": "${name}", "iteration_count": 1,\n        "tokens_used": 1200, "cost_usd": 0.02,\n        "message": "Processed 1." }'\n` }]
    },
    {
      key: 'python', label: 'Python', small: 'nothing to install', icon: 'file', say: 'Beat from inside the work loop, not from a timer: the count says that it got on.',
      blocks: [{ code: `import json, os, urllib.request\n\ndef beat(**fields):\n    request = urllib.request.Request(\n        "${url}/api/v1/heartbeat",\n        data=json.dumps({"agent": "${name}", **fields}).encode(),\n        headers={"X-API-Key": ${KEY_IN_PYTHON},\n                 "Content-Type": "application/json"},\n    )\n    urllib.request.urlopen(request, timeout=5).close()\n\nbeat(iteration_count=1, tokens_used=1200, message="Processed 1.")\n` }]
    },
    {
      key: 'sdk', label: 'Python, with steps', small: 'package cuetower', icon: 'list', say: 'What a step completed is not done again, whatever crashes. pip install ./sdk/python, from the source of Cuetower.',
      blocks: [
        { title: 'Once: a cue that only hears of its runs', code: watched(place) },
        { title: 'In the program', code: `import os, cuetower\n\nwith cuetower.run("${name}", url="${url}",\n                  api_key=${KEY_IN_PYTHON}) as run:\n    with run.step("fetch") as step:\n        if not step.done:\n            step.output = 200\n    run.count(processed=200, expected=200)\n` }
      ]
    },
    {
      key: 'exec', label: 'Wrap a command', small: 'nothing to change', icon: 'play', say: 'Put before what cron, a timer or a script starts. It tells start, end, output and what was needed, and keeps that while the tower is down.',
      blocks: [
        { title: 'Once: a cue that only hears of its runs', code: watched(place) },
        { title: 'From then on', code: `${programOf(data)} exec --cue ${name} -- sh -c 'echo 200 leads scored'\n` }
      ]
    },
    {
      key: 'otel', label: 'OpenTelemetry', small: 'environment only', icon: 'span', say: 'For any program with an OpenTelemetry SDK. Commands that the tower starts need nothing but the address: their spans become steps of their runs.',
      blocks: [{ code: `export OTEL_SERVICE_NAME=${name}\nexport OTEL_TRACES_EXPORTER=otlp\nexport OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf\nexport OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=${url}/v1/traces\nexport OTEL_EXPORTER_OTLP_TRACES_HEADERS="Authorization=Bearer ${KEY_WORD}"\n` }]
    },
    {
      key: 'cueapi', label: 'CueAPI', small: 'another base URL', icon: 'webhook', say: 'The SDK stays as it is; its cues appear here. cuetowerctl connect cueapi does the same for the CLI, the worker and the MCP server.',
      blocks: [{ code: `import os\nfrom cueapi import CueAPI\n\nclient = CueAPI(${KEY_IN_PYTHON},\n                base_url="${url}")\nclient.cues.create(\n    name="${name}", cron="0 9 * * *",\n    callback="http://127.0.0.1:9000/run",\n)\n` }]
    },
    {
      key: 'clevagent', label: 'ClevAgent SDK', small: 'version 0.4 or 0.5', icon: 'agents', say: 'Give it this address; everything else stays (0.6 on PyPI is an empty package).',
      blocks: [{ code: `import os, clevagent\n\nclevagent.init(\n    api_key=${KEY_IN_PYTHON},\n    agent="${name}",\n    endpoint="${url}",\n)\n` }]
    },
    {
      key: 'runner', label: 'clevagent-runner', small: 'restart and stop', icon: 'rerun', say: 'It beats for what it watches, and does what Restart and Stop ask for here. TYPE:TARGET may be docker, systemd, launchd, process or k8s.',
      blocks: [{ code: `clevagent-runner start \\\n  --endpoint ${url} \\\n  --api-key "${KEY_WORD}" \\\n  --watch systemd:${name}.service\n` }]
    },
    {
      key: 'cue', label: 'A cue names it', small: 'the tower starts it', icon: 'board', say: 'Its runs are on the board, with what they print. Without beats there is no pulse.',
      blocks: [{ code: `${programOf(data)} cue add - <<'END'\n{ "name": "${name}", "agent": "${name}",\n  "transport": "command", "confirm": "exit_code",\n  "command": { "argv": ["python3", "/home/me/agent.py"] },\n  "schedule": { "type": "recurring", "cron": "0 9 * * *", "timezone": "UTC" } }\nEND\n` }]
    }
  ];
}

/** How many of them are shown to whoever has no cue yet. */
export const FIRST_WAYS = 6;

/** True where the lines mean nothing without the key. */
export function needsKey(code: string): boolean {
  return code.includes(KEY_WORD) || code.includes(KEY_IN_PYTHON);
}

/** The lines with the key itself, ready to be run. */
export function withKey(code: string, key: string): string {
  return code.replaceAll(KEY_WORD, () => key).replaceAll(KEY_IN_PYTHON, () => JSON.stringify(key));
}

/** What stands in Settings: one line per service. */
export const CONNECT_LINES: readonly { name: string; line: string; about: string }[] = [
  { name: 'CueAPI', line: 'cuetowerctl connect cueapi', about: 'Makes a key and writes the profile of the cueapi CLI; prints what to set for SDK, worker and MCP' },
  { name: 'ClevAgent', line: 'cuetowerctl connect clevagent', about: 'Prints the lines of the SDK and of clevagent-runner with a key' }
];
