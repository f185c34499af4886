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
        this.#context.logger.debug(`Module registered: ${module.name}`);
    }
    async connected() {
        const context = { ...this.#context, socket: this.#scoped(this.#context.socket) };
        await this.#each("onConnected", "initialize", (module) => module.onConnected?.(context));
    }
    async disconnected() {
        for (const cleanup of this.#cleanups.splice(0))
            cleanup();
        await this.#each("onDisconnected", "disconnect", (module) => module.onDisconnected?.());
    }
    async shutdown() {
        await this.#each("onShutdown", "shutdown", (module) => module.onShutdown?.());
    }
    async #each(hook, verb, call) {
        for (const module of this.#modules) {
            try {
                await call(module);
            }
            catch (error) {
                this.#context.logger.error(`Failed to ${verb} module: ${module.name}`, { hook, error });
            }
        }
    }
    /** The socket stays the same from connection to connection: handlers added in each `onConnected` would add up. */
    #scoped(socket) {
        const cleanups = (this.#cleanups = []);
        const adding = new Set(["on", "once", "addEventListener"]);
        return new Proxy(socket, {
            get(target, name) {
                const value = Reflect.get(target, name);
                if (typeof value !== "function")
                    return value;
                return (event, ...args) => {
                    const handler = args[0];
                    if (adding.has(name) && handler)
                        cleanups.push(() => target.off(event, handler));
                    return Reflect.apply(value, target, [event, ...args]);
                };
            },
        });
    }
}
//# sourceMappingURL=modules.js.map