//! Names in two halves: like names differ in what stays.
import { describe, expect, it } from 'vitest';
import { halves } from './halves';

describe('a long name', () => {
  it('is cut before its last word where that is neither too short nor too long', () => {
    expect(halves('remind-late-payers')).toEqual(['remind-late', '-payers']);
    expect(halves('embed-documents')).toEqual(['embed', '-documents']);
  });
  it('else keeps its last letters', () => {
    expect(halves('nightly-report-eu-1')).toEqual(['nightly-report', '-eu-1']);
    expect(halves('internationalisation')).toEqual(['internationali', 'sation']);
  });
  it('differs from its like in what stays', () => expect(halves('sync-customers-eu-west')[1]).not.toBe(halves('sync-customers-eu-east')[1]));
  it('is whole again when both are put together, whatever letters it has', () => {
    for (const name of ['a', 'score-new-leads', 'müll-abfuhr-übermorgen', '🗝️-schlüssel-🗝🗝🗝🗝🗝🗝', 'ten-lett-s']) expect(halves(name).join('')).toBe(name);
  });
  it('that is short is not cut', () => expect(halves('ten-lett-s')).toEqual(['ten-lett-s', '']));
});
