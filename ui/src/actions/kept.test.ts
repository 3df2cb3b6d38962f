import { expect, it } from 'vitest';
import { KeptKeys } from './kept';

function keys() {
  const given: string[] = [];
  const then = new Map<string, () => void>();
  let now = 0;
  const kept = new KeptKeys((key) => { given.push(String(key.key)); then.get(String(key.key))?.(); }, () => Promise.resolve(), () => now);
  return { kept, given, then, pass: (ms: number) => (now += ms) };
}
const settle = async () => { for (let i = 0; i < 20; i++) await Promise.resolve(); };

it('keys pressed while a room is fetched are given in their order once it is there', async () => {
  const { kept, given } = keys();
  const came = kept.wait();
  expect(kept.waits).toBe(true);
  kept.keep({ key: 'Escape' });
  kept.keep({ key: 'r', shiftKey: true });
  await settle();
  expect(given).toEqual([]);
  came(true);
  await settle();
  expect([given, kept.waits]).toEqual([['Escape', 'r'], false]);
});

it('a key that leads to another room leaves the rest to that one', async () => {
  const { kept, given, then } = keys();
  let next: ((there: boolean) => void) | undefined;
  then.set(']', () => (next = kept.wait()));
  const came = kept.wait();
  kept.keep({ key: ']' });
  kept.keep({ key: 'x' });
  came(true);
  await settle();
  expect(given).toEqual([']']);
  next?.(true);
  await settle();
  expect(given).toEqual([']', 'x']);
});

it('a room that does not come takes its keys with it, and so does a long time', async () => {
  const { kept, given, pass } = keys();
  const failed = kept.wait();
  kept.keep({ key: 'x' });
  failed(false);
  const slow = kept.wait();
  kept.keep({ key: 'a' });
  pass(6000);
  slow(true);
  await settle();
  expect(given).toEqual([]);
});
