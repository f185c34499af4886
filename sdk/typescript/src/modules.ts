// The modules of a client: told of each connection one after the other, in the order in which they were added, and isolated from one another.
import type { Socket } from "socket.io-client";
import { abortable } from "./ask.js";
import type { ClientModule, ClientModuleContext } from "./config.js";

/** How long the others wait for one hook of a module. */
const HOOK_MS = 5_000;

type Hook = "onConnected" | "onDisconnected" | "onShutdown";

export class Modules {
  readonly #context: ClientModuleContext;
  readonly all: ClientModule[] = [];
  /** Takes off what the modules added to the socket of this connection. */
  #cleanups: (() => void)[] = [];
  /** Settles when all that happened so far has been told. */
  told: Promise<void> = Promise.resolve();

  constructor(context: ClientModuleContext) {
    this.#context = { ...context, socket: scope(context.socket, (cleanup) => this.#cleanups.push(cleanup)) };
  }

  tell(hook: Hook): Promise<void> {
    return (this.told = this.told.then(async () => {
      if (hook === "onDisconnected") for (const cleanup of this.#cleanups.splice(0)) cleanup();
      for (const module of this.all) {
        try {
          await abortable(Promise.resolve(module[hook]?.(this.#context)), AbortSignal.timeout(HOOK_MS));
        } catch (error) {
          this.#context.logger.error(`${hook} of ${module.name} failed`, error);
        }
      }
    }));
  }
}

/** The socket stays the same from connection to connection: handlers added in each `onConnected` would add up. */
function scope(socket: Socket, added: (cleanup: () => void) => void): Socket {
  return new Proxy(socket, {
    get(target, name, scoped) {
      if (name !== "on" && name !== "once") return target[name as keyof Socket] as unknown;
      return (event: string, handler: () => void) => {
        target[name](event, handler);
        added(() => target.off(event, handler));
        return scoped as unknown;
      };
    },
  });
}
