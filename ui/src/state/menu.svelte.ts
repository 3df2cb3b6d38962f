//! The one menu that may be open: what it offers, and what it belongs to.
import type { ActionId } from '../actions/list';
import type { IconName } from '../glyphs';

export interface MenuItem {
  text: string;
  run: () => void;
  icon?: IconName;
  /** The key of this action is shown beside it. */
  action?: ActionId;
  danger?: boolean;
  /** Why it cannot be chosen now. */
  cannot?: string | null;
  /** A line above it. */
  apart?: boolean;
}

export interface OpenMenu {
  label: string;
  /** It opens below this, which gets the focus back. */
  anchor: HTMLElement;
  items: readonly MenuItem[];
  align?: 'start' | 'end';
}

let open = $state.raw<OpenMenu | null>(null);

export const menus = {
  get open(): OpenMenu | null {
    return open;
  },
  show(menu: OpenMenu): void {
    open = menu;
  },
  close(): void {
    open = null;
  }
};
