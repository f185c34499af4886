export function createModules(context) {
    const modules = [];
    /** Takes off what the modules added to the socket of this connection. */
    let cleanups = [];
    const each = async (verb, call) => {
        for (const module of modules) {
            try {
                await call(module);
            }
            catch (error) {
                context.logger.error(`Failed to ${verb} module: ${module.name}`, error);
            }
        }
    };
    return {
        add: (module) => void modules.push(module),
        connected() {
            const scoped = { ...context, socket: scope(context.socket, (cleanups = [])) };
            return each("initialize", (module) => module.onConnected?.(scoped));
        },
        disconnected() {
            for (const cleanup of cleanups)
                cleanup();
            return each("disconnect", (module) => module.onDisconnected?.());
        },
        shutdown: () => each("shutdown", (module) => module.onShutdown?.()),
    };
}
/** The socket stays the same from connection to connection: handlers added in each `onConnected` would add up. */
function scope(socket, cleanups) {
    return new Proxy(socket, {
        get(target, name) {
            const value = Reflect.get(target, name);
            if (typeof value !== "function")
                return value;
            return (...args) => {
                if (name === "on" || name === "once")
                    cleanups.push(() => target.off(...args));
                return value.apply(target, args);
            };
        },
    });
}
//# sourceMappingURL=modules.js.map