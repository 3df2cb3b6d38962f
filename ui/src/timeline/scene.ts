//! What the board shows at one moment, as the canvas is told it.
import type { BandView } from '../wire';
import type { LaneScene } from './brush';
import type { Ink } from './ink';
import type { PoolStep } from './pools';
import type { Row } from './rows';
import type { View } from './view';

export interface Scene {
  ink: Ink;
  view: View;
  zone: string;
  now_ms: number;
  width: number;
  /** Height of the visible part, and how far it is scrolled. */
  height: number;
  scroll: number;
  /** Those that are visible. */
  rows: readonly Row[];
  lane: (cueId: string) => LaneScene;
  /** How full a pool was, by its name. */
  pools: (name: string) => readonly PoolStep[];
  bands: readonly BandView[];
  /** Since when live runs have not got on, by their id. */
  stands: ReadonlyMap<string, number>;
  selectedCue: string | null;
  selectedSpot: string | null;
  /** Pointer in the plot, in pixels from its left edge. */
  hoverX: number | null;
  /** A range being selected on the axis. */
  range: readonly [number, number] | null;
}
