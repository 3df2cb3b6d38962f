//! The frame of the window as plain markup in index.html: strip, rail and ground are there with the first paint, before any script has run,
//! and the window puts its own in their place, which look the same. And what the window needs is named there, so that it is fetched at once
//! and not when the first script asks for it.
import type { HtmlTagDescriptor, Plugin } from 'vite';
import { ICONS, LOGO, type IconName } from './src/glyphs.ts';
import { BOTTOM, TOP, type RailRoom } from './src/rail.ts';
import { cuetowerGoToBoard, main } from './src/text/frame.ts';

const icon = (name: IconName) =>
  `<svg class="i" width="18" height="18" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.4" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="${ICONS[name]}"/></svg>`;
const link = ({ hash, icon: name, word }: RailRoom) => `<a href="${hash}">${icon(name)}${word}</a>`;
const links = (rooms: readonly RailRoom[]) => rooms.map(link).join('');

export function frame(): string {
  const logo = `<svg width="22" height="22" viewBox="0 0 22 22" aria-hidden="true">${LOGO.map((d) => `<path d="${d}" fill="var(--text-1)"/>`).join('')}</svg>`;
  return (
    `<div class="app"><header class="strip"><a class="logo" href="#/board" aria-label="${cuetowerGoToBoard}">${logo}</a></header>` +
    `<nav class="rail" aria-label="${main}">${links(TOP)}<span class="sp"></span>${links(BOTTOM)}</nav><main class="main"><h1 class="sr">Cuetower</h1></main></div>`
  );
}

/** No module, so that nothing is painted before it (ui/public/early.js). */
const EARLY: HtmlTagDescriptor = { tag: 'script', attrs: { src: './early.js' }, injectTo: 'head-prepend' };

/** The window's own files. */
function named(files: readonly { fileName: string; name?: string; css: readonly string[] }[]): HtmlTagDescriptor[] {
  const window = files.find((one) => one.name === 'window');
  if (window === undefined) throw new Error('There is no file of the window to be fetched early.');
  const styles = window.css.map((file): HtmlTagDescriptor => ({ tag: 'link', attrs: { rel: 'stylesheet', crossorigin: true, href: `./${file}` }, injectTo: 'head' }));
  return [{ tag: 'link', attrs: { rel: 'modulepreload', crossorigin: true, href: `./${window.fileName}` }, injectTo: 'head' }, ...styles];
}

export function framed(): Plugin {
  return {
    name: 'framed',
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle }) {
        const filled = html.replace('<div id="app"></div>', () => `<div id="app">${frame()}</div>`);
        if (filled === html) throw new Error('index.html has no empty #app to draw the frame in.');
        const chunks = Object.values(bundle ?? {}).filter((one) => one.type === 'chunk');
        const files = chunks.map((one) => ({ fileName: one.fileName, name: one.name, css: [...(one.viteMetadata?.importedCss ?? [])] }));
        return { html: filled, tags: [EARLY, ...(bundle === undefined ? [] : named(files))] };
      }
    }
  };
}
