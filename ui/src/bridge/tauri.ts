//! The bridge inside the desktop window: Tauri's own IPC.
import { Channel, invoke } from '@tauri-apps/api/core';
import type { DeskEvent } from '../wire';
import { refusalFrom, type Bridge } from './bridge';

type Message = { type: 'event'; event: DeskEvent } | { type: 'open'; hash: string } | { type: 'gap' };

export function tauriBridge(): Bridge {
  let open: ((hash: string) => void) | undefined;
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
        else if (message.type === 'open') open?.(message.hash);
        else gap();
      };
      invoke('events', { from: fromSeq, channel }).catch(gap);
      return () => {
        live = false;
      };
    },

    open(on) {
      open = on;
      return () => {
        open = undefined;
      };
    },

    quit: () => invoke('quit')
  };
}
