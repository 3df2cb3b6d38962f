//! What the owner can do, by name. Each asks the host, shows the answer at once, and says in a sentence when it did not start.
import { refusalFrom } from './bridge';
import { plainKey } from './keys';
import { commandWords, keyOfAgent } from './state/agents';
import { agents } from './state/agents.svelte';
import { board } from './state/board.svelte';
import { desk } from './state/desk.svelte';
import { expectField, type ExpectField, type Expects } from './state/expects';
import { LOGIN_SCOPES, mayWords, programOf } from './state/logins';
import { logins } from './state/logins.svelte';
import { notices } from './state/notice.svelte';
import { whenWords } from './state/pausing';
import { router } from './state/router.svelte';
import * as actionsText from './text/actions';
import { money } from './time';
import type { AgentRef, AgentView, AlertView, CueView, LoginView, Mark, RunStory } from './wire';

/** Runs an action; a refusal becomes a notice. True when it was done. */
async function attempt(what: string, action: () => Promise<void>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    const refusal = refusalFrom(error);
    if (refusal.code !== 'session') notices.tell(actionsText.didNotStart(what, refusal.message), 'bad');
    return false;
  }
}

export function fireNow(cue: CueView): Promise<boolean> {
  return attempt(actionsText.firing(cue.name), async () => {
    const fired = await desk.ask('cue_fire', { cue_id: cue.id, payload: null });
    board.select(cue.id, fired.occurrence_id);
    board.followNow();
    notices.tell(actionsText.firesNow(cue.name));
  });
}

/** Fires with words of its own, now or at a time. `merge`: laid over the cue's own payload, not in its place. */
export function fireWith(cue: CueView, payload: unknown, merge: boolean, send_at_ms: number | null): Promise<boolean> {
  return attempt(actionsText.firing(cue.name), async () => {
    const fired = await desk.ask('cue_fire', { cue_id: cue.id, payload, merge, send_at_ms });
    board.select(cue.id, fired.occurrence_id);
    board.followNow();
    notices.tell(send_at_ms === null ? actionsText.firesNow(cue.name) : actionsText.firesAt(cue.name, whenWords(send_at_ms, desk.clock(), desk.zone)));
  });
}

/** `until_ms` null: until it is resumed by hand. */
export function pauseCue(cue: CueView, until_ms: number | null = null): Promise<boolean> {
  return attempt(actionsText.pausing(cue.name), async () => {
    desk.know({ cue: await desk.ask('cue_pause', { cue_id: cue.id, until_ms }) });
    notices.tell(until_ms === null ? actionsText.isPausedNothingFires(cue.name) : actionsText.isPausedItResumes(cue.name, whenWords(until_ms, desk.clock(), desk.zone)));
  });
}

export function resumeCue(cue: CueView): Promise<boolean> {
  return attempt(actionsText.resuming(cue.name), async () => {
    desk.know({ cue: await desk.ask('cue_resume', { cue_id: cue.id }) });
    notices.tell(actionsText.isArmedAgain(cue.name), 'ok');
  });
}

/** Runs or skips a held occurrence that asks. */
export function answerAsk(mark: Mark, run: boolean): Promise<boolean> {
  return attempt(actionsText.answering, async () => {
    await desk.ask('occurrence_answer', { cue_id: mark.cue_id, occurrence_id: mark.occurrence_id, run });
    const name = desk.fleet.names.get(mark.cue_id) ?? actionsText.it;
    notices.tell(run ? actionsText.runsOnceNow(name) : actionsText.isSkippedThisTime(name));
  });
}

export function deleteCue(cue: CueView): Promise<boolean> {
  return attempt(actionsText.deleting(cue.name), async () => {
    await desk.ask('cue_delete', { cue_id: cue.id });
    if (board.selection?.cueId === cue.id) board.clear();
    notices.tell(actionsText.isDeleted(cue.name));
  });
}

