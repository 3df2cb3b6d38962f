//! A run's steps as its agent tells them: by HTTP, with a key.
import type { Page } from '@playwright/test';
import { door } from './door';
import type { Tower } from './tower';

export interface Steps {
  begin: (key: string, more?: Record<string, unknown>) => Promise<Record<string, unknown>>;
  complete: (key: string, more?: Record<string, unknown>) => Promise<unknown>;
  fail: (key: string, more: Record<string, unknown>) => Promise<unknown>;
  /** Begun and completed. */
  done: (key: string, begin?: Record<string, unknown>, complete?: Record<string, unknown>) => Promise<void>;
  outcome: (report: Record<string, unknown>) => Promise<unknown>;
}

export function stepsOf(page: Page, tower: Tower, runId: string): Steps {
  const agent = door(page, tower);
  const at = (key: string, end = '') => `/v1/executions/${runId}/steps/${encodeURIComponent(key)}${end}`;
  const steps: Steps = {
    begin: (key, more = {}) => agent.put(at(key), more),
    complete: (key, more = {}) => agent.post(at(key, '/complete'), more),
    fail: (key, more) => agent.post(at(key, '/fail'), more),
    async done(key, begin = {}, complete = {}) {
      await steps.begin(key, begin);
      await steps.complete(key, complete);
    },
    outcome: (report) => agent.post(`/v1/executions/${runId}/outcome`, report)
  };
  return steps;
}
