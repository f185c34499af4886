// Custom events that the server hands on to the others in a room. It sends the room along, so that it also works in many rooms on one socket.
import type { AskOptions } from "../ask.js";
import type { Sender } from "../channel-types.js";
import type { ClientModule, ClientModuleContext } from "../config.js";
import { createEmitter } from "../emitter.js";
import type { EventName, EventsOf, Schema } from "../schema.js";
import { call } from "./request.js";

type Name<S extends Schema> = S extends { events: object } ? EventName<S> : string;
type Payload<S extends Schema, E extends string> = E extends keyof EventsOf<S> ? EventsOf<S>[E] : unknown;

export interface RelayRoom<S extends Schema> {
  /** Sends an event to the others in the room; its payload is an object. Rejects if the server refuses the name or the sender. */
  emit<E extends Name<S>>(event: E, payload: Payload<S, E> & object, options?: AskOptions): Promise<void>;
  /** Calls `handler` on every event of that name in the room. The returned function takes it off. */
  on<E extends Name<S>>(event: E, handler: (payload: Payload<S, E>, sender: Sender) => void): () => void;
}

export interface RelayModuleApi<S extends Schema> {
  in(roomId: string): RelayRoom<S>;
}

export function createRelayModule<S extends Schema = Schema>(): ClientModule & { api: RelayModuleApi<S> } {
  let context: ClientModuleContext | undefined;
  const handlers = createEmitter({ error: (...args) => context?.logger.error(...args) });
  return {
    name: "relay",
    api: {
      in: (roomId) => ({
        emit: async (event, payload, options) => {
          await call<{ ok: true }>(context, event, { ...payload, roomId }, options);
        },
        on: (event, handler) => handlers.add(key(roomId, event), (payload: Payload<S, typeof event>, sender: Sender) => handler(payload, sender)),
      }),
    },
    onConnected(connected) {
      context = connected;
      context.socket.onAny(hear);
    },
    onDisconnected() {
      context?.socket.offAny(hear);
    },
    onShutdown: () => handlers.clear(),
  };

  function hear(event: string, payload: unknown, sender: Partial<Sender> | null | undefined): void {
    if (typeof sender?.roomId === "string") handlers.fire(key(sender.roomId, event), payload, sender);
  }
}

/** No room holds a line break: it is a control character. */
function key(roomId: string, event: string): string {
  return `${roomId}\n${event}`;
}
