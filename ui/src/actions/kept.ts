//! Keys that were pressed while a room was being fetched: kept, and given again once it is there.

/** More than this nobody means. */
const MOST = 16;
/** Older than this they are not meant any more. */
const MEANT_MS = 5000;

interface Kept {
  key: KeyboardEventInit;
  at_ms: number;
}

export class KeptKeys {
  #waits = 0;
  #kept: Kept[] = [];
  #give: (key: KeyboardEventInit) => void;
  #settled: () => Promise<void>;
  #clock: () => number;

  /** `give`: does as if the key were pressed now. `settled`: when what it changed is on the page. */
  constructor(give: (key: KeyboardEventInit) => void, settled: () => Promise<void>, clock: () => number = () => performance.now()) {
    this.#give = give;
    this.#settled = settled;
    this.#clock = clock;
  }

  /** True while somebody waits for a room. */
  get waits(): boolean {
    return this.#waits > 0;
  }

  /** A room is being fetched. The answer ends that: `there`, or it did not come. */
  wait(): (there: boolean) => void {
    this.#waits++;
    let over = false;
    return (there) => {
      if (over) return;
      over = true;
      this.#waits--;
      if (!there) this.#kept = this.#waits === 0 ? [] : this.#kept;
      else void this.#giveAll();
    };
  }

  keep({ key, code, shiftKey, ctrlKey, altKey, metaKey }: KeyboardEventInit & { key: string }): void {
    if (this.#kept.length < MOST) this.#kept.push({ key: { key, ...(code === undefined ? {} : { code }), shiftKey: shiftKey ?? false, ctrlKey: ctrlKey ?? false, altKey: altKey ?? false, metaKey: metaKey ?? false, bubbles: true, cancelable: true }, at_ms: this.#clock() });
  }

  /** One after the other: a key may lead on to another room, which the rest then wait for. */
  async #giveAll(): Promise<void> {
    await this.#settled();
    while (!this.waits) {
      const next = this.#kept.shift();
      if (next === undefined) return;
      if (this.#clock() - next.at_ms > MEANT_MS) continue;
      this.#give(next.key);
      await this.#settled();
    }
  }
}
