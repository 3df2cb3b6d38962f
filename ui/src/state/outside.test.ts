import { expect, it } from 'vitest';
import { outsideOf } from './outside';

it.each([
  [{ ok: true, name: 'Secret Service' }, 'ok', 'Secret Service'],
  [{ ok: true, name: 'memory' }, 'warn', 'in memory, lost when the tower stops'],
  [{ ok: true, name: 'off' }, 'c3', 'turned off'],
  [{ ok: false, name: 'none' }, 'warn', 'not available']
])('%o is told as %s: %s', (health, tone, words) => expect(outsideOf(health)).toMatchObject({ tone, words }));
