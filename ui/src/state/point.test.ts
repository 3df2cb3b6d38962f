//! The pointer in an element's own pixels.
import { describe, expect, it } from 'vitest';
import { pointOf } from './point';

describe('a point', () => {
  const at = { clientX: 300, clientY: 240 };
  it('is what it is at the usual size', () => expect(pointOf({ left: 100, top: 40, width: 500 }, 500, at, 1)).toEqual({ x: 200, y: 200 }));
  it('is in own pixels where the engine tells places in those of the screen', () => expect(pointOf({ left: 200, top: 80, width: 1000 }, 500, at, 2)).toEqual({ x: 50, y: 80 }));
  it('is the same where the engine tells places in own pixels', () => expect(pointOf({ left: 100, top: 40, width: 500 }, 500, at, 2)).toEqual({ x: 50, y: 80 }));
});
