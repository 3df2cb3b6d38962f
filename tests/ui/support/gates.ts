//! Questions as agents ask them: in a run that a worker has claimed, or outside of any.
import { expect } from '@playwright/test';
import { byHand, make } from './desk';
import type { Door } from './door';

type Ask = <T = unknown>(command: string, request?: unknown) => Promise<T>;

/** A question of an agent's, as the agents' door tells it. */
export interface Heard {
  id: string;
  state: string;
  goes: boolean | null;
  payload?: unknown;
  comment?: string;
  shown: string;
}

/** Fourteen reminders: the payload is a list, so that the window shows a table. */
export const REMINDERS = {
  subject: 'Invoice {invoice} is {days} days late',
  mails: [
    ['Bruma Studio', 2304, 12, 180], ['Alba Freight', 2291, 34, 1240], ['Kite & Co', 2310, 8, 95], ['Oriol Dental', 2288, 41, 620], ['Nacre Labs', 2299, 21, 410], ['Tessel GmbH', 2301, 17, 730], ['Finca Roja', 2312, 7, 140],
    ['Marbel SL', 2295, 27, 385], ['Pine & Poe', 2306, 11, 260], ['Lumen Works', 2284, 48, 890], ['Quiet Tools', 2313, 6, 75], ['Ria Ceramics', 2302, 16, 515], ['Sondheim Oy', 2297, 24, 470], ['Vale Optics', 2309, 9, 300]
  ].map(([to, invoice, days_late, amount]) => ({ to, invoice, days_late, amount }))
};

/** A run whose worker works on it; it asks by its id. */
export async function working(ask: Ask, agents: Door, name: string, more: Record<string, unknown> = {}): Promise<string> {
  const [cue] = await make(ask, [{ ...byHand(name, []), transport: 'worker', command: undefined, confirm: 'outcome', ...more }]);
  const { run_id } = await ask<{ run_id: string }>('cue_fire', { cue_id: cue?.id });
  await agents.post(`/v1/executions/${run_id}/claim`, { worker_id: 'mac-mini' });
  return run_id;
}

export async function asks(agents: Door, question: Record<string, unknown>): Promise<Heard> {
  return await agents.post<Heard>('/v1/gates', { key: 'send', ...question });
}

/** What the agent hears, as soon as it is this. */
export async function hears(agents: Door, id: string, state: string): Promise<Heard> {
  await expect.poll(async () => (await agents.get<Heard>(`/v1/gates/${id}`)).state, { timeout: 20_000 }).toBe(state);
  return await agents.get<Heard>(`/v1/gates/${id}`);
}
