//! The fleet of the mock-ups, as its owner would have made it.
import type { Plan } from './plan';

export interface Made {
  plan: Plan;
  /** Of the agents behind web hooks. */
  hooks: string;
  /** Takes calls and answers none. */
  exchange: string;
}

const PYTHON = process.env['CUETOWER_PYTHON'] ?? 'python3';
/** Below the home of who runs the tower: the agents, and what they write. */
export const FOLDER = 'northpeak';

export function cuesOf({ plan, hooks, exchange }: Made): Record<string, unknown>[] {
  const cron = (cron: string) => ({ type: 'recurring', cron, timezone: plan.zone });
  const hook = (path: string, minutes: number) => ({ transport: 'webhook', callback: { url: `${hooks}${path}` }, delivery: { timeout_seconds: 120, outcome_deadline_seconds: minutes * 60 } });
  const command = (file: string, minutes: number) => ({ transport: 'command', command: { argv: [PYTHON, `agents/${file}`], cwd: `~/${FOLDER}` }, delivery: { outcome_deadline_seconds: minutes * 60 } });
  const once = { catch_up: { policy: 'latest', within_seconds: 12 * 3600 }, overlap: 'skip' };
  return [
    {
      name: 'score-new-leads', agent: 'lead-scout', description: 'Scores the leads that came in and posts a digest.', schedule: cron(`${plan.minute} * * * *`), ...hook('/score', 40), ...once,
      payload: { leads: 200 }, uses: ['openai'], secrets: ['OPENAI_API_KEY', 'CRM_TOKEN'], expect: { min_processed: 1 },
      checks: [
        { check: 'sql', sqlite: `~/${FOLDER}/leads.db`, query: 'select count(*) from leads where scored_at >= {{run.due_epoch}}', at_least: 180 },
        { check: 'file', path: `~/${FOLDER}/report.md`, newer_than_fire: true, min_lines: 20 }
      ],
      budget: { run: { cost_usd: 1 }, day: { cost_usd: 4 } }
    },
    { name: 'pipeline-report', agent: 'lead-scout', schedule: cron('0 8 * * *'), ...hook('/report', 40), ...once, uses: ['openai'], expect: { min_processed: 1, evidence: ['external_id'] }, budget: { run: { cost_usd: 2 }, day: { cost_usd: 4 } } },
    { name: 'triage-inbox', agent: 'support-triage', schedule: cron('*/15 * * * *'), ...hook('/triage', 9), ...once, secrets: ['OPENAI_API_KEY'], retry: { max_attempts: 3, backoff_seconds: [40, 80] }, expect: { min_processed: 1, evidence: ['external_id'] }, budget: { day: { cost_usd: 2 } } },
    { name: 'refund-requests', agent: 'support-triage', schedule: cron('40 * * * *'), ...hook('/refunds', 20), catch_up: { policy: 'ask', within_seconds: 12 * 3600 }, overlap: 'allow', expect: { evidence: ['external_id'] }, budget: { day: { cost_usd: 1 } } },
    { name: 'nightly-changelog', agent: 'release-scribe', schedule: cron('30 2 * * *'), ...command('changelog.py', 60), ...once, secrets: ['ANTHROPIC_API_KEY', 'GITHUB_TOKEN'], checks: [{ check: 'file', path: `~/${FOLDER}/CHANGES.md`, newer_than_fire: true, min_lines: 10 }], budget: { run: { cost_usd: 0.6 }, day: { cost_usd: 2 } } },
    { name: 'dependency-audit', agent: 'release-scribe', schedule: cron('30 6 * * *'), ...command('audit.py', 30), ...once, uses: ['openai'], secrets: ['GITHUB_TOKEN'], expect: { min_processed: 160 }, budget: { day: { cost_usd: 6 } } },
    { name: 'price-watch', agent: 'market-watch', schedule: { type: 'manual', timezone: plan.zone }, transport: 'command', command: { argv: [PYTHON, 'agents/prices.py'], cwd: `~/${FOLDER}`, restart: 'on_failure' }, payload: { exchange }, heartbeat: { interval_seconds: 120, grace_seconds: 900, progress_within_seconds: 900 } },
    { name: 'morning-brief', agent: 'market-watch', transport: 'worker', schedule: cron('0 7 * * *'), ...once, payload: { task: 'brief' }, delivery: { outcome_deadline_seconds: 2400 }, checks: [{ check: 'file', path: `~/${FOLDER}/brief.md`, newer_than_fire: true, min_lines: 10 }] },
    { name: 'rebalance-check', agent: 'market-watch', transport: 'worker', schedule: cron('0 */2 * * *'), catch_up: 'none', overlap: 'skip', payload: { task: 'rebalance' }, delivery: { outcome_deadline_seconds: 2400 } },
    { name: 'reconcile-invoices', agent: 'invoice-clerk', schedule: cron('0 4 * * *'), ...command('invoices.py', 60), ...once, retry: { max_attempts: 1 }, expect: { min_processed: 1 }, budget: { run: { cost_usd: 2 }, day: { cost_usd: 4 } } },
    { name: 'receipt-sort', agent: 'invoice-clerk', schedule: cron('*/30 7-21 * * *'), ...command('receipts.py', 90), catch_up: 'none', overlap: 'skip', retry: { max_attempts: 1 }, expect: { min_processed: 1, evidence: ['external_id'] }, budget: { day: { cost_usd: 2 } } },
    { name: 'dunning-emails', agent: 'invoice-clerk', schedule: cron('0 9 * * *'), ...hook('/dunning', 40), ...once, uses: ['postmark'], expect: { min_processed: 1, evidence: ['external_id'] }, secrets: ['POSTMARK_TOKEN'], budget: { run: { cost_usd: 1 } } }
  ];
}

export const POOLS = [
  { name: 'openai', concurrency: 2, calls_per_min: 60, tokens_per_min: null },
  { name: 'postmark', concurrency: null, calls_per_min: 20, tokens_per_min: null }
];

export const SECRETS = ['ANTHROPIC_API_KEY', 'CRM_TOKEN', 'GITHUB_TOKEN', 'OPENAI_API_KEY', 'POSTMARK_TOKEN'];

export const KEYS = [
  { name: 'crm-worker', scopes: ['cues:read', 'claim', 'report'], agent: 'lead-scout' },
  { name: 'gpu-1', scopes: ['claim', 'report', 'heartbeat'], expires_in_days: 90 },
  { name: 'prometheus', scopes: ['cues:read'] }
];

/** A day of the whole fleet may cost this. */
export const FUSES = { run: { cost_usd: 25, tokens: 20_000_000, steps: 250_000 }, cue_day: { cost_usd: 8, tokens: null }, agent_day: { cost_usd: 8, tokens: null }, fleet_day: { cost_usd: 12, tokens: null } };

export const AGENTS = ['lead-scout', 'support-triage', 'invoice-clerk', 'release-scribe', 'market-watch'];
