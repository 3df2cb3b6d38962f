//! What of a form may be kept beside the page.
import { expect, it } from 'vitest';
import { blankDraft } from './draft';
import { withoutValues } from './keeping';

it('a value that belongs in the keyring is not kept, its name and everything else is', () => {
  const draft = { ...blankDraft('UTC'), name: 'a', headers: [{ name: 'Authorization', value: 'Bearer open-sesame' }, { name: 'X-Trace', value: 'on' }], env: [{ name: 'API_KEY', value: '{{secret:API_KEY}}' }, { name: 'DB_PASSWORD', value: 'sesame' }] };
  expect(withoutValues(draft)).toEqual({ ...draft, headers: [{ name: 'Authorization', value: '' }, { name: 'X-Trace', value: 'on' }], env: [{ name: 'API_KEY', value: '{{secret:API_KEY}}' }, { name: 'DB_PASSWORD', value: '' }] });
});
