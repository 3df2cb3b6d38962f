//! The one door to the host: what can be asked, and how live changes arrive. No view knows which host answers.
import * as frameText from '../text/frame';
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
  /** What this machine's desktop does for the tower. Absent in a browser. */
  desktop?: Desktop;
  /**
   * Gives the owner a file of this name: in the window where they choose, in a browser as a download. The path, or the name where
   * the path is not known; null if they thought better of it. Rejects with a `Refusal` if it cannot be written.
   */
  save?(name: string, mime: string, text: string): Promise<string | null>;
}

export interface Desktop {
  get(): Promise<DesktopSettings>;
  /** Changes what is given and nothing else; gives what is true afterwards. Rejects with a `Refusal` that names the field. */
  set(change: DesktopChange): Promise<DesktopSettings>;
  /** The page wears this theme: the edge of the window follows, and the next start does not flash. */
  wear(theme: 'system' | 'light' | 'dark'): Promise<void>;
}

/** As the system has it at this moment, not as it was wished. `why`: a sentence for the owner where it is not possible. */
export interface DesktopSettings {
  /** Starts hidden after a login. */
  start_at_login: { on: boolean; possible: boolean; why: string | null };
  /** Keys that work in every program, "Ctrl+Alt+C"; null: none. */
  hotkeys: { show_window: string | null; next_gate: string | null; possible: boolean; why: string | null };
  /** Whether the system opens `cuetower://` links with this tower. */
  links: { registered: boolean; possible: boolean; why: string | null };
}

/** A hot-key of null is taken away. */
export interface DesktopChange {
  start_at_login?: boolean;
  hotkeys?: { show_window?: string | null; next_gate?: string | null };
  links?: boolean;
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
  return new Refusal({ code: 'unreachable', message: frameText.theTowerDidNotAnswer(detail), field: null });
}
