import type { PresenceChannelEventMap, PresenceChannelOptions, PresenceHeartbeatResponse, PresenceJoinParams, PresenceJoinResponse } from "./channel-types.js";
import type { Connection } from "./connection.js";
import { RtmError } from "./errors.js";
import { type SelfEntry, type State } from "./protocol.js";
import { type Roster } from "./roster.js";
type Fire = <E extends keyof PresenceChannelEventMap>(event: E, payload: unknown) => void;
export declare class Seat {
    #private;
    /** The room as it was last known: while there is no connection, it is not emptied. */
    roster: Roster;
    self: SelfEntry | undefined;
    /** In the room, on the connection there is now. */
    seated: boolean;
    constructor(connection: Connection, rooms: Map<string, Seat>, options: PresenceChannelOptions, fire: Fire);
    /** The room that this seat is for, joined or about to be. */
    get roomId(): string | undefined;
    get ackTimeoutMs(): number;
    join(params: PresenceJoinParams): Promise<PresenceJoinResponse>;
    heartbeat(): Promise<PresenceHeartbeatResponse>;
    patch(state: State): Promise<PresenceHeartbeatResponse>;
    leave(): Promise<void>;
    up(): void;
    down(reason: string): void;
    /** The connection will not come back by itself. A room once joined is joined again on the next `connect`. */
    ended({ message }: RtmError): void;
    ping(): void;
    /** Nobody knows what the connection is worth: ask, and bear no silence. */
    woken(): void;
    heard(event: string, [payload]: unknown[]): void;
}
export {};
//# sourceMappingURL=seat.d.ts.map