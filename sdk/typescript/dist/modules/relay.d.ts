import type { AskOptions } from "../ask.js";
import type { Sender } from "../channel-types.js";
import type { ClientModule } from "../config.js";
import type { EventName, EventsOf, Schema } from "../schema.js";
type Name<S extends Schema> = S extends {
    events: object;
} ? EventName<S> : string;
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
export declare function createRelayModule<S extends Schema = Schema>(): ClientModule & {
    api: RelayModuleApi<S>;
};
export {};
//# sourceMappingURL=relay.d.ts.map