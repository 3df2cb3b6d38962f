//! Names in two halves: like names differ in what stays.
import { describe, expect, it } from 'vitest';
import { halves, middled } from './halves';

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

describe('a name where there is no room for it', () => {
  const in10 = (name: string, letters: number) => middled(name, letters * 10, (text) => [...text].length * 10);
  it.each([['remind-late-payers', 18, 'remind-late-payers'], ['remind-late-payers', 17, 'remind-la…-payers'], ['remind-late-payers', 15, 'remind…-payers'], ['remind-late-payers', 14, 'remind…-payers'], ['embed-documents', 14, 'emb…-documents']])('%s in %i letters is %s', (name, letters, cut) =>
    expect(in10(name, letters)).toBe(cut)
  );
  it('is never wider than its room, as long as its tail fits', () => {
    for (let letters = 8; letters < 20; letters++) expect([...in10('remind-late-payers', letters)].length).toBeLessThanOrEqual(letters);
  });
  it('keeps its tail even where that has no room', () => expect(in10('remind-late-payers', 3)).toBe('…-payers'));
});
