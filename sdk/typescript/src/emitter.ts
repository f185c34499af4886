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

export function createEmitter(logger: Pick<Logger, "error">): Emitter {
  /** Each handler with whether it is for one event only. */
  const all = new Map<string, Map<Handler, boolean | undefined>>();
  const remove: Emitter["remove"] = (event, handler) => {
    if (handler) all.get(event)?.delete(handler);
    else all.delete(event);
  };
  return {
    add(event, handler, once) {
      all.set(event, new Map<Handler, boolean | undefined>(all.get(event)).set(handler, once));
      return () => remove(event, handler);
    },
    remove,
    clear: () => all.clear(),
    fire(event, ...args) {
      for (const [handler, once] of new Map(all.get(event))) {
        if (once) remove(event, handler);
        try {
          handler(...(args as never[]));
        } catch (error) {
          logger.error(`${event} handler failed`, error);
        }
      }
    },
  };
}
