// Handlers by event name. A handler that throws disturbs neither the others nor whoever fires the event.
export class Emitter {
    #handlers = new Map();
    #report;
    constructor(report) {
        this.#report = report;
    }
    /** A handler added twice for one event is called once. */
    add(event, handler, once) {
        const remove = () => this.remove(event, handler);
        const handlers = this.#handlers.get(event) ?? new Map();
        this.#handlers.set(event, handlers.set(handler, once ? (...args) => (remove(), handler(...args)) : handler));
        return remove;
    }
    remove(event, handler) {
        if (handler)
            this.#handlers.get(event)?.delete(handler);
        else
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