// Handlers by event name. A handler that throws disturbs neither the others nor whoever fires the event.
import type { Logger } from "./config.js";

// A handler's parameters are checked where it is added, by the typed methods around this.
type Handler = (...args: never[]) => void;

export interface Emitter {
  /** A handler added twice for one event is called once. The returned function takes it off. */
  add(event: string, handler: Handler, once?: boolean): () => void;
  /** Takes a handler off, or all of an event. */
  remove(event: string, handler?: Handler): void;
  clear(): void;
  fire(event: string, ...args: unknown[]): void;
}

export function createEmitter(logger: () => Logger | undefined): Emitter {
  const all = new Map<string, Map<Handler, Handler>>();
  const remove: Emitter["remove"] = (event, handler) => {
    if (handler) all.get(event)?.delete(handler);
    else all.delete(event);
  };
  return {
    add(event, handler, once) {
      const off = (): void => remove(event, handler);
      const handlers = all.get(event) ?? new Map<Handler, Handler>();
      all.set(event, handlers.set(handler, once ? (...args) => (off(), handler(...args)) : handler));
      return off;
    },
    remove,
    clear: () => all.clear(),
    fire(event, ...args) {
      for (const run of [...(all.get(event)?.values() ?? [])]) {
        try {
          run(...(args as never[]));
        } catch (error) {
          logger()?.error(`A handler of '${event}' threw`, error);
        }
      }
    },
  };
}
