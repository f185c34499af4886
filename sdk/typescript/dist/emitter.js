export function createEmitter(logger) {
    const all = new Map();
    const remove = (event, handler) => {
        if (handler)
            all.get(event)?.delete(handler);
        else
            all.delete(event);
    };
    return {
        add(event, handler, once) {
            const off = () => remove(event, handler);
            const handlers = all.get(event) ?? new Map();
            all.set(event, handlers.set(handler, once ? (...args) => (off(), handler(...args)) : handler));
            return off;
        },
        remove,
        clear: () => all.clear(),
        fire(event, ...args) {
            for (const run of [...(all.get(event)?.values() ?? [])]) {
                try {
                    run(...args);
                }
                catch (error) {
                    logger()?.error(`A handler of '${event}' threw`, error);
                }
            }
        },
    };
}
//# sourceMappingURL=emitter.js.map