export function runAgain(runId: string): Promise<boolean> {
  return attempt(actionsText.runningItAgain, async () => {
    const fired = await desk.ask('run_replay', { run_id: runId });
    board.followNow();
    router.go({ at: 'run', runId: fired.run_id });
  });
}

/** A new run goes on where this one broke: what was completed before the step is kept. Null: from the first step that is not completed. */
export function resumeRun(runId: string, ordinal: number | null): Promise<boolean> {
  return attempt(actionsText.resumingIt, async () => {
    const fired = await desk.ask('run_resume', { run_id: runId, ordinal });
    board.followNow();
    router.go({ at: 'run', runId: fired.run_id });
  });
}

/** The tower looks again at what the cue asks for. The answer is the run as it stands then; null when it was not done. */
export async function checkAgain(runId: string): Promise<RunStory | null> {
  let story: RunStory | null = null;
  await attempt(actionsText.checkingAgain, async () => {
    story = await desk.ask('run_check', { run_id: runId });
  });
  return story;
}

/** What the owner found who looked at what a run did. The answer is the run as it stands then; null when it was not taken. */
export async function verifyRun(runId: string, valid: boolean, reason: string): Promise<RunStory | null> {
  let story: RunStory | null = null;
  await attempt(valid ? actionsText.confirming : actionsText.sayingSo, async () => {
    story = await desk.ask('run_verify', { run_id: runId, valid, ...(reason.trim() === '' ? {} : { reason: reason.trim() }) });
    notices.tell(valid ? actionsText.itIsConfirmedByYour : actionsText.itIsRefutedByYour, valid ? 'ok' : 'plain');
  });
  return story;
}

export function stopRun(runId: string): Promise<boolean> {
  return attempt(actionsText.stoppingTheRun, async () => {
    await desk.ask('run_stop', { run_id: runId });
  });
}

export function acknowledge(alert: AlertView): Promise<boolean> {
  return attempt(actionsText.acknowledging, async () => {
    desk.know({ alert: await desk.ask('alert_acknowledge', { alert_id: alert.id }) });
  });
}

/** All that is open is seen. */
export function acknowledgeAll(): Promise<boolean> {
  return attempt(actionsText.acknowledging, async () => {
    desk.know({ alerts: (await desk.ask('alerts_acknowledge', {})).alerts });
  });
}

/** Nothing more is said of it for so long, unless it gets worse. */
export function snooze(alert: AlertView, minutes: number): Promise<boolean> {
  return attempt(actionsText.snoozing, async () => {
    const known = await desk.ask('alert_snooze', { alert_id: alert.id, minutes });
    desk.know({ alert: known });
    notices.tell(actionsText.nothingMoreIsSaid(known.snoozed_until_ms === null ? '' : actionsText.until(whenWords(known.snoozed_until_ms, desk.clock(), desk.zone))));
  });
}

/** Its process is ended, and the run goes on with its next attempt. */
export function restartRun(runId: string, name: string): Promise<boolean> {
  return attempt(actionsText.restarting(name), async () => {
    await desk.ask('run_restart', { run_id: runId });
    notices.tell(actionsText.isStartedAgain(name), 'ok');
  });
}

export function setTowerPaused(paused: boolean): Promise<boolean> {
  return attempt(paused ? actionsText.pausingTheTower : actionsText.armingTheTower, async () => {
    desk.know({ status: await desk.ask(paused ? 'tower_pause' : 'tower_resume', {}) });
  });
}

/** Asks its runner to restart or stop an agent. What became of it shows when the runner has said so. */
export function commandAgent(agent: AgentRef, action: 'restart' | 'stop'): Promise<boolean> {
  return attempt(`${action === 'stop' ? actionsText.stopping : actionsText.Restarting} ${agent.name}`, async () => {
    const answer = await desk.ask('agent_command', { name: agent.name, account: agent.account, action });
    agents.know(answer);
    const asked = answer.commands[0];
    notices.tell(actionsText.ofIsAsked(action === 'stop' ? actionsText.stop : actionsText.restart, agent.name, asked ? actionsText.itOfWords(commandWords(asked).words) : ''));
  });
}

