//! The window itself: theme first, then the live picture, then the screens.
import { mount } from 'svelte';
import App from './App.svelte';
import { audit } from './state/audit.svelte';
import { briefing } from './state/briefing.svelte';
import { desk } from './state/desk.svelte';
import { gates } from './state/gates.svelte';
import { logins } from './state/logins.svelte';
import { scale } from './state/scale.svelte';
import { theme } from './state/theme.svelte';
import { writing } from './state/written.svelte';

theme.start();
scale.start();
writing.start();
const known = desk.start();
briefing.start();
audit.start();
logins.start();
gates.start();

/** So long the frame that was there from the start waits for what the tower says: the window is drawn once then, and not empty first. */
const SOON_MS = 60;

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app to mount the window in');
void Promise.race([known, new Promise((resolve) => setTimeout(resolve, SOON_MS))]).then(() => {
  target.replaceChildren();
  mount(App, { target });
});
