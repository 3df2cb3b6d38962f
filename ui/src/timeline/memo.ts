//! A lane's spots and pitch are made again only when its marks, predictions or bands changed, or a predicted instant has passed.
import type { BandView, Mark } from '../wire';
import { pitchOf, spotsOf, type Around, type Spot } from './spots';

export interface LaneInput {
  marks: readonly Mark[];
  dues: readonly number[];
  /** Predictions before this instant do not hold: the cue is paused. */
  from_ms: number;
  around: Around;
}

interface Made {
  input: LaneInput;
  bands: readonly BandView[];
  until_ms: number;
  spots: readonly Spot[];
}

export class Spots {
  #made = new Map<string, Made>();

  of(cueId: string, input: LaneInput, now_ms: number): readonly Spot[] {
    const old = this.#made.get(cueId);
    const { marks, dues, from_ms, around } = input;
    if (old && old.input.marks === marks && old.input.dues === dues && old.bands === around.bands && old.input.around.bandsFrom_ms === around.bandsFrom_ms && old.input.from_ms === from_ms && now_ms < old.until_ms) return old.spots;
    const armed = from_ms === -Infinity ? dues : dues.filter((due) => due >= from_ms);
    const spots = spotsOf(cueId, marks, armed, now_ms, around);
    this.#made.set(cueId, { input, bands: around.bands, until_ms: dues.find((due) => due > now_ms) ?? Infinity, spots });
    return spots;
  }
}

const pitches = new WeakMap<readonly Spot[], number>();

/** Its usual distance between due times, found once for each list. */
export function pitchKept(spots: readonly Spot[]): number {
  let pitch = pitches.get(spots);
  if (pitch === undefined) {
    pitch = pitchOf(spots);
    pitches.set(spots, pitch);
  }
  return pitch;
}
