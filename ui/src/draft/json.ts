//! Reading JSON that may be anything. Pure.

export type Json = Record<string, unknown>;

/** An object, and no list. */
export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object at a key; an empty one when there is none. */
export function objectAt(from: unknown, key: string): Json {
  const value = typeof from === 'object' && from !== null ? (from as Json)[key] : undefined;
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

export function text(value: unknown, otherwise = ''): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : otherwise;
}

export function one<T extends string>(value: unknown, of: readonly T[], otherwise: T): T {
  return of.includes(value as T) ? (value as T) : otherwise;
}

/** What an object holds besides these fields, and besides those that are null. */
export function without(from: Json, fields: readonly string[]): Json {
  return Object.fromEntries(Object.entries(from).filter(([name, value]) => !fields.includes(name) && value !== null));
}
