//! The screens that are pictured, in the order of the mock-ups: where each is and what has to be there before the picture.
import { expect, type Page } from '@playwright/test';

/** What the day has brought about, by its ids. */
export interface Known {
  /** A run of each state, the newest. */
  runs: Record<string, string>;
  /** A cue of each name. */
  cues: Record<string, string>;
  gate: string;
}

export interface Screen {
  name: string;
  /** The guide shows it. */
  inGuide?: boolean;
  go(page: Page, known: Known): Promise<void>;
}

/** A place whose first heading says that it is there. */
const room = (name: string, hash: (known: Known) => string, ready?: (page: Page) => Promise<void>, inGuide = false): Screen => ({
  name,
  inGuide,
  async go(page, known) {
    await page.goto(`/${hash(known)}`);
    await expect(page.getByRole('heading', { level: 1 }).first()).toBeVisible();
    await ready?.(page);
  }
});

const run = (state: string) => (known: Known) => `#/run/${known.runs[state] ?? ''}`;
const verdict = async (page: Page) => expect(page.getByTestId('run-verdicts')).toBeVisible();

/** What is over is folded. */
const resolved = async (page: Page) => page.getByText('Resolved by itself').click();

async function board(page: Page, range = '24 h'): Promise<void> {
  await page.goto('/#/board');
  await page.getByRole('button', { name: range, exact: true }).click();
  await expect(page.getByTestId('needs-you').getByRole('listitem').first()).toBeVisible();
}

export const SCREENS: readonly Screen[] = [
  {
    name: '01-board',
    inGuide: true,
    async go(page) {
      await board(page);
      await page.getByTestId('lane-score-new-leads').click();
      await page.getByRole('complementary', { name: 'Selected cue' }).getByRole('button', { name: /Refuted/ }).first().click();
      await expect(page.getByRole('complementary', { name: 'Selected run' })).toBeVisible();
    }
  },
  { name: '02-board-1h', go: (page) => board(page, '1 h') },
  { name: '04-board-30d', go: (page) => board(page, '30 d') },
  {
    name: '03-ledger',
    async go(page) {
      await board(page);
      await page.getByRole('button', { name: 'Ledger' }).click();
      await expect(page.getByRole('table').first()).toBeVisible();
    }
  },
  {
    name: '06-palette',
    async go(page) {
      await board(page);
      await page.getByRole('button', { name: 'Timeline' }).click();
      await page.keyboard.press('Control+k');
      await page.keyboard.type('leads');
      await expect(page.getByRole('listbox')).toBeVisible();
    }
  },
  room('07-run-refuted', run('refuted'), verdict, true),
  room('07-run-confirmed', run('confirmed'), verdict),
  room('07-run-failed', run('failed'), verdict),
  room('07-run-silent', run('silent'), verdict),
  room('07-run-waiting', run('gate'), verdict),
  room('07-run-fused', run('stopped'), verdict),
  room('08-gates', (known) => `#/gates/${known.gate}`, undefined, true),
  room('09-cue-editor', (known) => `#/cue/${known.cues['score-new-leads'] ?? ''}`, async (page) => expect(page.getByRole('list', { name: /^Next \d+ fires$/ })).toBeVisible(), true),
  room('09-cue-new', () => '#/cue/new?from=hourly'),
  room('10-agents', () => '#/agents/market-watch', undefined, true),
  room('10-agent', () => '#/agents/release-scribe'),
  room('12-costs', () => '#/costs', undefined, true),
  room('12-prices', () => '#/costs/prices'),
  room('13-alerts', () => '#/alerts', resolved, true),
  room('17-secrets', () => '#/secrets'),
  room('18-settings', () => '#/settings', undefined, true),
  room('18-settings-keys', () => '#/settings/keys'),
  room('18-settings-pools', () => '#/settings/pools'),
  room('18-settings-fuses', () => '#/settings/fuses'),
  room('16-key', () => '#/key')
];
