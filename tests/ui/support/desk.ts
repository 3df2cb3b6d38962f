//! What every test starts from: a tower of its own, and a window on it whose owner has come in.
import { test as base, expect, type Page } from '@playwright/test';
import { Agent } from './agent';
import { Tower } from './tower';

interface Cue {
  id: string;
  name: string;
}

interface Fixtures {
  tower: Tower;
  /** The window, on an empty board. Trouble in its console fails the test. */
  window: Page;
  /** Asks the owner's door as the window does. */
  ask: <T = unknown>(command: string, request?: unknown) => Promise<T>;
  /** Starts an agent that answers like this; it is stopped after the test. */
  agent: (answer: unknown) => Promise<Agent>;
}

export const test = base.extend<Fixtures>({
  tower: async ({}, use) => {
    const tower = await Tower.start();
    await use(tower);
    await tower.stop();
  },

  baseURL: async ({ tower }, use) => use(tower.origin),

  window: async ({ page, tower }, use) => {
    const trouble: string[] = [];
    page.on('pageerror', (error) => trouble.push(error.stack ?? error.message));
    // The host saying no is what tests provoke, and so is a tower that was stopped; everything else in the console is a fault.
    page.on('console', (message) => {
      if (message.type() === 'error' && !tower.stopped && !/status of 4\d\d/.test(message.text())) trouble.push(message.text());
    });
    await page.goto(tower.ready.desk);
    await expect(page.getByTestId('strip-tower')).toContainText('Armed');
    await use(page);
    expect(trouble, 'the window’s console').toEqual([]);
  },

  ask: async ({ window, tower }, use) => {
    await use(async (command, request = {}) => {
      const answer = await window.request.post(`${tower.origin}/rpc/${command}`, { data: request, headers: { 'X-Cuetower-Desk': '1' } });
      expect(answer.ok(), `${command}: ${await answer.text()}`).toBe(true);
      return await answer.json();
    });
  },

  agent: async ({}, use) => {
    const agents: Agent[] = [];
    await use(async (answer) => {
      const agent = await Agent.start(answer);
      agents.push(agent);
      return agent;
    });
    for (const agent of agents) await agent.stop();
  }
});

export { expect };

/** A cue that is fired by hand and runs these words. */
export function byHand(name: string, argv: string[], more: Record<string, unknown> = {}): Record<string, unknown> {
  return { name, transport: 'command', command: { argv }, schedule: { type: 'manual', timezone: 'UTC' }, confirm: 'exit_code', retry: { max_attempts: 1 }, ...more };
}

/** Makes cues through the door. */
export async function make(ask: Fixtures['ask'], definitions: readonly Record<string, unknown>[]): Promise<Cue[]> {
  const cues: Cue[] = [];
  for (const definition of definitions) cues.push(await ask<Cue>('cue_create', { definition }));
  return cues;
}

/** One of the three verdicts on the run's page: its station says which, its `data-state` says how it stands. */
export function verdict(page: Page, which: 'Scheduled' | 'Delivered' | 'Confirmed') {
  return page.getByTestId('run-verdicts').locator('[data-state]').nth(['Scheduled', 'Delivered', 'Confirmed'].indexOf(which));
}
