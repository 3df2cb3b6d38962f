//! What an owner keeps: backups made and put back, how much of the past, the tower's own settings, and jobs of cron that become cues.
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { byHand, expect, make, test as base } from '../support/desk';
import { look, SIZES } from '../support/look';
import { Tower } from '../support/tower';

interface Backups {
  folder: string;
  backups: { path: string; sealed: boolean }[];
  restore_waits: boolean;
}
interface Settings {
  settings: { name: string; value: string }[];
}

const CRONTAB = '# mine\n15 3 29 2 *\t/usr/local/bin/backup.sh --full\n0 9 29 2 * /usr/local/bin/report.sh\n@reboot /usr/local/bin/warm-up.sh\n';

/** A tower whose `crontab` is the test's own; the machine's is never touched. */
const test = base.extend<{ crontab: string }>({
  crontab: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'cuetower-crontab-'));
    const table = join(folder, 'table');
    await writeFile(table, CRONTAB);
    const program = join(folder, 'crontab');
    await writeFile(program, `#!/bin/sh\ncase $1 in\n-l) cat ${table};;\n-) cat > ${table}.new && mv ${table}.new ${table};;\n*) exit 2;;\nesac\n`);
    const systemctl = join(folder, 'systemctl');
    await writeFile(systemctl, '#!/bin/sh\nexit 0\n');
    for (const file of [program, systemctl]) await chmod(file, 0o755);
    await use(table);
    await rm(folder, { recursive: true, force: true });
  },
  tower: async ({ crontab }, use) => {
    const folder = join(crontab, '..');
    const own = { CUETOWER_CRONTAB: join(folder, 'crontab'), CUETOWER_SYSTEMCTL: join(folder, 'systemctl'), CUETOWER_ETC: join(folder, 'etc'), XDG_CONFIG_HOME: join(folder, 'config') };
    const before = Object.keys(own).map((name) => [name, process.env[name]] as const);
    Object.assign(process.env, own);
    const tower = await Tower.start();
    // The tower has them; whatever this worker starts next has not.
    for (const [name, value] of before) if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    await use(tower);
    await tower.stop();
  }
});

test('the owner backs up, by mouse and by keyboard, and puts a sealed one back', async ({ window: page, ask }) => {
  await ask('secret_set', { name: 'API_TOKEN', value: 'sk-live-0123456789' });
  await page.goto('#/settings/backups');
  const section = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Backups', exact: true, level: 2 }) });
  await expect(section).toContainText('daily at 03:30');
  await expect(section).toContainText('There is no backup yet.');
  const rows = page.getByTestId('backup');
  await section.getByRole('button', { name: 'Back up now' }).click();
  await expect(rows).toHaveCount(1);
  await expect(rows.first()).toContainText('1 by name alone');

  // With secrets, by keys alone: what is wrong is told at its field.
  await section.getByRole('button', { name: 'With secrets…' }).focus();
  await page.keyboard.press('Enter');
  const seal = page.getByRole('dialog', { name: 'A backup with secrets' });
  const first = seal.getByLabel('Passphrase');
  await expect(first).toBeFocused();
  await page.keyboard.type('short');
  await page.keyboard.press('Enter');
  await expect(seal.getByRole('alert')).toHaveText('It needs 8 characters at least.');
  await first.fill('open sesame now');
  await seal.getByLabel('The same again').fill('open sesame');
  await page.keyboard.press('Enter');
  await expect(seal.getByRole('alert')).toHaveText('This is not the same.');
  await expect(seal.getByLabel('The same again')).toBeFocused();
  await seal.getByLabel('The same again').fill('open sesame now');
  // A backup is named by its second: within the one of the first there is no room for it, and pressing again is enough.
  await expect(async () => {
    await page.keyboard.press('Enter');
    await expect(seal).toBeHidden({ timeout: 1000 });
  }).toPass();
  await expect(rows).toHaveCount(2);
  const sealed = rows.filter({ hasText: '1 in it, sealed' });
  await expect(sealed).toHaveCount(1);

  // A path that leads nowhere is told at its field.
  await section.getByRole('button', { name: 'Restore another file…' }).click();
  const other = page.getByRole('dialog', { name: 'Restore a backup' });
  await other.getByLabel('File').fill('tower.backup');
  await other.getByRole('button', { name: 'Look into it' }).click();
  await expect(other.getByRole('alert')).toContainText('must be a whole path');
  await page.keyboard.press('Escape');

  await sealed.getByRole('button', { name: /^Restore/ }).click();
  const restore = page.getByRole('dialog', { name: /^The backup of/ });
  await expect(restore).toContainText('Nothing changes until Cuetower starts the next time.');
  await restore.getByLabel('Passphrase').fill('open sesame not');
  await restore.getByRole('button', { name: 'Restore at the next start' }).click();
  await expect(restore.getByRole('alert')).toContainText('does not open the secrets');
  expect((await ask<Backups>('backups')).restore_waits).toBe(false);
  for (const size of SIZES) {
    await page.setViewportSize(size);
    await look(page, 'keep-restore');
  }
  await restore.getByLabel('Passphrase').fill('open sesame now');
  await page.keyboard.press('Enter');
  await expect(restore).toBeHidden();
  await expect(page.getByTestId('restore-waits')).toContainText(/^A backup from .* becomes the store when Cuetower starts the next time\.$/);
  expect((await ask<Backups>('backups')).restore_waits).toBe(true);
  for (const size of SIZES) {
    await page.setViewportSize(size);
    await look(page, 'keep-backups');
  }
});

