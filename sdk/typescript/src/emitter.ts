// Handlers by event name. A handler that throws disturbs neither the others nor whoever fires the event.

// A handler's parameters are checked where it is added, by the typed methods around this class.
type Handler = (...args: never[]) => void;

export class Emitter {
  readonly #handlers = new Map<string, Map<Handler, Handler>>();
  readonly #report: (message: string, error: unknown) => void;

  constructor(report: (message: string, error: unknown) => void) {
    this.#report = report;
  }

  /** A handler added twice for one event is called once. */
  add(event: string, handler: Handler, once?: boolean): () => void {
    const remove = (): void => this.remove(event, handler);
    const handlers = this.#handlers.get(event) ?? new Map<Handler, Handler>();
    this.#handlers.set(event, handlers.set(handler, once ? (...args) => (remove(), handler(...args)) : handler));
    return remove;
  }

  remove(event: string, handler?: Handler): void {
    if (handler) this.#handlers.get(event)?.delete(handler);
    else this.#handlers.delete(event);
  }

  clear(): void {
    this.#handlers.clear();
  }

  fire(event: string, ...args: unknown[]): void {
    for (const run of [...(this.#handlers.get(event)?.values() ?? [])]) {
      try {
        run(...(args as never[]));
      } catch (error) {
        this.#report(`A handler of '${event}' threw`, error);
      }
    }
  }
}
