//! What this window remembers over restarts. A browser that keeps nothing still works.

/** What was kept under a name, as `read` understands it; `fallback` where nothing was, or nothing that makes sense. */
export function kept<T>(name: string, read: (text: string) => T | null, fallback: T): T {
  try {
    const text = localStorage.getItem(`ct-${name}`);
    return text === null ? fallback : (read(text) ?? fallback);
  } catch {
    return fallback;
  }
}

/** Null forgets it. */
export function keep(name: string, text: string | null): void {
  try {
    if (text === null) localStorage.removeItem(`ct-${name}`);
    else localStorage.setItem(`ct-${name}`, text);
  } catch {
    // Kept for this window only.
  }
}
