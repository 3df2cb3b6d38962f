//! One test as a story: a desktop, an app on it, and whatever happens, the end of both.
import { test } from 'node:test';
import { Desktop } from './desktop.js';

/** `tell(desktop, keep)`: an app given to `keep` is stopped in order at the end, and its last words are shown if the story fails. */
export function story(name, daemons, tell) {
  test(name, { timeout: 120_000 }, async () => {
    const desktop = await Desktop.start(daemons);
    const apps = [];
    const keep = (app) => {
      apps.push(app);
      return app;
    };
    let failure;
    try {
      await tell(desktop, keep);
    } catch (error) {
      failure = error;
      desktop.screen(`failed ${name}`);
      console.log(desktop.processes.lastWords());
    }
    // What goes wrong at the end counts only if nothing went wrong before.
    for (const app of apps) await app.stop().catch((error) => (failure ??= error));
    await desktop.stop().catch((error) => (failure ??= error));
    if (failure) throw failure;
  });
}
