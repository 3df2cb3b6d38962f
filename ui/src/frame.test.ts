//! What is painted before any script has run.
import { describe, expect, it } from 'vitest';
import { frame } from '../frame';
import { BOTTOM, TOP } from './rail';

describe('the frame in index.html', () => {
  const markup = frame();

  it('has every room of the rail, in its order', () => {
    const links = [...markup.matchAll(/<a href="([^"]+)"><svg.*?<\/svg>([^<]+)<\/a>/g)].map(([, hash, word]) => [hash, word]);
    expect(links).toEqual([...TOP, ...BOTTOM].map(({ hash, word }) => [hash, word]));
  });

  // Tauri gives an inline style a nonce, and then no other inline style counts.
  it('asks for nothing that the content security policy would have to allow', () => expect(markup).not.toMatch(/<style|<script|style=|\son\w+=/));
});
