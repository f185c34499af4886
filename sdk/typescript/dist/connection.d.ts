import { type Socket } from "socket.io-client";
import type { RealtimeClientConfig, Status } from "./config.js";
import { type RtmError } from "./errors.js";
export interface ConnectionListener {
    up(): void;
    down(reason: string): void;
    /** It will not come back by itself. */
    ended(error: RtmError): void;
    /** The server has pinged. */
    ping(): void;
    /** The page has woken: nobody knows what the connection is worth. */
    woken(): void;
    /** The server has emitted something. */
    heard(event: string, args: unknown[]): void;
    status(status: Status): void;
    /** An attempt failed. */
    failed(error: RtmError): void;
}
export declare class Connection {
    #private;
    readonly socket: Socket;
    status: Status;
    constructor(config: RealtimeClientConfig);
    /** Tells `listener` of everything from now on, until the returned function is called. */
    listen(listener: Partial<ConnectionListener>): () => void;
    /** Connects, and stays so until {@link close}. Nothing, if that is already under way. */
    open(): void;
    /** Disconnects with a farewell: the server ends this client's presences at once. */
    close(error: RtmError): void;
    /** Gives this transport up without a farewell, and connects again at once. */
    drop(reason: string): void;
}
//# sourceMappingURL=connection.d.ts.map