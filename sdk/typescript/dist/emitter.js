// Handlers by event name. A handler that throws disturbs neither the others nor whoever fires the event.
export class Emitter {
    #handlers = new Map();
    #report;
    constructor(report) {
        this.#report = report;
    }
    /** A handler added twice for one event is called once. */
    add(event, handler, once = false) {
        const handlers = this.#handlers.get(event) ?? new Map();
        this.#handlers.set(event, handlers);
        const run = once ? (...args) => (this.remove(event, handler), handler(...args)) : handler;
        handlers.set(handler, run);
        return () => {
            if (handlers.get(handler) === run)
                this.remove(event, handler);
        };
    }
    remove(event, handler) {
        const handlers = this.#handlers.get(event);
        if (handler)
            handlers?.delete(handler);
        if (!handler || !handlers?.size)
            this.#handlers.delete(event);
    }
    clear() {
        this.#handlers.clear();
    }
    fire(event, ...args) {
        for (const run of [...(this.#handlers.get(event)?.values() ?? [])]) {
            try {
                run(...args);
            }
            catch (error) {
                this.#report(`A handler of '${event}' threw`, error);
            }
        }
    }
}
//# sourceMappingURL=emitter.js.map