//! How an agent, or a program that speaks CueAPI or ClevAgent, comes to this tower: lines to copy. Pure.
import type { IconName } from '../glyphs';
import * as agentsText from '../text/agents';

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
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name) ? null : agentsText.lettersDigitsDotsDashes;
}

const USUAL = /[\\/](\.local[\\/]share|Application Support|AppData[\\/]Local)[\\/]cuetower$/;

/** `cuetowerctl`, with the data folder where that is not the system's own. */
export function programOf(data: string): string {
  return data === '' || USUAL.test(data) ? 'cuetowerctl' : agentsText.cuetowerctlData(/^[\w@%+=:,./-]+$/.test(data) ? data : `'${data.replaceAll("'", `'\\''`)}'`);
}

/** A cue whose runs something else starts: the tower only hears of them. */
function watched({ name, data }: Place): string {
  return agentsText.cueAddEndNameAgent(programOf(data), name);
}

/** Ways to become an agent here; the first six are offered to whoever has none. */
export function agentWays(place: Place): readonly Way[] {
  const { url, name, data } = place;
  return [
    {
      key: 'curl', label: agentsText.curl, small: agentsText.anyLanguage, icon: 'command', say: agentsText.aBeatAsOften,
      blocks: [{ code: `curl -fsS ${url}/api/v1/heartbeat \\\n  -H "X-API-Key: ${KEY_WORD}" \\\n  -H "Content-Type: application/json" \\\n  -d '{ "agent": "${name}", "iteration_count": 1,\n        "tokens_used": 1200, "cost_usd": 0.02,\n        "message": "Processed 1." }'\n` }]
    },
    {
      key: 'python', label: agentsText.python, small: agentsText.nothingToInstall, icon: 'file', say: agentsText.beatFromInsideTheWork,
      blocks: [{ code: `import json, os, urllib.request\n\ndef beat(**fields):\n    request = urllib.request.Request(\n        "${url}/api/v1/heartbeat",\n        data=json.dumps({"agent": "${name}", **fields}).encode(),\n        headers={"X-API-Key": ${KEY_IN_PYTHON},\n                 "Content-Type": "application/json"},\n    )\n    urllib.request.urlopen(request, timeout=5).close()\n\nbeat(iteration_count=1, tokens_used=1200, message="Processed 1.")\n` }]
    },
    {
      key: 'sdk', label: agentsText.pythonWithSteps, small: agentsText.packageCuetower, icon: 'list', say: agentsText.whatAStepCompleted,
      blocks: [
        { title: agentsText.onceACueThatOnly, code: watched(place) },
        { title: agentsText.inTheProgram, code: agentsText.importOsCuetower(name, url, KEY_IN_PYTHON) }
      ]
    },
    {
      key: 'exec', label: agentsText.wrapACommand, small: agentsText.nothingToChange, icon: 'play', say: agentsText.putBeforeWhatCron,
      blocks: [
        { title: agentsText.onceACueThatOnly, code: watched(place) },
        { title: agentsText.fromThenOn, code: agentsText.execCueShCEcho(programOf(data), name) }
      ]
    },
    {
      key: 'otel', label: agentsText.opentelemetry, small: agentsText.environmentOnly, icon: 'span', say: agentsText.forAnyProgram,
      blocks: [{ code: `export OTEL_SERVICE_NAME=${name}\nexport OTEL_TRACES_EXPORTER=otlp\nexport OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf\nexport OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=${url}/v1/traces\nexport OTEL_EXPORTER_OTLP_TRACES_HEADERS="Authorization=Bearer ${KEY_WORD}"\n` }]
    },
    {
      key: 'cueapi', label: agentsText.cueapi, small: agentsText.anotherBaseUrl, icon: 'webhook', say: agentsText.theSdkStays,
      blocks: [{ code: `import os\nfrom cueapi import CueAPI\n\nclient = CueAPI(${KEY_IN_PYTHON},\n                base_url="${url}")\nclient.cues.create(\n    name="${name}", cron="0 9 * * *",\n    callback="http://127.0.0.1:9000/run",\n)\n` }]
    },
    {
      key: 'clevagent', label: agentsText.clevagentSdk, small: agentsText.version04Or0, icon: 'agents', say: agentsText.giveItThisAddress,
      blocks: [{ code: `import os, clevagent\n\nclevagent.init(\n    api_key=${KEY_IN_PYTHON},\n    agent="${name}",\n    endpoint="${url}",\n)\n` }]
    },
    {
      key: 'runner', label: agentsText.clevagentRunner, small: agentsText.restartAndStop, icon: 'rerun', say: agentsText.itBeatsForWhat,
      blocks: [{ code: `clevagent-runner start \\\n  --endpoint ${url} \\\n  --api-key "${KEY_WORD}" \\\n  --watch systemd:${name}.service\n` }]
    },
    {
      key: 'cue', label: agentsText.aCueNamesIt, small: agentsText.theTowerStartsIt, icon: 'board', say: agentsText.itsRuns,
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
  { name: 'CueAPI', line: 'cuetowerctl connect cueapi', about: agentsText.makesAKeyAndWrites },
  { name: 'ClevAgent', line: 'cuetowerctl connect clevagent', about: agentsText.printsTheLines }
];
