//! The bridge inside the desktop window: Tauri's own IPC.
import { Channel, invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import type { DeskEvent } from '../wire';
import { refusalFrom, type Bridge } from './bridge';

type Message = { type: 'event'; event: DeskEvent } | { type: 'gap' };

export function tauriBridge(): Bridge {
  return {
    async call(command, request) {
      try {
        return await invoke('rpc', { command, request });
      } catch (error) {
        throw refusalFrom(error);
      }
    },

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
        else gap();
      };
      invoke('events', { from: fromSeq, channel }).catch(gap);
      return () => {
        live = false;
      };
    },

    openRun(on) {
      const unlisten = listen<{ run_id: string }>('open-run', (event) => on(event.payload.run_id));
      return () => {
        void unlisten.then((stop) => stop());
      };
    },

    quit: () => invoke('quit')
  };
}
