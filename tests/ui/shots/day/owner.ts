//! The owner's door, asked as the window asks it.
import { expect } from '@playwright/test';

export type Ask = <T = unknown>(command: string, request?: unknown) => Promise<T>;

/** `cookies`: of a browser that has come in. */
export function ownerOf(origin: string, cookies: readonly { name: string; value: string }[]): Ask {
  const headers = { 'Content-Type': 'application/json', 'X-Cuetower-Desk': '1', Cookie: cookies.map(({ name, value }) => `${name}=${value}`).join('; ') };
  return async <T>(command: string, request: unknown = {}): Promise<T> => {
    const answer = await fetch(`${origin}/rpc/${command}`, { method: 'POST', headers, body: JSON.stringify(request) });
    const said = await answer.text();
    expect(answer.ok, `${command}: ${said}`).toBe(true);
    return JSON.parse(said) as T;
  };
}
