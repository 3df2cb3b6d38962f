//! Picks the host once: the desktop window, or a browser on `cuetowerctl serve`.
import { isTauri } from '@tauri-apps/api/core';
import type { Bridge } from './bridge';
import { httpBridge } from './http';
import { tauriBridge } from './tauri';

export { Refusal, refusalFrom } from './bridge';
export type { Bridge, Commands, Desktop, DesktopChange, DesktopSettings, Stop } from './bridge';

export const bridge: Bridge = isTauri() ? tauriBridge() : httpBridge();
