import { RtmError } from "./errors.js";
export interface Outgoing {
    event: string;
    args: unknown[];
    /** It is on its way, and will not be sent again. */
    sent?: boolean;
    /** Nobody waits for it any more. */
    dropped?: boolean;
    /** It will never be sent. */
    reject(error: RtmError): void;
}
export declare class OfflineQueue {
    #private;
    constructor(max: number);
    push(outgoing: Outgoing): void;
    /** Empties it, in order. */
    flush(send: (outgoing: Outgoing) => void): void;
}
//# sourceMappingURL=offline.d.ts.map