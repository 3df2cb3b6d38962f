//! Whether the palette is open, and with what typed already.

let text = $state<string | null>(null);

export const palette = {
  /** What it opens with; null: it is closed. */
  get text(): string | null {
    return text;
  },
  open(typed: string): void {
    text = typed;
  },
  close(): void {
    text = null;
  }
};
