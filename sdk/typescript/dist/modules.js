export class Modules {
    #modules = [];
    #context;
    /** Takes off what the modules added to the socket of this connection. */
    #cleanups = [];
    constructor(context) {
        this.#context = context;
    }
    add(module) {
        this.#modules.push(module);
    }
    connected() {
        const context = { ...this.#context, socket: this.#scoped(this.#context.socket) };
        return this.#each("initialize", (module) => module.onConnected?.(context));
    }
    disconnected() {
        for (const cleanup of this.#cleanups.splice(0))
            cleanup();
        return this.#each("disconnect", (module) => module.onDisconnected?.());
    }
    shutdown() {
        return this.#each("shutdown", (module) => module.onShutdown?.());
    }
    async #each(verb, call) {
        for (const module of this.#modules) {
            try {
                await call(module);
            }
            catch (error) {
                this.#context.logger.error(`Failed to ${verb} module: ${module.name}`, error);
            }
        }
    }
    /** The socket stays the same from connection to connection: handlers added in each `onConnected` would add up. */
    #scoped(socket) {
        const cleanups = (this.#cleanups = []);
        return new Proxy(socket, {
            get(target, name) {
                const value = Reflect.get(target, name);
                if (typeof value !== "function")
                    return value;
                return (...args) => {
                    if (name === "on" || name === "once")
                        cleanups.push(() => target.off(...args));
                    return Reflect.apply(value, target, args);
                };
            },
        });
    }
}
//# sourceMappingURL=modules.js.map