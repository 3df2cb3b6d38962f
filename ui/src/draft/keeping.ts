//! What of a form may be kept beside the page: everything but values that belong in the keyring. Pure.
import type { Draft, Pair } from './draft';

const SECRETIVE = /auth|token|key|secret|passw|cookie|credential/i;

function withoutValue(pair: Pair): Pair {
  return SECRETIVE.test(pair.name) && !pair.value.includes('{{secret:') ? { ...pair, value: '' } : pair;
}

export function withoutValues(draft: Draft): Draft {
  return { ...draft, headers: draft.headers.map(withoutValue), env: draft.env.map(withoutValue) };
}