test('how much of the past is kept: a stricter limit is asked about, a wrong one told at its field', async ({ window: page, ask }) => {
  const kept = async () => {
    const { keep_days, keep_runs, keep_size_mb } = await ask<{ keep_days: number | null; keep_runs: number | null; keep_size_mb: number | null }>('retention');
    return [keep_days, keep_runs, keep_size_mb];
  };
  const [cue] = await make(ask, [byHand('say-hello', ['true']), byHand('own-rule', ['true'], { retention: { days: 365, runs: 5000 } })]);
  for (let n = 0; n < 3; n++) await ask('cue_fire', { cue_id: cue?.id });
  await expect.poll(async () => (await ask<{ runs: number }>('retention')).runs).toBe(3);
  await page.keyboard.press('Control+k');
  await page.keyboard.type('what is kept');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/#\/settings\/retention$/);
  const section = page.locator('section').filter({ has: page.getByRole('heading', { name: 'What is kept', exact: true, level: 2 }) });
  await expect(section).toContainText('the store, with 3 runs');
  await expect(section).toContainText('the newest 5,000 runs of the last 365 days');
  await expect(section.getByRole('button', { name: 'Put away now' }), 'nothing would go').toBeDisabled();

  const size = page.getByTestId('limit-retention-keep_size_mb');
  await size.getByRole('textbox').fill('many');
  await page.keyboard.press('Enter');
  await expect(size.getByRole('alert')).toContainText('is no whole number');
  await expect(size.getByRole('textbox')).toHaveAttribute('aria-invalid', 'true');
  await page.keyboard.press('Escape');
  await expect(size.getByRole('textbox')).toHaveValue('');

  const runs = page.getByTestId('limit-retention-keep_runs');
  await runs.getByRole('textbox').fill('1');
  await page.keyboard.press('Enter');
  const strict = page.getByRole('dialog', { name: 'Keep the newest run alone?' });
  await expect(strict).toContainText('There are 3 runs: up to 2 of the oldest go.');
  for (const at of SIZES) {
    await page.setViewportSize(at);
    await look(page, 'keep-strict');
  }
  await strict.getByRole('button', { name: 'Cancel' }).click();
  expect(await kept(), 'nothing was set').toEqual([null, null, null]);
  await runs.getByRole('button', { name: 'Set retention.keep_runs' }).click();
  await strict.getByRole('button', { name: 'Set the limit' }).click();
  await expect(page.getByTestId('notice')).toContainText('retention.keep_runs is 1 now.');
  expect(await kept()).toEqual([null, 1, null]);
  await expect(page.getByTestId('retention-beyond')).toContainText('up to 2 runs');
  for (const at of SIZES) {
    await page.setViewportSize(at);
    await look(page, 'keep-past');
  }
  // What ended today stays, whatever the limit.
  await section.getByRole('button', { name: 'Put away now' }).click();
  await page.getByRole('dialog', { name: 'Put 2 runs away now?' }).getByRole('button', { name: 'Put them away' }).click();
  await expect(page.getByTestId('notice')).toContainText('Nothing was to be put away.');
  // More of the past needs no question.
  await runs.getByRole('textbox').fill('');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('notice')).toContainText('retention.keep_runs is no limit now.');
  expect(await kept()).toEqual([null, null, null]);
  await page.goto('#/settings/tower');
  await expect(page.getByTestId('set-backup-keep')).toBeVisible();
  await expect(page.getByTestId('set-retention-keep_runs'), 'it is changed in one place alone').toHaveCount(0);
});

