import type { CustomEmitOptions, JoinOptions, PresenceChannelEventMap, PresenceHeartbeatParams, PresenceHeartbeatResponse, PresenceJoinParams, PresenceJoinResponse, PresenceStatePatch, Sender } from "./channel-types.js";
import type { Members } from "./roster.js";
import type { CallIn, CallName, CallOut, EventName, EventsOf, FreeName, Schema, StateOf } from "./schema.js";
type LocalEvents<S extends Schema> = PresenceChannelEventMap<S>;
export declare class PresenceChannel<S extends Schema = Schema> {
    #private;
    /** The room, from the first call of `join` to `leave`. */
    get roomId(): string | undefined;
    /** This client's own presence, once joined. */
    get self(): {
        readonly connId: string;
        readonly epoch: number;
    } | undefined;
    /** Whether the room is joined on the connection there is now. */
    get joined(): boolean;
    /**
     * Everyone in the room by user, each with their connections, this client included. A new map for each change. While there is no connection
     * it shows the room as last known; after a reconnect `members` is fired with the difference.
     */
    get members(): Members<StateOf<S>>;
    /** The version of the room that `members` shows, or `null` before the first join. */
    get version(): number | null;
    /**
     * Joins a room, and stays in it across reconnects until `leave`, `stop` or `lost`. The answer is the server's, a refusal included
     * (`ok: false`); it rejects only if there is none in time. Called again in the same room, it replaces the state, if one is given.
     */
    join(params: PresenceJoinParams<StateOf<S>>, { signal }?: JoinOptions): Promise<PresenceJoinResponse<StateOf<S>>>;
    /** Calls `handler` on every event of that name: the channel's own, or any that the server sends to this room. */
    on<E extends keyof LocalEvents<S>>(event: E, handler: (payload: LocalEvents<S>[E]) => void): () => void;
    on<E extends EventName<S>>(event: E, handler: (payload: EventsOf<S>[E], sender?: Sender) => void): () => void;
    on<T = unknown>(event: FreeName<S>, handler: (payload: T, sender?: Sender) => void): () => void;
    /** `on` for one event only. */
    once<E extends keyof LocalEvents<S>>(event: E, handler: (payload: LocalEvents<S>[E]) => void): () => void;
    once<E extends EventName<S>>(event: E, handler: (payload: EventsOf<S>[E], sender?: Sender) => void): () => void;
    once<T = unknown>(event: FreeName<S>, handler: (payload: T, sender?: Sender) => void): () => void;
    /** Takes a handler off, or all of an event. */
    off(event: keyof LocalEvents<S> | EventName<S> | FreeName<S>, handler?: (...args: never[]) => void): void;
    /**
     * Sends a custom event. Without a connection it waits in the offline queue. With `{ ack: true }` the answer comes as a promise, which
     * rejects if there is none; an event that was sent is not sent again.
     */
    emit<E extends CallName<S>>(event: E, payload: CallIn<S, E>, options: CustomEmitOptions & {
        ack: true;
    }): Promise<CallOut<S, E>>;
    emit<E extends CallName<S>>(event: E, payload: CallIn<S, E>, ack: (response: CallOut<S, E>) => void): void;
    emit<E extends EventName<S>>(event: E, payload: EventsOf<S>[E]): void;
    emit(event: FreeName<S>, payload?: unknown): void;
    emit<T = unknown>(event: FreeName<S>, ack: (response: T) => void): void;
    emit<T = unknown>(event: FreeName<S>, payload: unknown, ack: (response: T) => void): void;
    emit<T = unknown>(event: FreeName<S>, payload: unknown, options: CustomEmitOptions): Promise<T>;
    /** Changes top-level keys of one's own state. Calls in quick succession become one update; it survives reconnects. */
    updateState(patch: PresenceStatePatch<StateOf<S>>): Promise<PresenceHeartbeatResponse>;
    /** Sends a heartbeat now, beside those that are sent by themselves. */
    sendHeartbeat({ patchState }?: PresenceHeartbeatParams<StateOf<S>>): Promise<PresenceHeartbeatResponse>;
    /** Leaves the room. The channel can join again, or another. */
    leave(): Promise<void>;
    /** Leaves the room for good: no handler is called any more. */
    stop(): Promise<void>;
}
export {};
//# sourceMappingURL=channel.d.ts.map