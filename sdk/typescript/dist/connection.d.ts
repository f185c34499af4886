import { type Socket } from "socket.io-client";
import type { RealtimeClientConfig, Status } from "./config.js";
import { Emitter } from "./emitter.js";
import { type Failure, RtmError } from "./errors.js";
/**
 * Fires `up`, `down` with a reason, `ended` with an error once it will not come back by itself, `ping`, `wake`, `event` with whatever the
 * server emits, `status` and `error`.
 */
export declare class Connection extends Emitter {
    #private;
    readonly socket: Socket;
    constructor(config: RealtimeClientConfig, report: (message: string, error: unknown) => void);
    get status(): Status;
    /** Connects, and stays so until {@link close}. Nothing, if that is already under way. */
    open(): void;
    /** Disconnects with a farewell: the server ends this client's presences at once. */
    close(error: RtmError): void;
    /** Gives this transport up without a farewell, and connects again at once. */
    drop(reason: string): void;
    /** Brings the server a fresh token of the same user while connected. */
    refresh(): Promise<({
        ok: true;
        expiresAt: number;
    }) | Failure>;
}
//# sourceMappingURL=connection.d.ts.map