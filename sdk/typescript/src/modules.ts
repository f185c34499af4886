// The modules of a client: told of each connection in the order in which they were added, and isolated from one another.
import type { Socket } from "socket.io-client";
import type { ClientModule, ClientModuleContext } from "./config.js";

export class Modules {
  readonly #modules: ClientModule[] = [];
  readonly #context: ClientModuleContext;
  /** Takes off what the modules added to the socket of this connection. */
  #cleanups: (() => void)[] = [];

  constructor(context: ClientModuleContext) {
    this.#context = context;
  }

  add(module: ClientModule): void {
    this.#modules.push(module);
  }

  connected(): Promise<void> {
    const context = { ...this.#context, socket: this.#scoped(this.#context.socket) };
    return this.#each("initialize", (module) => module.onConnected?.(context));
  }

  disconnected(): Promise<void> {
    for (const cleanup of this.#cleanups.splice(0)) cleanup();
    return this.#each("disconnect", (module) => module.onDisconnected?.());
  }

  shutdown(): Promise<void> {
    return this.#each("shutdown", (module) => module.onShutdown?.());
  }

  async #each(verb: string, call: (module: ClientModule) => void | Promise<void>): Promise<void> {
    for (const module of this.#modules) {
      try {
        await call(module);
      } catch (error) {
        this.#context.logger.error(`Failed to ${verb} module: ${module.name}`, error);
      }
    }
  }

  /** The socket stays the same from connection to connection: handlers added in each `onConnected` would add up. */
  #scoped(socket: Socket): Socket {
    const cleanups: (() => void)[] = (this.#cleanups = []);
    return new Proxy(socket, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        return (...args: never[]) => {
          if (name === "on" || name === "once") cleanups.push(() => target.off(...(args as unknown as [string])));
          return Reflect.apply(value, target, args) as unknown;
        };
      },
    });
  }
}
