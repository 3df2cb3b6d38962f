//! Files that the owner takes away: a run whole, what was spent. The tower writes them; the window saves them where the owner says.
import { bridge, refusalFrom } from '../bridge';
import * as settingsText from '../text/settings';
import type { Exported } from '../wire';
import { desk } from './desk.svelte';
import { notices } from './notice.svelte';

/** `what`: "The run", at the head of what is said of it. */
async function save(what: string, made: Promise<Exported>): Promise<boolean> {
  try {
    const { file_name, mime, text } = await made;
    if (!bridge.save) throw new Error('this window saves no files');
    const path = await bridge.save(file_name, mime, text);
    if (path !== null) notices.tell(settingsText.isSavedAs(what, path));
    return path !== null;
  } catch (error) {
    const refusal = refusalFrom(error);
    if (refusal.code !== 'session') notices.tell(settingsText.wasNotSaved(what, refusal.message), 'bad');
    return false;
  }
}

/** With all that is to be seen of it: as JSON for programs, or as one page that needs nothing else. */
export function saveRun(runId: string, format: 'json' | 'html'): Promise<boolean> {
  return save(settingsText.theRun, desk.ask('run_export', { run_id: runId, format }));
}

/** What was spent on these days, with today, as a table program reads it. */
export function saveCosts(days: number): Promise<boolean> {
  return save(settingsText.whatWasSpent, desk.ask('costs_csv', { days }));
}
