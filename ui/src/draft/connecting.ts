//! How an agent, or a program that speaks CueAPI or ClevAgent, comes to this tower: lines to copy. Pure.
import type { Snippet } from './snippets';

/** Ways to become an agent here. `url`: the agents' door. */
export function agentSnippets(url: string): (Snippet & { small: string })[] {
  return [
    {
      key: 'curl', label: 'curl', small: 'any language', say: 'A beat, as often as it gets something done. Tokens and cost are those since the last beat. A beat without a growing count only proves that the process is alive.',
      code: `curl -fsS ${url}/api/v1/heartbeat \\\n  -H "X-API-Key: $(cuetowerctl key)" \\\n  -H "Content-Type: application/json" \\\n  -d '{ "agent": "my-agent", "iteration_count": 42,\n        "tokens_used": 1200, "cost_usd": 0.02,\n        "message": "Processed 42." }'\n`
    },
    {
      key: 'clevagent', label: 'ClevAgent SDK', small: 'version 0.4 or 0.5', say: 'Give it this address; everything else stays (0.6 on PyPI is an empty package). cuetowerctl connect clevagent makes the key and prints these lines with it.',
      code: `import os, clevagent\n\nclevagent.init(\n    api_key=os.environ["CLEVAGENT_API_KEY"],\n    agent="my-agent",\n    endpoint="${url}",\n)\n`
    },
    {
      key: 'runner', label: 'clevagent-runner', small: 'restart and stop', say: 'It beats for what it watches, and does what Restart and Stop ask for here. TYPE:TARGET may be docker, systemd, launchd, process or k8s.',
      code: `cuetowerctl connect clevagent\n\nclevagent-runner start \\\n  --endpoint ${url} \\\n  --api-key "$CLEVAGENT_API_KEY" \\\n  --watch systemd:my-agent.service\n`
    },
    {
      key: 'cue', label: 'A cue names it', small: 'nothing to change', say: 'Write its name into the field Agent of its cues, here or in the editor. Without beats there is no pulse; its runs are on the board.',
      code: `cuetowerctl cue add - <<'END'\n{ "name": "morning-brief", "agent": "my-agent",\n  "transport": "command", "confirm": "exit_code",\n  "command": { "argv": ["python3", "/home/me/agent.py"] },\n  "schedule": { "type": "recurring", "cron": "0 9 * * *", "timezone": "UTC" } }\nEND\n`
    },
    {
      key: 'cueapi', label: 'CueAPI', small: 'CLI, SDK, worker, MCP', say: 'Writes the profile of the cueapi CLI (it asks first and keeps a backup), and prints what to set for the SDK, the worker and the MCP server.',
      code: `cuetowerctl connect cueapi\n`
    }
  ];
}

/** What stands in Settings: one line per service. */
export const CONNECT_LINES: readonly { name: string; line: string; about: string }[] = [
  { name: 'CueAPI', line: 'cuetowerctl connect cueapi', about: 'Makes a key and writes the profile of the cueapi CLI; prints what to set for SDK, worker and MCP' },
  { name: 'ClevAgent', line: 'cuetowerctl connect clevagent', about: 'Prints the lines of the SDK and of clevagent-runner with a key' }
];
