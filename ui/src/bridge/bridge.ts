//! The one door to the host: what can be asked, and how live changes arrive. No view knows which host answers.
import type { Commands, DeskError, DeskEvent } from '../wire';

export type { Commands };

export type Stop = () => void;

export interface Bridge {
  /** Asks one command. Rejects with a `Refusal` when the host says no or cannot be reached. */
  call<C extends keyof Commands>(command: C, request: Commands[C][0]): Promise<Commands[C][1]>;
  /**
   * Live changes after `fromSeq`, in order. `onGap` is called once, and nothing after it, when some were lost or the host went away:
   * fetch the board again and subscribe from its sequence number.
   */
  events(fromSeq: number, on: (event: DeskEvent) => void, onGap: () => void): Stop;
  /** The host asks to show a place (`#/run/ID`): a native notification or a line of the tray was clicked. */
  open?(on: (hash: string) => void): Stop;
  /** Stops the tower and ends the program, where that is the window's own. */
  quit?(): Promise<void>;
}

/** `unreachable`: no answer from the host. `session`: the browser's session is gone. The rest are the host's own codes. */
export class Refusal extends Error {
  readonly code: string;
  readonly field: string | null;

  constructor(error: DeskError) {
    super(error.message);
    this.name = 'Refusal';
    this.code = error.code;
    this.field = error.field;
  }
}

function isDeskError(value: unknown): value is DeskError {
  return typeof value === 'object' && value !== null && typeof (value as DeskError).code === 'string' && typeof (value as DeskError).message === 'string';
}

/** Whatever a host rejected with, as a `Refusal`. */
export function refusalFrom(value: unknown): Refusal {
  if (value instanceof Refusal) return value;
  if (isDeskError(value)) return new Refusal({ code: value.code, message: value.message, field: value.field ?? null });
  const detail = value instanceof Error ? value.message : String(value);
  return new Refusal({ code: 'unreachable', message: `The tower did not answer (${detail}).`, field: null });
}
