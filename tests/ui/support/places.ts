//! Where things are, seen from this folder.
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));

/** The build's folder; what the tests leave behind goes below it. */
export const TARGET = process.env['CARGO_TARGET_DIR'] ?? resolve(HERE, '../../../target');
export const SCREENSHOTS = `${TARGET}/screenshots`;
/** Of the programs under test. */
export const BINARIES = process.env['CUETOWER_BIN_DIR'] ?? `${TARGET}/debug`;