test('a setting is changed, refused and taken back in its place', async ({ window: page, ask }) => {
  const value = async (name: string) => (await ask<Settings>('settings')).settings.find((one) => one.name === name)?.value;
  await page.goto('#/settings/tower');
  const keep = page.getByTestId('set-backup-keep');
  const field = keep.getByRole('textbox');
  await expect(field).toHaveValue('7');
  await expect(page.getByTestId('set-doors-desk')).toContainText('from the next start on');
  await field.fill('0');
  await page.keyboard.press('Enter');
  await expect(keep.getByRole('alert')).toContainText('Must be 1 to');
  await expect(field).toHaveAttribute('aria-invalid', 'true');
  expect(await value('backup.keep')).toBe('7');
  for (const size of SIZES) {
    await page.setViewportSize(size);
    await look(page, 'keep-settings');
  }
  await field.fill('30');
  await keep.getByRole('button', { name: 'Set backup.keep' }).click();
  await expect(page.getByTestId('notice')).toContainText('backup.keep is 30 now.');
  expect(await value('backup.keep')).toBe('30');
  await keep.getByRole('button', { name: 'backup.keep as by default' }).click();
  await expect(field).toHaveValue('7');
  expect(await value('backup.keep')).toBe('7');
});

test('lines of the crontab are looked at, watched first, and brought back to the byte', async ({ window: page, crontab }) => {
  const here = page.getByTestId('runs-here');
  await expect(here).toContainText('2 lines in your crontab');
  for (const size of SIZES) {
    await page.setViewportSize(size);
    await look(page, 'keep-firstrun');
  }
  await expect(here).toContainText('/usr/local/bin/backup.sh --full');
  await expect(here.getByRole('button', { name: 'Watch these 2' }), 'what comes first is what stands out').toHaveClass(/primary/);
  await expect(page.getByRole('button', { name: 'Start the demo fleet' })).not.toHaveClass(/primary/);
  await here.getByRole('button', { name: 'Watch these 2' }).click();
  const dialog = page.getByRole('dialog', { name: 'Adopt what runs here already' });
  await expect(dialog.getByRole('checkbox')).toHaveCount(2);
  await expect(dialog).toContainText('Cannot be a cue.');
  for (const size of SIZES) {
    await page.setViewportSize(size);
    await look(page, 'keep-adopt');
  }
  expect(await readFile(crontab, 'utf8')).toBe(CRONTAB);
  await dialog.getByRole('checkbox', { name: 'Adopt report' }).uncheck();
  await dialog.getByRole('button', { name: 'Watch 1' }).click();
  await expect(dialog).toContainText('1 adopted');
  expect((await readFile(crontab, 'utf8')).match(/ exec --cue /g)).toHaveLength(1);
  await dialog.getByRole('button', { name: 'Close' }).click();

  // Palette, cue, undo.
  await page.keyboard.press('ControlOrMeta+k');
  await page.keyboard.type('# backup');
  await page.keyboard.press('Enter');
  const adopted = page.getByTestId('adopted');
  await expect(adopted).toContainText('Adopted from your crontab');
  await look(page, 'keep-adopted');
  await adopted.getByRole('button', { name: 'Undo' }).click();
  const undo = page.getByRole('dialog', { name: 'Undo the adoption of backup' });
  await undo.getByRole('button', { name: 'Undo' }).click();
  await expect(here).toContainText('2 lines in your crontab');
  expect(await readFile(crontab, 'utf8')).toBe(CRONTAB);
});
