//! What somebody copied from the page, pasted into a shell or a file and run as it is.
import { spawn } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, resolve } from 'node:path';
import { expect, type Page } from '@playwright/test';
import { BINARIES, TARGET } from './places';

const ROOT = resolve(TARGET, '..');

export interface Ended {
  code: number | null;
  said: string;
}

/** Runs `argv` with this on its standard input. Nothing of the test's own proxy or key is in its way. */
async function run(argv: readonly string[], input: string, env: Record<string, string> = {}): Promise<Ended> {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, {
    env: { PATH: `${BINARIES}${delimiter}${process.env['PATH'] ?? ''}`, HOME: process.env['HOME'] ?? '/', LANG: 'C.UTF-8', PYTHONDONTWRITEBYTECODE: '1', ...env },
    stdio: ['pipe', 'pipe', 'pipe']
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stdin.end(input);
  const code = await new Promise<number | null>((done, failed) => {
    child.once('error', failed);
    child.once('close', done);
  });
  return { code, said };
}

/** In a shell. What goes wrong there fails the test. */
export async function inShell(lines: string, env: Record<string, string> = {}): Promise<string> {
  const { code, said } = await run(['bash', '-eu'], lines, env);
  expect(code, `${lines}\n${said}`).toBe(0);
  return said;
}

/** As a Python program. */
export async function inPython(lines: string, python = 'python3', env: Record<string, string> = {}): Promise<string> {
  const { code, said } = await run([python, '-'], lines, env);
  expect(code, `${lines}\n${said}`).toBe(0);
  return said;
}

/** Where the package `cuetower` is, as `pip install ./sdk/python` would put it. */
export const SDK = { PYTHONPATH: resolve(ROOT, 'sdk/python/src') };

/** The Python of an environment with these packages (a requirements file below `tests`), fetched once. */
export async function pythonWith(pins: string): Promise<string> {
  const list = resolve(ROOT, 'tests', pins);
  const wanted = await readFile(list, 'utf8');
  const folder = resolve(TARGET, 'clients-ui', (wanted.split('\n')[0] ?? 'package').trim().replace('==', '-'));
  const [python, ready] = [`${folder}/bin/python`, `${folder}/.ready`];
  if ((await readFile(ready, 'utf8').catch(() => '')) === wanted) return python;
  await rm(folder, { recursive: true, force: true });
  await mkdir(resolve(folder, '..'), { recursive: true });
  await inShell(`${process.env['CUETOWER_PYTHON'] ?? 'python3'} -m venv ${folder}`);
  await inShell(`${python} -m pip --disable-pip-version-check --no-input install --quiet --no-deps --only-binary :all: --requirement ${list}`, Object.fromEntries(Object.entries(process.env).filter(([name]) => /proxy|^PIP_|_CERT|_BUNDLE/i.test(name)) as [string, string][]));
  await writeFile(ready, wanted);
  return python;
}

/** What is in the clipboard once this is pressed. */
export async function copied(page: Page, press: () => Promise<void>): Promise<string> {
  await page.evaluate(() => navigator.clipboard.writeText(''));
  await press();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).not.toBe('');
  return await page.evaluate(() => navigator.clipboard.readText());
}
