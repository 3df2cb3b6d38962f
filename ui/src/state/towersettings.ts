//! The tower's settings as they are shown: in their sections, each as a switch, a number or words. Pure.
import * as keepText from '../text/keep';
import type { SettingView } from '../wire';

export type SettingKind = 'switch' | 'number' | 'words';

export interface SettingGroup {
  key: string;
  title: string;
  settings: SettingView[];
}

const TITLES: Record<string, string> = { doors: keepText.doors, backup: keepText.backups, log: keepText.log, metrics: keepText.metrics };

/** By what stands before the point of their names, in the tower's order. A section that this window does not know is there by its own name. */
export function grouped(settings: readonly SettingView[]): SettingGroup[] {
  const groups = new Map<string, SettingGroup>();
  for (const setting of settings) {
    const key = setting.name.split('.')[0] ?? setting.name;
    const group = groups.get(key) ?? { key, title: TITLES[key] ?? key, settings: [] };
    group.settings.push(setting);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** By its default: what holds now may be anything that the file said. */
export function kindOf({ default: usual }: Pick<SettingView, 'default'>): SettingKind {
  if (usual === 'true' || usual === 'false') return 'switch';
  return /^\d+$/.test(usual) ? 'number' : 'words';
}

export function defaultWords({ default: usual }: Pick<SettingView, 'default'>): string {
  return usual === '' ? keepText.emptyByDefault : keepText.byDefault(usual);
}

export function isUsual(setting: Pick<SettingView, 'default' | 'value'>): boolean {
  return setting.value === setting.default;
}

/** "backup.keep: must be 1 to 1000": beside its field the name is known. */
export function wrongWords(name: string, message: string): string {
  const words = message.startsWith(`${name}: `) ? message.slice(name.length + 2) : message;
  return words.charAt(0).toUpperCase() + words.slice(1) + (/[.!?)]$/.test(words) ? '' : '.');
}

/** What the owner is told once it is set. */
export function setWords({ name, value, at_start }: SettingView): string {
  const shown = value === '' ? keepText.empty : value;
  return at_start ? keepText.isSetFromTheNextStart(name, shown) : keepText.isSet(name, shown);
}
