//! The few words of WebDriver that the tests speak, to `tauri-driver` over HTTP.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { SCREENSHOTS } from './places.js';
import { until } from './processes.js';

const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';
const CALL_LIMIT_MS = 20_000;

/** A port that was free a moment ago. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export class Page {
  #session;

  /** Has `application` started by the driver at `port`, and drives its window. */
  static async open(port, application, args) {
    const page = new Page();
    const wanted = { browserName: 'wry', 'tauri:options': { application, args } };
    const { sessionId } = await send(port, 'POST', '/session', { capabilities: { alwaysMatch: wanted } });
    page.#session = { port, path: `/session/${sessionId}` };
    return page;
  }

  /** Runs JavaScript in the page; `arguments` holds what is given. */
  async script(body, ...args) {
    return this.#call('POST', '/execute/sync', { script: body, args });
  }

  /** Runs JavaScript in the page that gives its answer to the last of its `arguments`. */
  async answer(body, ...args) {
    return this.#call('POST', '/execute/async', { script: body, args });
  }

  /** Waits until what is in the page is on the screen. */
  async painted() {
    const body = 'const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done()))';
    await this.#call('POST', '/execute/async', { script: body, args: [] });
  }

  async hash() {
    return this.script('return location.hash');
  }

  async text() {
    return this.script('return document.body.innerText');
  }

  /** Waits for an element, by CSS selector or by `//` XPath. The first one counts. */
  async find(selector, limit_ms) {
    const using = selector.startsWith('/') ? 'xpath' : 'css selector';
    const found = await until(selector, () => this.#call('POST', '/element', { using, value: selector }), { limit_ms });
    return found[ELEMENT];
  }

  async click(selector) {
    // Drawn anew between being found and being clicked, it is looked for again.
    await until(`a click on ${selector}`, async () => {
      await this.#call('POST', `/element/${await this.find(selector)}/click`, {});
      return true;
    });
  }

  /** Puts `text` into a field, in place of what is there. */
  async fill(selector, text) {
    const element = await this.find(selector);
    await this.#call('POST', `/element/${element}/clear`, {});
    await this.#call('POST', `/element/${element}/value`, { text });
  }

  /** Waits until the element says something that matches. */
  async says(selector, pattern, limit_ms) {
    return until(`${selector} to say ${pattern}`, async () => {
      const text = await this.script('return arguments[0].innerText', { [ELEMENT]: await this.find(selector) });
      if (!pattern.test(text)) throw new Error(`it says ${JSON.stringify(text)}`);
      return text || true;
    }, { limit_ms });
  }

  async screenshot(name) {
    await this.painted();
    const image = Buffer.from(await this.#call('GET', '/screenshot'), 'base64');
    mkdirSync(SCREENSHOTS, { recursive: true });
    writeFileSync(join(SCREENSHOTS, `${name}.png`), image);
    return image;
  }

  async #call(method, path, body) {
    return send(this.#session.port, method, this.#session.path + path, body);
  }
}

async function send(port, method, path, body) {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: body ? { 'Content-Type': 'application/json' } : {},
    body: body ? JSON.stringify(body) : undefined,
    signal: AbortSignal.timeout(CALL_LIMIT_MS)
  });
  const { value } = await answer.json();
  if (!answer.ok) throw new Error(`${value?.error}: ${value?.message}`);
  return value;
}
