//! What a fire by hand sends: the text as JSON, laid over the cue's own payload or in its place. Pure.
import * as boardText from '../text/board';

export type Payload =
  /** `send` null: the cue's own payload as it is. `gets`: what the run is handed, as JSON. */
  | { send: unknown; gets: string }
  | { wrong: string };

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function readPayload(text: string, merge: boolean, own: unknown): Payload {
  const base = isObject(own) ? own : {};
  const shown = (value: unknown) => JSON.stringify(value, null, 2);
  if (text.trim() === '') return merge ? { send: null, gets: shown(base) } : { send: {}, gets: '{}' };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { wrong: boardText.thisIsNotJsonYet };
  }
  if (!isObject(value)) return { wrong: boardText.aPayloadIsAnObject };
  return { send: value, gets: shown(merge ? { ...base, ...value } : value) };
}
