import { PresenceChannel } from "./channel.js";
import type { JoinOptions, PresenceChannelOptions, PresenceJoinParams, PresenceJoinResponse } from "./channel-types.js";
import type { ClientModule, RealtimeClientConfig, Status } from "./config.js";
import { type RtmError } from "./errors.js";
import type { Schema, StateOf } from "./schema.js";
import type { Socket } from "socket.io-client";
export interface ClientEventMap {
    /** What the connection is doing. */
    status: Status;
    /** An attempt to connect failed, or the token provider. */
    error: RtmError;
}
export declare class RealtimeClient<S extends Schema = Schema> {
    #private;
    constructor(config: RealtimeClientConfig);
    /** What the connection is doing. */
    get status(): Status;
    /** Adds a feature. Only before `connect`. */
    use(module: ClientModule): this;
    /**
     * Connects, and stays connected until `disconnect`: lost connections are made anew, and rooms joined again. Resolves with the first
     * connection; rejects with a {@link ConnectError} when it gives up, or when `signal` aborts.
     */
    connect({ signal }?: {
        signal?: AbortSignal;
    }): Promise<void>;
    /** Ends the connection, and with it this client's presences. Channels join again on the next `connect`. */
    disconnect(): Promise<void>;
    /** Leaves all rooms, ends modules and connection. */
    shutdown(): Promise<void>;
    isConnected(): boolean;
    /** The socket, from the first `connect` on: the same through all reconnects. */
    getSocket(): Socket | null;
    /** A channel for one room, of which there may be many. */
    createPresenceChannel(options?: PresenceChannelOptions): PresenceChannel<S>;
    /** A new channel that joins a room. Check `response.ok`: a refusal is an answer too, and stops the channel. */
    joinRoom(params: PresenceJoinParams<StateOf<S>>, options?: PresenceChannelOptions & JoinOptions): Promise<{
        channel: PresenceChannel<S>;
        response: PresenceJoinResponse<StateOf<S>>;
    }>;
    /** The returned function takes the handler off. */
    on<E extends keyof ClientEventMap>(event: E, handler: (payload: ClientEventMap[E]) => void): () => void;
}
//# sourceMappingURL=client.d.ts.map