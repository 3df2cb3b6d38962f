//! Cuetower on a test's desktop: started by the driver to be clicked, or by itself; always stopped as its owner would.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CUETOWER, CUETOWERCTL, TAURI_DRIVER } from './places.js';
import { signal, until } from './processes.js';
import { Page, freePort } from './webdriver.js';

export class App {
  constructor(desktop) {
    this.desktop = desktop;
    this.data = join(desktop.folder, 'data');
    // Both doors on free ports, so that nothing that runs on this machine is in the way.
    this.args = ['--data', this.data, '--listen', '127.0.0.1:0', '--desk', '127.0.0.1:0'];
  }

  /** Starts it with its window under the driver. */
  static async driven(desktop, more = []) {
    const app = new App(desktop);
    const [port, native] = [await freePort(), await freePort()];
    app.driver = desktop.start(TAURI_DRIVER, ['--port', `${port}`, '--native-port', `${native}`]);
    const ready = async () => (await fetch(`http://127.0.0.1:${port}/status`, { signal: AbortSignal.timeout(1_000) })).ok;
    await until('the driver', ready);
    app.page = await Page.open(port, CUETOWER, [...app.args, ...more]);
    await app.ready();
    return app;
  }

  /** Starts it as a click on its icon does. */
  static async alone(desktop, more = []) {
    const app = new App(desktop);
    app.process = desktop.start(CUETOWER, [...app.args, ...more]);
    await app.ready();
    return app;
  }

  /** A second start on the same data folder. */
  again() {
    return this.desktop.start(CUETOWER, this.args);
  }

  async ready() {
    // A tower that was killed leaves word of its doors behind.
    const doors = await until('the tower', () => {
      const doors = JSON.parse(readFileSync(join(this.data, 'desk.json'), 'utf8'));
      return isRunning(doors.pid) && doors;
    });
    this.pid = doors.pid;
    this.agents = doors.agents;
  }

  /** Runs a command of the owner's list through the command line: the tower is asked from outside the window. */
  call(command, request = {}) {
    return JSON.parse(this.desktop.run(CUETOWERCTL, ['--data', this.data, 'call', command, JSON.stringify(request)]));
  }

  isRunning() {
    return isRunning(this.pid);
  }

  /** Asks it to stop in order, so that what it started stops too. */
  async stop() {
    if (this.pid === undefined) return;
    signal(this.pid, 'SIGTERM');
    await until('the tower to stop', () => !this.isRunning(), { limit_ms: 20_000 });
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
