//! Which question about a cue is open: until when it pauses, or what it is fired with. One at a time, wherever it was asked for.

export interface Asking {
  what: 'pause' | 'fire';
  cueId: string;
}

let open = $state.raw<Asking | null>(null);

export const asking = {
  get open(): Asking | null {
    return open;
  },
  ask(what: Asking['what'], cueId: string): void {
    open = { what, cueId };
  },
  close(): void {
    open = null;
  }
};
