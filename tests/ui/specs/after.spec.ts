//! What is still said of a run after its outcome: somebody looks at it, evidence comes later.
import { expect, make, test, verdict } from '../support/desk';
import { expectNoBarrier } from '../support/look';
import { door } from '../support/door';

const LOOKED_AT = { transport: 'worker', payload: { task: 'brief' }, schedule: { type: 'manual', timezone: 'UTC' }, verification: { mode: 'manual' } };

for (const [words, state] of [['Confirm', 'confirmed'], ['Not so…', 'refuted']] as const) {
  test(`a claimed run waits for a word: ${words}`, async ({ window: page, tower, ask }) => {
    const [cue] = await make(ask, [{ name: 'morning-brief', ...LOOKED_AT }]);
    const { run_id } = await ask<{ run_id: string }>('cue_fire', { cue_id: cue?.id });
    await page.goto(`/#/run/${run_id}`);
    const agents = door(page, tower);
    await agents.post(`/v1/executions/${run_id}/claim`, { worker_id: 'mac-mini' });
    await agents.post(`/v1/executions/${run_id}/outcome`, { success: true, summary: 'Brief sent.' });
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Claimed · waits for your word');
    await expect(verdict(page, 'Confirmed')).toHaveAttribute('data-state', 'claimed');
    await expect(page.getByTestId('run-verdicts')).toContainText('waits for your word');
    await expectNoBarrier(page, 'a run that waits for a word');
    const ask_for = page.getByTestId('verify');
    await ask_for.getByRole('button', { name: words }).click();
    if (state === 'refuted') {
      await expect(ask_for.getByLabel('Why it is not so')).toBeFocused();
      await page.keyboard.type('The brief is empty.');
      await expectNoBarrier(page, 'a run that is refused');
      await page.keyboard.press('Enter');
    }
    await expect(verdict(page, 'Confirmed')).toHaveAttribute('data-state', state);
    await expect(ask_for).toHaveCount(0);
    const main = page.getByRole('main');
    if (state === 'refuted') {
      await expect(main).toContainText('Found to be not so by the owner: The brief is empty.');
      await page.getByRole('link', { name: 'Board', exact: true }).first().click();
      await expect(page.getByTestId('needs-you').getByRole('listitem')).toContainText('Refuted');
    } else await expect(main).toContainText('Verified by the owner.');
  });
}

test('the word can be given beside the board, too', async ({ window: page, tower, ask }) => {
  const [cue] = await make(ask, [{ name: 'morning-brief', ...LOOKED_AT }]);
  const { run_id } = await ask<{ run_id: string }>('cue_fire', { cue_id: cue?.id });
  const agents = door(page, tower);
  await agents.post(`/v1/executions/${run_id}/claim`, { worker_id: 'mac-mini' });
  await agents.post(`/v1/executions/${run_id}/outcome`, { success: true });
  await page.goto(`/#/run/${run_id}`);
  await expect(page.getByTestId('verify')).toBeVisible();
  await page.getByRole('link', { name: 'Board', exact: true }).first().click();
  const run = page.getByRole('complementary', { name: 'Selected run' });
  await run.getByTestId('verify').getByRole('button', { name: 'Confirm' }).click();
  await expect(run).toContainText('Verified by the owner.');
  await expect(run).toContainText('Confirmed');
});

test('evidence that comes later stands with the report', async ({ window: page, tower, ask }) => {
  const [cue] = await make(ask, [{ name: 'invoice', transport: 'worker', payload: { task: 'bill' }, schedule: { type: 'manual', timezone: 'UTC' } }]);
  const { run_id } = await ask<{ run_id: string }>('cue_fire', { cue_id: cue?.id });
  const agents = door(page, tower);
  await agents.post(`/v1/executions/${run_id}/claim`, { worker_id: 'mac-mini' });
  await agents.post(`/v1/executions/${run_id}/outcome`, { success: true });
  await page.goto(`/#/run/${run_id}`);
  await expect(verdict(page, 'Confirmed')).toHaveAttribute('data-state', 'claimed');
  const added = await page.request.patch(`${tower.ready.agents}/v1/executions/${run_id}/evidence`, { data: { external_id: 'inv_4711', summary: 'Billed.' }, headers: { Authorization: `Bearer ${tower.ready.key}` } });
  expect(added.ok()).toBe(true);
  const side = page.getByRole('complementary', { name: 'Outcome and proof' });
  await expect(side).toContainText('inv_4711');
  await expect(side).toContainText('Billed.');
});
