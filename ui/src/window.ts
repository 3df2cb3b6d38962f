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
desk.start();
briefing.start();
audit.start();
logins.start();
gates.start();

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app to mount the window in');
// The frame that was there from the start.
target.replaceChildren();
mount(App, { target });
