// Before the first paint: the fonts of the system (src/tokens.css), the owner's own light or dark, and their size of everything. The window itself keeps them (src/state/theme.svelte.ts, scale.svelte.ts).
try {
  const root = document.documentElement;
  if (navigator.platform.startsWith('Linux')) root.setAttribute('data-os', 'linux');
  // The window's own word (src-tauri/src/typeface.rs).
  if (window.__CUETOWER_TYPEFACE__) root.setAttribute('data-typeface', window.__CUETOWER_TYPEFACE__);
  const [theme, scale] = [localStorage.getItem('ct-theme'), Number(localStorage.getItem('ct-scale'))];
  if (theme === 'light' || theme === 'dark') root.setAttribute('data-theme', theme);
  if (scale >= 0.8 && scale <= 2) root.style.setProperty('--ui-scale', String(scale));
} catch {
  // A browser that keeps nothing.
}
