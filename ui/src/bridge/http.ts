//! The bridge in a browser: `cuetowerctl serve` on the same origin, with a session cookie.
import * as frameText from '../text/frame';
import type { DeskEvent } from '../wire';
import { Refusal, refusalFrom, type Bridge } from './bridge';

export function httpBridge(): Bridge {
  return {
    async call(command, request) {
      let answer: Response;
      try {
        answer = await fetch(`/rpc/${command}`, {
          method: 'POST',
          credentials: 'same-origin',
          headers: { 'Content-Type': 'application/json', 'X-Cuetower-Desk': '1' },
          body: JSON.stringify(request)
        });
      } catch {
        // Browsers tell why in words of their own ("Failed to fetch"), which say no more than this.
        throw new Refusal({ code: 'unreachable', message: frameText.theTowerCannotBeReached, field: null });
      }
      if (answer.status === 401) throw new Refusal({ code: 'session', message: frameText.thisLinkHasBeenUsed, field: null });
      const body: unknown = await answer.json().catch(() => null);
      if (!answer.ok) throw refusalFrom(body ?? new Error(`status ${answer.status}`));
      return body as never;
    },

    events(fromSeq, on, onGap) {
      const source = new EventSource(`/events?from=${fromSeq}`);
      let live = true;
      const stop = () => {
        live = false;
        source.close();
      };
      const gap = () => {
        if (!live) return;
        stop();
        onGap();
      };
      source.addEventListener('change', (message: MessageEvent<string>) => {
        if (live) on(JSON.parse(message.data) as DeskEvent);
      });
      source.addEventListener('gap', gap);
      // A browser would reconnect by itself and could miss changes in between; the owner of the subscription refetches instead.
      source.addEventListener('error', gap);
      return stop;
    },

    save(name, mime, text) {
      const address = URL.createObjectURL(new Blob([text], { type: mime }));
      const link = document.createElement('a');
      link.href = address;
      link.download = name;
      link.click();
      // The browser has taken hold of it once the click is through.
      setTimeout(() => URL.revokeObjectURL(address), 0);
      return Promise.resolve(name);
    }
  };
}
