//! Where things are: the repository, the built programs, the pictures.
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../../..');
export const BINARIES = process.env.CUETOWER_BIN_DIR ?? join(ROOT, 'target/debug');
export const CUETOWER = join(BINARIES, 'cuetower');
export const CUETOWERCTL = join(BINARIES, 'cuetowerctl');
const installed = join(process.env.CARGO_HOME ?? join(homedir(), '.cargo'), 'bin/tauri-driver');
export const TAURI_DRIVER = existsSync(installed) ? installed : 'tauri-driver';
export const SCREENSHOTS = join(ROOT, 'target/screenshots/desktop');
