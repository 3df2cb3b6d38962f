//! Whether this machine has a network, as the system says. The page comes from this machine, so that it says so of the tower too; elsewhere it is not asked.

const near = typeof location !== 'undefined' && (/^(127\.|localhost$|\[::1\]$|tauri\.localhost$)/.test(location.hostname) || location.protocol === 'tauri:');
let since_ms = $state<number | null>(near && navigator.onLine === false ? Date.now() : null);

if (near) {
  addEventListener('offline', () => (since_ms = Date.now()));
  addEventListener('online', () => (since_ms = null));
}

export const network = {
  /** Null: there is one. */
  get offSince_ms(): number | null {
    return since_ms;
  }
};
