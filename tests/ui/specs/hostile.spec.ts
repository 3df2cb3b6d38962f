//! Agents that answer with markup, scripts and links instead of words: the window shows them as text, on every screen.
import type { Page } from '@playwright/test';
import { expect, test } from '../support/desk';
import { door } from '../support/door';
import type { Tower } from '../support/tower';

/** Each part of it would do something if it were more than text. Short enough for every field that takes a text. */
const MARKUP = '<img src=x onerror="pwned()"><script>pwned()</script><a href="javascript:pwned()">x</a><iframe src="//evil.test"></iframe>';
const SHORT = '<img src=x onerror=pwned()>';
/** What a template, a style or a link could make of it. */
const OTHERS = ['{{constructor.constructor("pwned()")()}}', '${pwned()}', '"><svg onload=pwned()>', "');pwned();//", '[x](javascript:pwned())', '</script><script>pwned()</script>', '<style>@import url(//evil.test)</style>'];

interface Watched {
  dialogs: string[];
  elsewhere: string[];
  popups: string[];
}

/** Notes whatever a script that got in could do. Before the page is loaded. */
async function watch(page: Page, tower: Tower): Promise<Watched> {
  const seen: Watched = { dialogs: [], elsewhere: [], popups: [] };
  page.on('dialog', (dialog) => {
    seen.dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  page.on('popup', (popup) => seen.popups.push(popup.url()));
  page.on('request', (request) => {
    if (!request.url().startsWith(tower.origin) && !request.url().startsWith('data:')) seen.elsewhere.push(request.url());
  });
  await page.addInitScript(() => {
    const noted = { ran: 0, refused: [] as string[] };
    Object.assign(window, { noted, pwned: () => noted.ran++ });
    addEventListener('securitypolicyviolation', (event) => noted.refused.push(`${event.violatedDirective} ${event.blockedURI}`));
  });
  return seen;
}

/** An agent that says it wherever something is said; the runs it spoke in. */
async function speaks(page: Page, tower: Tower): Promise<{ cue: string; run: string; gate: string }> {
  const agents = door(page, tower);
  const all = [MARKUP, ...OTHERS].join(' ');
  const cue = await agents.post<{ id: string }>('/v1/cues', {
    name: SHORT, agent: SHORT, description: all, transport: 'worker', schedule: { type: 'manual' }, payload: { [SHORT]: all, list: OTHERS },
    retry: { max_attempts: 1 }
  });
  const { id: run } = await agents.post<{ id: string }>(`/v1/cues/${cue.id}/fire`, {});
  await agents.post(`/v1/executions/${run}/claim`, { worker_id: SHORT });
  await agents.post('/v1/worker/heartbeat', { worker_id: SHORT, handlers: [SHORT] });
  const step = (key: string, end = '') => `/v1/executions/${run}/steps/${encodeURIComponent(key)}${end}`;
  await agents.put(step(SHORT), { name: MARKUP.slice(0, 190), kind: 'tool', model: SHORT, input: { [SHORT]: all } });
  await agents.post(step(SHORT, '/complete'), { output: { html: all }, summary: all.slice(0, 400) });
  await agents.put(step('bad'), { name: SHORT, kind: 'llm', model: SHORT, parent: SHORT });
  await agents.post(step('bad', '/fail'), { error: all.slice(0, 900) });
  await agents.post('/v1/heartbeats', { execution_id: run, message: all.slice(0, 400) });
  await agents.beat(SHORT, { status: 'error', message: all.slice(0, 400), agent_type: SHORT });
  await agents.post('/v1/agents', { slug: 'hostile', display_name: SHORT, metadata: { [SHORT]: SHORT } });
  await agents.post('/v1/messages', { to: 'hostile@owner', subject: SHORT, body: all }, { 'X-Cueapi-From-Agent': 'hostile@owner' });
  const question = { title: MARKUP.slice(0, 190), body: all, payload: { [SHORT]: all, list: OTHERS }, diff: `--- a\n+++ b\n-${SHORT}\n+${all}`, cost_of_waiting: SHORT };
  const { id: gate } = await agents.post<{ id: string }>('/v1/gates', { key: SHORT, agent: SHORT, ...question });
  await agents.post('/v1/gates', { key: 'rows', agent: SHORT, ...question, payload: [{ [SHORT]: all, to: SHORT }, { to: OTHERS[0] }] });
  await agents.post('/v1/gates', { key: SHORT, execution_id: run, ...question });
  await agents.post(`/v1/executions/${run}/outcome`, {
    success: false, error: all.slice(0, 1_900), summary: all.slice(0, 400), result: all.slice(0, 1_900), metadata: { [SHORT]: all },
    artifacts: [{ name: SHORT, url: 'javascript:pwned()' }, 'javascript:pwned()', { type: 'url', url: 'data:text/html,<script>pwned()</script>' }]
  });
  for (const path of ['device-code', 'device-code/submit-email']) {
    await page.request.post(`${tower.ready.agents}/v1/auth/${path}`, { data: { device_code: 'ABCD-1234', email: '"<svg/onload=pwned()>"@example.com' }, headers: { 'User-Agent': SHORT } });
  }
  return { cue: cue.id, run, gate };
}

/** Nothing of it has become a part of the page. */
async function isText(page: Page, where: string): Promise<void> {
  const made = await page.evaluate(() =>
    [...document.querySelectorAll('img[src="x"], iframe, object, embed, script:not([src]), [onerror], [onload], a[href^="javascript:" i], a[href^="data:" i], svg[onload], base, meta[http-equiv="refresh" i]')].map((el) => el.outerHTML.slice(0, 160))
  );
  expect(made, `${where}: it became a part of the page`).toEqual([]);
  const noted = await page.evaluate(() => (window as unknown as { noted: { ran: number; refused: string[] } }).noted);
  expect(noted, `${where}: what ran, and what the page's policy had to refuse`).toEqual({ ran: 0, refused: [] });
  const links = await page.evaluate(() => [...document.querySelectorAll('a[href]')].map((a) => (a as HTMLAnchorElement).href).filter((href) => !/^https?:/.test(href)));
  expect(links, `${where}: links that are none`).toEqual([]);
}

test('what agents say is text on every screen', async ({ page, tower }) => {
  const seen = await watch(page, tower);
  const { cue, run, gate } = await speaks(page, tower);
  await page.goto(tower.ready.desk);
  await expect(page.getByTestId('strip-tower')).toContainText('Armed');
  const screens = [
    '/', `/#/run/${run}`, `/#/cue/${cue}`, '/#/agents', `/#/agents/${encodeURIComponent(SHORT)}`, '/#/alerts', '/#/costs', '/#/channels', '/#/secrets', '/#/settings/keys',
    '/#/gates', `/#/gates/${gate}`, '/#/ledger', '/#/report', `/#/run/${encodeURIComponent(SHORT)}`, `/#/${encodeURIComponent(MARKUP)}`
  ];
  for (const screen of screens) {
    await page.goto(`${tower.origin}${screen}`);
    await expect(page.getByTestId('strip-tower')).toContainText('Armed');
    // Whatever it fetches is there.
    await page.waitForLoadState('networkidle').catch(() => undefined);
    await isText(page, screen);
  }
  // It is shown, and not left out: the owner sees what the agent says.
  await page.goto(`${tower.origin}/#/run/${run}`);
  await expect(page.locator('body')).toContainText(SHORT);
  await page.goto(`${tower.origin}/#/gates/${gate}`);
  await expect(page.getByRole('table', { name: 'Payload, by list' })).toContainText('constructor.constructor');
  await expect(page.getByRole('region', { name: `${SHORT} asks` })).toContainText(MARKUP);
  await page.getByRole('button', { name: 'Edit and approve' }).click();
  await expect(page.getByLabel('Payload, as you would have it')).toBeFocused();
  await isText(page, 'the editor of a gate');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('<img');
  await isText(page, 'the palette');
  expect(seen).toEqual({ dialogs: [], elsewhere: [], popups: [] });
});

test('another page can neither frame the window nor reach into it', async ({ page, tower, browser }) => {
  await page.goto(tower.ready.desk);
  await expect(page.getByTestId('strip-tower')).toContainText('Armed');
  const other = await pageOfElsewhere();
  const context = await browser.newContext();
  // The owner's own session, as a browser would keep it.
  await context.addCookies(await page.context().cookies());
  const evil = await context.newPage();
  try {
    await evil.goto(other.address);
    const tried = await evil.evaluate(
      async ({ desk, agents, key }) => {
        const told: Record<string, unknown> = {};
        const ask = async (name: string, url: string, init: RequestInit) => {
          try {
            const answer = await fetch(url, init);
            told[name] = answer.type === 'opaque' ? 'opaque' : answer.status;
          } catch {
            told[name] = 'refused';
          }
        };
        const body = JSON.stringify({});
        await ask('script', `${desk}/rpc/tower_pause`, { method: 'POST', body, credentials: 'include', headers: { 'X-Cuetower-Desk': '1' } });
        await ask('simple', `${desk}/rpc/tower_pause`, { method: 'POST', body, credentials: 'include', mode: 'no-cors' });
        await ask('read', `${desk}/rpc/tower_status`, { method: 'POST', body, credentials: 'include' });
        await ask('agents', `${agents}/v1/cues`, { headers: { Authorization: `Bearer ${key}` } });
        const opens = (url: string) => new Promise<string>((resolve) => {
          const source = new EventSource(url, { withCredentials: true });
          source.onmessage = () => resolve('heard');
          source.onerror = () => { source.close(); resolve('refused'); };
        });
        told['events'] = await opens(`${desk}/events?from=0`);
        const frame = document.createElement('iframe');
        frame.src = `${desk}/`;
        const loaded = new Promise((resolve) => { frame.onload = resolve; setTimeout(resolve, 5_000); });
        document.body.append(frame);
        await loaded;
        try {
          told['frame'] = frame.contentDocument === null ? 'refused' : frame.contentDocument.body.textContent;
        } catch {
          told['frame'] = 'refused';
        }
        return told;
      },
      { desk: tower.origin, agents: tower.ready.agents, key: tower.ready.key }
    );
    // Even what a page may send without asking is not answered to it: the window's own answers are for its own origin.
    expect(tried).toEqual({ script: 'refused', simple: 'refused', read: 'refused', agents: 'refused', events: 'refused', frame: 'refused' });
    // Nothing of it was done, the one that a page may send without asking among them.
    await page.reload();
    await expect(page.getByTestId('strip-tower')).toContainText('Armed');
  } finally {
    await context.close();
    await other.stop();
  }
});

/** A page at another port of this machine, which is another site to a browser, and the same machine to a firewall. */
async function pageOfElsewhere(): Promise<{ address: string; stop: () => Promise<void> }> {
  const { createServer } = await import('node:http');
  const server = createServer((_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html' });
    response.end('<!doctype html><title>elsewhere</title><body>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = (server.address() as { port: number }).port;
  return {
    address: `http://127.0.0.1:${port}/`,
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    }
  };
}
