// Part of a store's snapshot as a hook: a component renders again only when its part is another.
import { useRef, useSyncExternalStore } from "react";

export interface Store<T> {
  subscribe(subscriber: () => void): () => void;
  snapshot(): T;
}

export type Equal<T> = (one: T, other: T) => boolean;

interface Seen<S, T> {
  snapshot: S;
  select: (snapshot: S) => T;
  value: T;
}

/** What `select` makes of the snapshot; the value before, as long as the new one equals it. */
export function useSelected<S, T>(store: Store<S>, select: (snapshot: S) => T, equal: Equal<T>, onServer: S): T {
  const seen = useRef<Seen<S, T>>(undefined);
  const part = (snapshot: S): T => {
    const before = seen.current;
    if (before && before.snapshot === snapshot && before.select === select) return before.value;
    const fresh = select(snapshot);
    const value = before && equal(before.value, fresh) ? before.value : fresh;
    seen.current = { snapshot, select, value };
    return value;
  };
  return useSyncExternalStore(
    store.subscribe,
    () => part(store.snapshot()),
    () => part(onServer),
  );
}

/** Equal themselves, or lists, maps or plain objects whose parts are equal one level deep. */
export function shallow<T>(one: T, other: T): boolean {
  if (Object.is(one, other)) return true;
  if (one instanceof Map && other instanceof Map) return sameEntries(one, other);
  if (Array.isArray(one) !== Array.isArray(other) || !isPlain(one) || !isPlain(other)) return false;
  return sameEntries(new Map(Object.entries(one)), new Map(Object.entries(other)));
}

function sameEntries(one: Map<unknown, unknown>, other: Map<unknown, unknown>): boolean {
  return one.size === other.size && [...one].every(([key, value]) => other.has(key) && Object.is(value, other.get(key)));
}

function isPlain(value: unknown): value is object {
  return Array.isArray(value) || (value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype);
}
