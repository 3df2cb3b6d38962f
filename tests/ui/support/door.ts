//! The agents' door as programs use it: with a key, by HTTP.
import { expect, type Page } from '@playwright/test';
import type { Tower } from './tower';

export interface Door {
  /** What was answered; anything but a 2xx fails the test. */
  post: <T = Record<string, unknown>>(path: string, data: unknown, headers?: Record<string, string>) => Promise<T>;
  put: <T = Record<string, unknown>>(path: string, data: unknown, headers?: Record<string, string>) => Promise<T>;
  get: <T = unknown>(path: string, headers?: Record<string, string>) => Promise<T>;
  /** One beat of an agent, as clevagent sends it. */
  beat: (agent: string, more?: Record<string, unknown>) => Promise<Record<string, unknown>>;
}

/** `key`: whose things are reached; the owner's own unless another is given. */
export function door(page: Page, tower: Tower, key: string = tower.ready.key): Door {
  const door: Door = {
    async post(path, data, headers = {}) {
      const answer = await page.request.post(`${tower.ready.agents}${path}`, { data, headers: { Authorization: `Bearer ${key}`, ...headers } });
      expect(answer.ok(), `${path}: ${answer.status()} ${await answer.text()}`).toBe(true);
      return await answer.json();
    },
    async put(path, data, headers = {}) {
      const answer = await page.request.put(`${tower.ready.agents}${path}`, { data, headers: { Authorization: `Bearer ${key}`, ...headers } });
      expect(answer.ok(), `${path}: ${answer.status()} ${await answer.text()}`).toBe(true);
      return await answer.json();
    },
    async get(path, headers = {}) {
      const answer = await page.request.get(`${tower.ready.agents}${path}`, { headers: { Authorization: `Bearer ${key}`, ...headers } });
      expect(answer.ok(), `${path}: ${answer.status()} ${await answer.text()}`).toBe(true);
      return await answer.json();
    },
    async beat(agent, more = {}) {
      return await door.post('/api/v1/heartbeat', { agent, status: 'ok', ...more }, { 'X-API-Key': key });
    }
  };
  return door;
}