/** What an agent may cost a day; null: no budget. */
export function budgetAgent(agent: AgentView, day_cost_usd: number | null): Promise<boolean> {
  return attempt(actionsText.theBudgetOf(agent.name), async () => {
    agents.know(await desk.ask('agent_budget', { name: agent.name, account: agent.account, day_cost_usd }));
    notices.tell(day_cost_usd === null ? actionsText.hasNoBudgetAnyMore(agent.name) : actionsText.mayCostADayAbove(agent.name, money(day_cost_usd)));
  });
}

/** What is expected of an agent. What the tower did not take is answered with its field; null: it was taken. */
export async function expectAgent(agent: AgentView, expects: Expects): Promise<{ field: ExpectField | 'whole'; message: string } | null> {
  try {
    agents.know(await desk.ask('agent_watch', { name: agent.name, account: agent.account, ...expects }));
    notices.tell(expects.alert ? actionsText.youHear(agent.name) : actionsText.nobodyIsToldWhenGoes(agent.name));
    return null;
  } catch (error) {
    const refusal = refusalFrom(error);
    return { field: expectField(refusal.field), message: refusal.message };
  }
}

export function forgetAgent(agent: AgentView): Promise<boolean> {
  return attempt(actionsText.forgetting(agent.name), async () => {
    agents.take(await desk.ask('agent_forget', { name: agent.name, account: agent.account }));
    const still = agents.list?.some((other) => keyOfAgent(other) === keyOfAgent(agent));
    notices.tell(still ? actionsText.whatSaidIsForgotten(agent.name) : actionsText.isForgotten(agent.name));
  });
}

/** Lets a program have a key of its own, or not. */
export function answerLogin(login: LoginView, approve: boolean): Promise<boolean> {
  const program = programOf(login);
  return attempt(`${approve ? actionsText.approving : actionsText.denying} ${login.code}`, async () => {
    logins.take(await desk.ask('login_answer', { code: login.code, approve }));
    notices.tell(approve ? actionsText.maySignInNow(program, mayWords(LOGIN_SCOPES)) : actionsText.getsNoKey(program), approve ? 'ok' : 'plain');
  });
}

/** Whether programs on this machine get a key without a click. */
export function allowLogins(allow: boolean): Promise<boolean> {
  return attempt(actionsText.changingIt, async () => {
    logins.take(await desk.ask('login_policy', { allow }));
  });
}

export function copy(text: string, what: string): void {
  navigator.clipboard.writeText(text).then(
    () => notices.tell(actionsText.copied(what)),
    () => notices.tell(actionsText.couldNotBeCopied(what), 'bad')
  );
}

/** A key goes straight to the clipboard; it is never shown. `what`: "Your key". */
function copyUnseen(command: 'owner_key' | 'webhook_secret', what: string): Promise<boolean> {
  return attempt(actionsText.copying(what.charAt(0).toLowerCase(), what.slice(1)), async () => {
    const key = desk.ask(command, {}).then((answer) => new Blob([answer.key], { type: 'text/plain' }));
    // The promise goes into the clipboard's own item: after an await the click no longer counts everywhere.
    const copied = await navigator.clipboard.write([new ClipboardItem({ 'text/plain': key })]).then(() => true, () => false);
    await key;
    if (copied) notices.tell(actionsText.isCopied(what));
    else notices.tell(actionsText.couldNotBeCopied(what), 'bad');
  });
}

export function copyKey(): Promise<boolean> {
  return copyUnseen('owner_key', actionsText.yourKey);
}

export function copyWebhookSecret(): Promise<boolean> {
  return copyUnseen('webhook_secret', actionsText.theSigningSecret);
}

/** Escape leaves a room for the board. */
export function leaveByEscape(event: KeyboardEvent): void {
  if (plainKey(event) !== 'Escape') return;
  router.go({ at: 'board' });
  event.preventDefault();
}
