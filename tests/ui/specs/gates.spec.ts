//! Questions that only the owner answers: seen everywhere at once, answered by mouse or by one key, taken back within five seconds, and heard by the agent that asked.
import { expect, make, test, byHand, verdict } from '../support/desk';
import { door } from '../support/door';
import { asks, hears, REMINDERS, working } from '../support/gates';
import { look, picture, SIZES } from '../support/look';

test('without gates the screen says what one is', async ({ window: page }) => {
  await page.keyboard.press('g');
  await page.keyboard.press('g');
  await expect(page).toHaveURL(/#\/gates$/);
  await expect(page.getByText('Nothing waits for your word.')).toBeVisible();
  await expect(page.getByRole('main')).toMatchAriaSnapshot({ name: 'empty.aria.yml' });
  for (const size of SIZES) {
    await page.setViewportSize(size);
    await look(page, 'gates-empty');
  }
});

test('a question of a run is on every screen; the answer can be taken back, then the agent hears it', async ({ window: page, tower, ask }) => {
  const agents = door(page, tower);
  const run = await working(ask, agents, 'dunning-emails', { agent: 'invoice-clerk' });
  const gate = await asks(agents, { execution_id: run, title: 'Send 14 payment reminders?', body: 'POST api.postmarkapp.com/email/batch', reversible: false, deadline_seconds: 3600, on_no_answer: 'stop' });
  const bay = page.getByTestId('needs-you');
  await expect(bay.getByRole('listitem')).toHaveCount(1);
  await expect(bay).toContainText('Send 14 payment reminders?');
  await expect(bay).toContainText('59 min left');
  await expect(page.getByRole('button', { name: '1 needs you' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Gates' })).toContainText('1');

  await page.goto(`/#/run/${run}`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Waits for your answer.');
  await expect(verdict(page, 'Confirmed')).toHaveAttribute('data-state', 'gate');
  await expect(page.getByTestId('run-gate')).toContainText('With no answer its run is stopped.');
  await page.getByTestId('run-gate').getByRole('link', { name: 'Open' }).click();

  const detail = page.getByRole('region', { name: 'dunning-emails asks' });
  await expect(detail.getByRole('heading', { level: 2 })).toHaveText('Send 14 payment reminders?');
  await expect(detail).toContainText('invoice-clerk asks, in dunning-emails');
  await expect(detail).toContainText('POST api.postmarkapp.com/email/batch');
  await expect(detail).toContainText('No, it cannot.');
  await detail.getByRole('button', { name: 'Approve', exact: true }).click();
  await expect(page.getByTestId('held')).toHaveText(/^Approved\. invoice-clerk is told in \d s\.$/);
  await detail.getByRole('button', { name: 'Undo' }).click();
  await expect(detail.getByRole('button', { name: 'Approve', exact: true })).toBeFocused();
  expect((await agents.get<{ state: string }>(`/v1/gates/${gate.id}`)).state).toBe('waiting');

  await detail.getByRole('button', { name: 'Approve', exact: true }).click();
  expect(await hears(agents, gate.id, 'approved')).toMatchObject({ goes: true });
  await expect(detail).toContainText(/Approved in the browser at \d\d:\d\d:\d\d/);
  await expect(page.getByRole('region', { name: 'Answered' })).toContainText('Send 14 payment reminders?');
  await expect(page.getByRole('button', { name: 'Nothing needs you' })).toBeVisible();
  await detail.getByRole('link', { name: /dunning-emails/ }).click();
  await expect(verdict(page, 'Confirmed')).toHaveAttribute('data-state', 'working');
  await expect(page.getByRole('list', { name: 'Answered gates' })).toContainText('Send 14 payment reminders?');
});

test('a mail in each row is read beside the table, and beside that of the last time', async ({ window: page, tower, ask }) => {
  const agents = door(page, tower);
  const mails = (greeting: string) => ({ mails: ['Alba Freight', 'Kite & Co'].map((to, at) => ({ to, invoice: 2291 + at, amount_usd: 1240, mail: `Subject: Invoice ${2291 + at}\n\nHello ${to},\n${greeting}` })) });
  const [cue] = await make(ask, [{ ...byHand('dunning-emails', []), transport: 'worker', command: undefined, confirm: 'outcome', agent: 'invoice-clerk' }]);
  const asksFor = async (payload: unknown) => {
    const { run_id } = await ask<{ run_id: string }>('cue_fire', { cue_id: cue?.id });
    await agents.post(`/v1/executions/${run_id}/claim`, { worker_id: 'mac-mini' });
    return { run_id, ...(await asks(agents, { execution_id: run_id, title: 'Send 2 reminders?', payload })) };
  };
  const first = await asksFor(mails('a friendly reminder.'));
  await page.goto(`/#/gates/${first.id}`);
  const table = page.getByRole('table', { name: /mails/ });
  const mail = page.getByRole('region', { name: 'Message' });
  await expect(table.getByRole('columnheader', { name: 'Amount', exact: true })).toBeVisible();
  await expect(table).toContainText('$1,240');
  await expect(table.getByRole('columnheader', { name: 'Mail' })).toHaveCount(0);
  await expect(mail).toContainText('Hello Alba Freight,');
  await page.getByRole('button', { name: 'The next one' }).click();
  await expect(page.getByRole('heading', { name: '2 of 2, Kite & Co' })).toBeVisible();
  await expect(mail).toContainText('Hello Kite & Co,');
  await table.getByText('Alba Freight').click();
  await expect(mail).toContainText('Hello Alba Freight,');
  // The row that stands out is the one that Space means, clicked anywhere.
  const alba = table.getByRole('checkbox', { name: 'Alba Freight' });
  await page.keyboard.press('Space');
  await expect(alba).not.toBeChecked();
  await page.keyboard.press('Space');
  await expect(alba).toBeChecked();
  await page.getByRole('heading', { level: 2, name: 'Send 2 reminders?' }).click();
  await page.keyboard.press('Space');
  await expect(alba).not.toBeChecked();
  await expect(page.getByRole('button', { name: 'Approve 1 of 2' })).toBeVisible();
  await page.keyboard.press('Space');
  await expect(alba).toBeChecked();

  await ask('gate_answer', { gate_id: first.id, shown: first.shown, answer: 'approve' });
  await hears(agents, first.id, 'approved');
  await agents.post(`/v1/executions/${first.run_id}/outcome`, { success: true });
  const second = await asksFor(mails('please pay.'));
  await page.goto(`/#/gates/${second.id}`);
  await expect(mail.locator('ins')).toHaveText('please pay.');
  await expect(mail.locator('del')).toHaveText('a friendly reminder.');
  await expect(page.getByRole('row', { name: /Alba Freight/ })).toContainText('other text');
  await table.getByText('Kite & Co').click();
  await page.keyboard.press('Space');
  await expect(page.getByRole('button', { name: 'Your changes' })).toBeVisible();
  for (const size of SIZES) {
    await page.setViewportSize(size);
    await expect(page.getByRole('button', { name: 'Full', exact: true })).toBeInViewport({ ratio: 1 });
    await expect(page.getByLabel('Later means')).toBeVisible();
    expect((await mail.boundingBox())?.height, 'some lines of the mail are to be seen').toBeGreaterThan(70);
    await look(page, 'gates-mail');
  }
});

test('by keyboard alone: one key answers the gate that has the focus, and no other', async ({ window: page, tower }) => {
  const agents = door(page, tower);
  const first = await asks(agents, { agent: 'ada', key: 'a', title: 'Refund $48.00?' });
  const second = await asks(agents, { agent: 'ada', key: 'b', title: 'Push to main?' });
  await expect(page.getByTestId('needs-you').getByRole('listitem')).toHaveCount(2);
  await page.keyboard.press('g');
  await page.keyboard.press('g');
  const waiting = page.getByRole('region', { name: 'Waiting' });
  await expect(waiting.getByRole('link', { name: /Refund/ })).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('heading', { level: 2, name: 'Push to main?' })).toBeVisible();
  await page.keyboard.press('d');
  await expect(page.getByTestId('held')).toContainText('Denied. ada is told in');
  await page.keyboard.press('z');
  await expect(page.getByTestId('held')).toBeHidden();
  await page.keyboard.press('a');
  await expect(page.getByTestId('held')).toContainText('Approved.');
  // What was answered goes on by itself while one looks at another.
  await page.keyboard.press('ArrowUp');
  await expect(page.getByRole('heading', { level: 2, name: 'Refund $48.00?' })).toBeVisible();
  await expect(page.getByTestId('held-elsewhere')).toContainText('Push to main?');
  expect(await hears(agents, second.id, 'approved')).toMatchObject({ goes: true });
  expect((await agents.get<{ state: string }>(`/v1/gates/${first.id}`)).state).toBe('waiting');

  // Elsewhere on the page the keys are nobody's.
  await page.getByRole('link', { name: 'Agents' }).focus();
  await page.keyboard.press('d');
  await expect(page.getByTestId('held')).toBeHidden();
  await waiting.getByRole('link', { name: /Refund/ }).focus();
  await page.keyboard.press('d');
  expect(await hears(agents, first.id, 'denied')).toMatchObject({ goes: false });
});

test('the next gate opens by itself, and the bay answers too', async ({ window: page, tower }) => {
  const agents = door(page, tower);
  const [one, two] = [await asks(agents, { agent: 'ada', key: 'a', title: 'First?' }), await asks(agents, { agent: 'ada', key: 'b', title: 'Second?', payload: { commits: 3 } })];
  await page.goto(`/#/gates/${one.id}`);
  await page.getByRole('button', { name: 'Approve', exact: true }).click();
  await expect(page.getByRole('region', { name: 'ada asks' }).getByRole('heading', { level: 2 })).toHaveText('Second?', { timeout: 20_000 });
  await expect(page.getByRole('link', { name: /Second\?/ })).toBeFocused();
  await hears(agents, one.id, 'approved');
  await page.goto('/#/board');
  await page.keyboard.press('q');
  const strip = page.getByTestId('needs-you').getByRole('listitem');
  await expect(strip).toBeFocused();
  await page.keyboard.press('a');
  await expect(strip).toContainText('Approved. ada is told in');
  await page.keyboard.press('z');
  await expect(strip).not.toContainText('Approved.');
  await page.keyboard.press('e');
  await expect(page.getByLabel('Payload, as you would have it')).toBeFocused();
  await page.goto('/#/settings');
  await page.getByLabel('An answer can be taken back').selectOption('for 60 s');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('deny second');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('held-elsewhere')).toContainText(/Second\? Denied\. ada is told in \d\d s\./);
  await page.keyboard.press('z');
  await expect(page.getByTestId('held-elsewhere')).toBeHidden();
  await page.getByLabel('An answer can be taken back').selectOption('not at all');
  await page.goto(`/#/gates/${two.id}`);
  await page.getByRole('button', { name: 'Deny' }).click();
  await hears(agents, two.id, 'denied');
  await expect(page.getByRole('button', { name: 'Nothing needs you' })).toBeVisible();
});

test('edit and approve: what the agent gets is what was written, figure by figure', async ({ window: page, tower, ask }) => {
  const agents = door(page, tower);
  const run = await working(ask, agents, 'refunds');
  const body = JSON.stringify({ key: 'refund', execution_id: run, title: 'Refund an order?', payload: { order: 'X', amount: 48, note: 'as agreed' } }).replace('"X"', '12345678901234567890');
  const asked = await page.request.post(`${tower.ready.agents}/v1/gates`, { data: Buffer.from(body), headers: { Authorization: `Bearer ${tower.ready.key}`, 'Content-Type': 'application/json' } });
  const { id } = (await asked.json()) as { id: string };
  await page.goto(`/#/gates/${id}`);
  await expect(page.getByRole('region', { name: 'Payload' })).toContainText('12345678901234567890');
  await page.getByRole('region', { name: 'refunds asks' }).focus();
  await page.keyboard.press('e');
  const editor = page.getByLabel('Payload, as you would have it');
  await expect(editor).toBeFocused();
  await editor.fill('[48]');
  await expect(editor).toHaveAccessibleDescription('The payload is an object, and what you made of it is a list.');
  await page.keyboard.press('Control+Enter');
  await expect(page.getByTestId('held')).toBeHidden();
  await editor.fill('{"amount": 4');
  await expect(editor).toHaveAccessibleDescription(/This is not JSON yet/);
  await editor.fill('{ "order": 12345678901234567890, "amount": 24.50, "note": "as agreed" }');
  await expect(page.getByRole('region', { name: 'Your changes' })).toContainText('24.50');
  await page.keyboard.press('Escape');
  await page.keyboard.press('a');
  await expect(page.getByTestId('held')).toContainText('Approved with your changes.');
  await expect.poll(async () => await (await page.request.get(`${tower.ready.agents}/v1/gates/${id}`, { headers: { Authorization: `Bearer ${tower.ready.key}` } })).text(), { timeout: 20_000 }).toContain('"state":"edited"');
  const heard = await (await page.request.get(`${tower.ready.agents}/v1/gates/${id}`, { headers: { Authorization: `Bearer ${tower.ready.key}` } })).text();
  expect(heard).toContain('12345678901234567890');
  expect(heard).toContain('24.5');
  await expect(page.getByRole('region', { name: 'refunds asks' })).toContainText('Approved with changes in the browser');
});

test('a row is left out by Space, and the rest is approved', async ({ window: page, tower, ask }) => {
  const agents = door(page, tower);
  const run = await working(ask, agents, 'dunning-emails');
  const gate = await asks(agents, { execution_id: run, title: 'Send 14 payment reminders?', payload: REMINDERS });
  await page.goto(`/#/gates/${gate.id}`);
  const table = page.getByRole('table', { name: 'Payload, by mails' });
  await expect(table.getByRole('row')).toHaveCount(15);
  await expect(page.getByRole('button', { name: 'Approve 14' })).toBeVisible();
  await table.getByRole('checkbox', { name: 'Bruma Studio' }).focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Space');
  await expect(table.getByRole('checkbox', { name: 'Alba Freight' })).not.toBeChecked();
  await expect(page.getByText('13 of 14 chosen')).toBeVisible();
  await expect(page.getByRole('region', { name: 'Your changes' })).toContainText('Alba Freight');
  await table.getByRole('checkbox', { name: 'All' }).check({ force: true });
  await table.getByRole('checkbox', { name: 'All' }).uncheck({ force: true });
  await page.getByRole('button', { name: 'Approve 0 of 14' }).click({ force: true });
  await expect(page.getByText('Nothing of it is chosen. Deny it, or choose something.')).toBeVisible();
  await expect(page.getByTestId('held')).toBeHidden();
  await table.getByRole('checkbox', { name: 'All' }).check({ force: true });
  await table.getByRole('checkbox', { name: 'Alba Freight' }).uncheck({ force: true });
  await page.getByRole('button', { name: 'Approve 13 of 14' }).click();
  const heard = await hears(agents, gate.id, 'edited');
  expect(heard.payload).toEqual({ ...REMINDERS, mails: REMINDERS.mails.filter((mail) => mail.to !== 'Alba Freight') });
});

test('a denial goes with its words; what is put off waits quietly, and can be asked for', async ({ window: page, tower }) => {
  const agents = door(page, tower);
  const denied = await asks(agents, { agent: 'ada', key: 'a', title: 'Refund $1,900.00?' });
  const later = await asks(agents, { agent: 'ada', key: 'b', title: 'Refund $48.00?', payload: { order: 10_422 }, answers: ['approve', 'deny'] });
  await page.goto(`/#/gates/${denied.id}`);
  await page.getByLabel('A word to whoever asks').fill('The order was delivered');
  await page.keyboard.press('Enter');
  await page.keyboard.press('d');
  expect(await hears(agents, denied.id, 'denied')).toMatchObject({ comment: 'The order was delivered', goes: false });
  await expect(page.getByRole('region', { name: 'Answered' })).toContainText('“The order was delivered”');

  await page.goto(`/#/gates/${later.id}`);
  await expect(page.getByRole('button', { name: 'Edit and approve' })).toBeHidden();
  await page.getByRole('button', { name: 'Later', exact: true }).click();
  await expect(page.getByTestId('held')).toContainText('Later: it asks again at');
  await expect(page.getByRole('region', { name: 'Later' })).toContainText('Refund $48.00?', { timeout: 20_000 });
  await expect(page.getByRole('button', { name: 'Nothing needs you' })).toBeVisible();
  expect((await agents.get<{ state: string }>(`/v1/gates/${later.id}`)).state).toBe('waiting');
  await page.getByRole('button', { name: 'Ask me now' }).click();
  await expect(page.getByRole('region', { name: 'Waiting' })).toContainText('Refund $48.00?');
});

test('the first answer counts: one from elsewhere settles the page, and so does another question under the same key', async ({ window: page, tower, ask, context }) => {
  const agents = door(page, tower);
  const gate = await asks(agents, { agent: 'ada', title: 'Push to main?', payload: { commits: 3 } });
  await page.goto(`/#/gates/${gate.id}`);
  await page.getByRole('button', { name: 'Approve', exact: true }).click();
  await expect(page.getByTestId('held')).toBeVisible();
  await ask('gate_answer', { gate_id: gate.id, shown: gate.shown, answer: 'deny' });
  await expect(page.getByTestId('held')).toBeHidden();
  await expect(page.getByRole('region', { name: 'ada asks' })).toContainText(/Denied in the browser at/);
  expect(await hears(agents, gate.id, 'denied')).toMatchObject({ goes: false });

  const before = await asks(agents, { agent: 'ada', key: 'mail', title: 'Send 14 mails?', payload: { mails: 14 } });
  await page.goto(`/#/gates/${before.id}`);
  await expect(page.getByRole('button', { name: 'Approve', exact: true })).toBeVisible();
  const now = await asks(agents, { agent: 'ada', key: 'mail', title: 'Send 15 mails?', payload: { mails: 15 } });
  expect(now.id).not.toBe(before.id);
  await expect(page.getByRole('region', { name: 'ada asks' })).toContainText('Withdrawn at');
  await expect(page.getByRole('button', { name: 'Approve', exact: true })).toBeHidden();
  await expect(page.getByRole('region', { name: 'Waiting' })).toContainText('Send 15 mails?');

  // A second window sees the same; closed before its answer is sent, it sends nothing.
  const other = await context.newPage();
  await other.goto(`${tower.origin}/#/gates/${now.id}`);
  await other.getByRole('button', { name: 'Approve', exact: true }).click();
  await expect(other.getByTestId('held')).toBeVisible();
  await other.close({ runBeforeUnload: true });
  await page.goto(`/#/gates/${now.id}`);
  await page.getByRole('button', { name: 'Deny' }).click();
  expect(await hears(agents, now.id, 'denied')).toMatchObject({ goes: false });
});

test('a cue that asks by itself: set in the editor, held before its delivery, what you make of the payload is delivered', async ({ window: page, agent, ask }) => {
  const hook = await agent({ success: true });
  await page.goto('/#/cue/new');
  await page.getByLabel('Cue', { exact: true }).fill('price-change');
  await page.getByLabel('Address').fill(hook.address);
  await page.getByText('Payload', { exact: true }).click();
  await page.getByLabel('JSON, handed to the agent').fill('{ "percent": 12 }');
  await page.getByRole('radio', { name: 'Manual' }).check();
  await page.getByRole('checkbox', { name: /Ask me before it goes/ }).check();
  await page.getByLabel('With no answer').selectOption('stop');
  await page.getByRole('button', { name: 'Save and arm' }).click();
  await expect(page.getByText(/1 thing to mend: Answer within/)).toBeVisible();
  await page.getByLabel('Answer within', { exact: true }).fill('90');
  await expect(page.getByRole('complementary')).toContainText('Nothing is delivered before your yes. With no answer within 1 h 30 min the run is stopped.');
  await page.getByRole('button', { name: 'Save and arm' }).click();
  await page.getByRole('button', { name: 'Fire now' }).click();
  await page.getByTestId('needs-you').getByRole('link', { name: 'Open' }).click();
  const detail = page.getByRole('region', { name: 'price-change asks' });
  await expect(detail).toContainText('asks before anything is delivered');
  expect(hook.requests).toHaveLength(0);
  await detail.getByRole('button', { name: 'Edit and approve' }).click();
  await page.getByLabel('Payload, as you would have it').fill('{ "percent": 3 }');
  await page.keyboard.press('Control+Enter');
  await expect.poll(() => hook.requests.length, { timeout: 20_000 }).toBe(1);
  const board = await ask<{ marks: { run_id: string }[] }>('board', { from_ms: 0, to_ms: Date.now() + 60_000 });
  const story = await ask<{ payload: unknown }>('run_get', { run_id: board.marks[0]?.run_id });
  expect(story.payload).toEqual({ percent: 3 });
});

test('a run that is to be confirmed stands in the inbox and leads to its page', async ({ window: page, tower, ask }) => {
  const agents = door(page, tower);
  const run = await working(ask, agents, 'month-end', { gate: { before_confirmation: true } });
  await agents.post(`/v1/executions/${run}/outcome`, { success: true, summary: 'Closed October.' });
  await page.goto('/#/gates');
  await page.getByRole('region', { name: 'To confirm' }).getByRole('link', { name: /month-end/ }).click();
  await page.getByRole('button', { name: 'Confirm', exact: true }).click();
  await expect(verdict(page, 'Confirmed')).toHaveAttribute('data-state', 'confirmed');
});

test('the inbox at both sizes: many waiting, one open with its payload and what changed, settled ones', async ({ window: page, tower, ask }) => {
  test.setTimeout(180_000);
  const agents = door(page, tower);
  const hash = async (id: string) => (await agents.get<{ shown: string }>(`/v1/gates/${id}`)).shown;
  const [cue] = await make(ask, [{ ...byHand('dunning-emails', []), transport: 'worker', command: undefined, confirm: 'outcome', agent: 'invoice-clerk' }]);
  const fire = async () => {
    const { run_id } = await ask<{ run_id: string }>('cue_fire', { cue_id: cue?.id });
    await agents.post(`/v1/executions/${run_id}/claim`, { worker_id: 'mac-mini' });
    return run_id;
  };
  const reminders = { title: 'Send 14 payment reminders, $6,310 in total?', body: 'POST api.postmarkapp.com/email/batch\n14 messages from billing@northpeak.dev.', reversible: false };
  const old = await fire();
  const last = await asks(agents, { execution_id: old, ...reminders, payload: { ...REMINDERS, subject: 'A friendly reminder of invoice {invoice}', mails: REMINDERS.mails.slice(0, 11).map((mail) => (mail.to === 'Marbel SL' ? { ...mail, amount: 350 } : mail)) } });
  await ask('gate_answer', { gate_id: last.id, shown: await hash(last.id), answer: 'approve' });
  await hears(agents, last.id, 'approved');
  await agents.post(`/v1/executions/${old}/outcome`, { success: true });
  const run = await fire();
  const gate = await asks(agents, { execution_id: run, ...reminders, payload: REMINDERS, deadline_seconds: 3600, cost_of_waiting: '$2 an hour' });
  const put = await asks(agents, { agent: 'refund-bot', key: 'refund', title: 'Refund $48.00 to order 10422?' });
  await ask('gate_put_off', { gate_id: put.id, minutes: 120 });
  await asks(agents, { agent: 'release-scribe', key: 'push', title: 'Push 3 commits to main?', diff: '--- a/CHANGELOG.md\n+++ b/CHANGELOG.md\n@@ -1,2 +1,3 @@\n # Changelog\n-Nothing yet.\n+- Gates wait for your word.\n+- Secrets rotate.\n' });
  const no = await asks(agents, { agent: 'refund-bot', key: 'big', title: 'Refund $1,900.00 to order 10377?' });
  await ask('gate_answer', { gate_id: no.id, shown: no.shown, answer: 'deny', comment: 'order was delivered' });
  await page.goto(`/#/gates/${gate.id}`);
  const row = page.getByRole('row', { name: /Marbel SL/ });
  await expect(row).toContainText('amount was 350');
  await expect(page.getByRole('row', { name: /Sondheim Oy/ })).toContainText('new');
  await expect(page.getByRole('region', { name: 'Since last time' })).toContainText('A friendly reminder of invoice {invoice}');
  for (const size of SIZES) {
    await page.setViewportSize(size);
    await expect(page.getByRole('region', { name: 'Waiting' }).getByRole('link')).toHaveCount(2);
    await look(page, 'gates');
    await page.goto(`/#/run/${run}`);
    await expect(page.getByTestId('run-gate')).toBeVisible();
    await look(page, 'run-at-gate');
    await page.goto('/#/board');
    await expect(page.getByTestId('needs-you').getByRole('listitem')).toHaveCount(2);
    await look(page, 'board-gate');
    await page.goto(`/#/cue/${cue?.id}`);
    await page.getByRole('checkbox', { name: /Ask me before it goes/ }).check();
    await page.getByLabel('Ask me before these steps, by key or name, one a line').fill('send');
    await page.getByLabel('Answer within', { exact: true }).fill('60');
    await page.getByLabel('With no answer').scrollIntoViewIfNeeded();
    await look(page, 'editor-gate');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.goto(`/#/gates/${gate.id}`);
  }
  for (const size of SIZES) {
    await page.setViewportSize(size);
    await page.goto(`/#/gates/${gate.id}`);
    await page.getByRole('button', { name: 'Edit and approve' }).click();
    const editor = page.getByLabel('Payload, as you would have it');
    await editor.fill((await editor.inputValue()).replace('Invoice {invoice} is', 'Your invoice {invoice} is'));
    await expect(page.getByRole('region', { name: 'Your changes' })).toContainText('Your invoice {invoice} is');
    await look(page, 'gates-editing');
    await page.getByRole('button', { name: 'Discard changes' }).click();
    await page.getByRole('button', { name: 'Approve 14' }).click();
    await expect(page.getByTestId('held')).toBeVisible();
    await picture(page, `gates-held-${size.width}`);
    await page.keyboard.press('z');
    await page.getByRole('region', { name: 'Waiting' }).getByRole('link', { name: /Push 3 commits/ }).click();
    await expect(page.getByRole('region', { name: 'Its diff' })).toContainText('Secrets rotate.');
    await look(page, 'gates-diff');
    await page.getByRole('region', { name: 'Answered' }).getByRole('link', { name: /1,900/ }).click();
    await expect(page.getByRole('region', { name: 'refund-bot asks' })).toContainText('“order was delivered”');
    await look(page, 'gates-settled');
  }
  await page.setViewportSize(SIZES[0]);
  await expect(page.getByRole('main')).toMatchAriaSnapshot({ name: 'gates.aria.yml' });
});
