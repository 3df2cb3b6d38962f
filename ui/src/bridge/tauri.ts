//! The bridge inside the desktop window: Tauri's own IPC.
import { Channel, invoke } from '@tauri-apps/api/core';
import type { DeskEvent } from '../wire';
import { refusalFrom, type Bridge, type DesktopSettings } from './bridge';

type Message = { type: 'event'; event: DeskEvent } | { type: 'open'; hash: string } | { type: 'gap' };

async function ask<T>(command: string, more: Record<string, unknown> = {}): Promise<T> {
  try {
    return await invoke<T>(command, more);
  } catch (error) {
    throw refusalFrom(error);
  }
}

export function tauriBridge(): Bridge {
  let open: ((hash: string) => void) | undefined;
  // A link may come before the window is there to follow it; the newest counts.
  let waiting: string | undefined;
  return {
    call: (command, request) => ask('rpc', { command, request }),

    events(fromSeq, on, onGap) {
      let live = true;
      const gap = () => {
        if (!live) return;
        live = false;
        onGap();
      };
      const channel = new Channel<Message>();
      channel.onmessage = (message) => {
        if (!live) return;
        if (message.type === 'event') on(message.event);
        else if (message.type !== 'open') gap();
        else if (open) open(message.hash);
        else waiting = message.hash;
      };
      invoke('events', { from: fromSeq, channel }).catch(gap);
      return () => {
        live = false;
      };
    },

    open(on) {
      open = on;
      if (waiting !== undefined) on(waiting);
      waiting = undefined;
      return () => {
        open = undefined;
      };
    },

    quit: () => invoke('quit'),

    desktop: {
      get: () => ask<DesktopSettings>('desktop_settings'),
      set: (change) => ask<DesktopSettings>('desktop_set', { change }),
      wear: (theme) => ask('desktop_wear', { theme })
    },

    save: (name, _mime, text) => ask<string | null>('save_file', { name, text })
  };
}
