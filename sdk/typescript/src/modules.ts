// The modules of a client: told of each connection in the order in which they were added, and isolated from one another.
import type { Socket } from "socket.io-client";
import type { ClientModule, ClientModuleContext } from "./config.js";

export interface Modules {
  add(module: ClientModule): void;
  connected(): Promise<void>;
  disconnected(): Promise<void>;
  shutdown(): Promise<void>;
}

export function createModules(context: ClientModuleContext): Modules {
  const modules: ClientModule[] = [];
  /** Takes off what the modules added to the socket of this connection. */
  let cleanups: (() => void)[] = [];

  const each = async (verb: string, call: (module: ClientModule) => void | Promise<void>): Promise<void> => {
    for (const module of modules) {
      try {
        await call(module);
      } catch (error) {
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
      for (const cleanup of cleanups) cleanup();
      return each("disconnect", (module) => module.onDisconnected?.());
    },
    shutdown: () => each("shutdown", (module) => module.onShutdown?.()),
  };
}

/** The socket stays the same from connection to connection: handlers added in each `onConnected` would add up. */
function scope(socket: Socket, cleanups: (() => void)[]): Socket {
  return new Proxy(socket, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return (...args: never[]) => {
        if (name === "on" || name === "once") cleanups.push(() => target.off(...(args as unknown as [string])));
        return value.apply(target, args) as unknown;
      };
    },
  });
}
