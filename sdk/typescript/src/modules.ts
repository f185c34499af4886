// The modules of a client: told of each connection one after the other, in the order in which they were added, and isolated from one another.
import type { Socket } from "socket.io-client";
import type { ClientModule, ClientModuleContext } from "./config.js";

type Hook = "onConnected" | "onDisconnected" | "onShutdown";

export class Modules {
  readonly #context: ClientModuleContext;
  readonly #modules: ClientModule[] = [];
  /** Takes off what the modules added to the socket of this connection. */
  #cleanups: (() => void)[] = [];
  /** Settles when all that happened so far has been told. */
  told: Promise<void> = Promise.resolve();

  constructor(context: ClientModuleContext) {
    this.#context = { ...context, socket: scope(context.socket, (cleanup) => this.#cleanups.push(cleanup)) };
  }

  add(module: ClientModule): void {
    this.#modules.push(module);
  }

  tell(hook: Hook): Promise<void> {
    return (this.told = this.told.then(async () => {
      if (hook === "onDisconnected") for (const cleanup of this.#cleanups.splice(0)) cleanup();
      for (const module of this.#modules) {
        try {
          await module[hook]?.(this.#context);
        } catch (error) {
          this.#context.logger.error(`${hook} of module ${module.name} failed`, error);
        }
      }
    }));
  }
}

/** The socket stays the same from connection to connection: handlers added in each `onConnected` would add up. */
function scope(socket: Socket, added: (cleanup: () => void) => void): Socket {
  return new Proxy(socket, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return (...args: never[]) => {
        if (name === "on" || name === "once") added(() => target.off(...(args as unknown as [string])));
        return value.apply(target, args) as unknown;
      };
    },
  });
}
