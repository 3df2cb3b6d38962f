//! What is on the screen, read from the memory of Xvfb itself: looking costs a copy and no program.
import { closeSync, openSync, readSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Every so many pixels one is looked at, along and down. */
const STEP = 4;
const EVERY_MS = 8;
/** So much of what is drawn in the end must be there. */
const DRAWN = 0.9;

export class Screen {
  #file;
  #head;
  #span;

  /** `path`: the file that Xvfb writes with `-fbdir`, in the form of xwd. */
  constructor(path, width, height) {
    const header = readFileSync(path).subarray(0, 100);
    const field = (number) => header.readUInt32BE(number * 4);
    // The size of its header, and of its table of colours.
    this.#head = field(0) + field(19) * 12;
    this.#span = field(12);
    this.#file = openSync(path, 'r');
    this.width = width;
    this.height = height;
  }

  close() {
    closeSync(this.#file);
  }

  /** Some of the pixels of this place. */
  look({ x, y, width, height }) {
    const rows = Math.floor(height / STEP);
    const columns = Math.floor(width / STEP);
    const seen = new Uint32Array(rows * columns);
    const line = Buffer.alloc(width * 4);
    for (let row = 0; row < rows; row++) {
      readSync(this.#file, line, 0, line.length, this.#head + (y + row * STEP) * this.#span + x * 4);
      for (let column = 0; column < columns; column++) seen[row * columns + column] = line.readUInt32LE(column * STEP * 4) & 0xffffff;
    }
    return seen;
  }

  /**
   * Looks until `over()`, and gives the milliseconds after `begun_ms` at which nine tenths of what is drawn in the end was there:
   * of the pixels that are not of the ground, and so the same for every page.
   */
  async drawn_ms(place, begun_ms, over) {
    const looks = [];
    let last;
    while (!over()) {
      const seen = this.look(place);
      if (!last || !same(seen, last)) {
        looks.push({ at_ms: performance.now() - begun_ms, seen });
        last = seen;
      }
      await sleep(EVERY_MS);
    }
    const ground = mostOf(last);
    const drawn = [...last.keys()].filter((pixel) => last[pixel] !== ground);
    const first = looks.find(({ seen }) => drawn.filter((pixel) => seen[pixel] === last[pixel]).length >= DRAWN * drawn.length);
    return { at_ms: first.at_ms, drawn: drawn.length / last.length };
  }
}

function same(one, other) {
  return Buffer.compare(Buffer.from(one.buffer), Buffer.from(other.buffer)) === 0;
}

function mostOf(pixels) {
  const counts = new Map();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
  return [...counts].sort(([, one], [, other]) => other - one)[0][0];
}
