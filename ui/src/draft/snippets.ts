//! How somebody else's program comes to a cue's work, or tells of it: lines to copy. Pure.
import * as agentsText from '../text/agents';
import { objectAt, text } from './json';

export interface Snippet {
  key: string;
  label: string;
  /** What to do with it. */
  say: string;
  code: string;
}

const shellWord = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** The `task` in a payload, by which a worker finds its handler; a word to put in its place where there is none. */
export function taskOf(payload: string, cue: string): { task: string; named: boolean } {
  try {
    const task = text(objectAt({ it: JSON.parse(payload) as unknown }, 'it')['task']);
    if (task !== '') return { task, named: true };
  } catch {
    // No payload, or half of one.
  }
  return { task: cue.trim() || 'my-task', named: false };
}

/** Ways to fetch the runs of a worker cue. `url`: the agents' door. */
export function workerSnippets(url: string, task: string): Snippet[] {
  const quoted = JSON.stringify(task);
  return [
    {
      key: 'cuetowerctl', label: agentsText.cuetowerctlWorker, say: agentsText.saveItAsWorkerToml,
      code: `# The key is taken from CUETOWER_KEY.\nurl = "${url}"\nconcurrency = 4\n\n[[handler]]\ntask = ${quoted}\nargv = ["python3", "leads.py"]\ntimeout_seconds = 300\n`
    },
    {
      key: 'cueapi', label: agentsText.cueapiWorker, say: agentsText.pipInstallCueapiWorker,
      code: `# The key is taken from CUEAPI_API_KEY.\napi_base: ${url}\nworker_id: my-worker\n\nhandlers:\n  ${/^[\w-]+$/.test(task) ? task : quoted}:\n    cmd: "python3 leads.py"\n    timeout: 300\n`
    },
    {
      key: 'curl', label: agentsText.curl, say: agentsText.anyProgramCanClaim,
      code: `claim=$(curl -fsS -X POST ${url}/v1/executions/claim \\\n  -H "Authorization: Bearer $CUETOWER_KEY" -H "Content-Type: application/json" \\\n  -d '{ "worker_id": "my-worker" }')\n\ncurl -fsS -X POST ${url}/v1/executions/EXECUTION_ID/outcome \\\n  -H "Authorization: Bearer $CUETOWER_KEY" -H "Content-Type: application/json" \\\n  -d '{ "success": true, "summary": "Scored 200 leads." }'\n`
    }
  ];
}

/** Ways for an agent that is only watched to say that it began and how it ended. `url`: the cue's own ping URL; `cron`: its schedule, if it has one. */
export function pingSnippets(url: string, cron: string): Snippet[] {
  const when = cron.trim() === '' || cron.trim().split(/\s+/).length !== 5 ? '30 2 * * *' : cron.trim();
  return [
    { key: 'crontab', label: agentsText.crontab, say: agentsText.putBeforeTheCommand, code: `${when} cuetowerctl exec --ping ${shellWord(url)} -- your-command --and its arguments\n` },
    { key: 'curl', label: agentsText.curl, say: agentsText.twoLinesAroundTheWork, code: `curl -fsS -m 10 --retry 3 -X POST ${shellWord(`${url}/start`)}\nyour-command\ncurl -fsS -m 10 --retry 3 -X POST ${shellWord(url)}/$?\n` },
    { key: 'python', label: agentsText.python, say: agentsText.fromInsideTheAgent, code: `import urllib.request\n\nPING = ${JSON.stringify(url)}\nurllib.request.urlopen(PING + "/start", data=b"")\n...\n# ... or PING + "/fail"\nurllib.request.urlopen(PING, data=b"200 leads scored")\n` }
  ];
}
