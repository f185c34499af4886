export interface Heartbeat {
    /** Beats every `intervalMs` from now on; never, if that is not above zero. */
    start(intervalMs: number): void;
    /** A heartbeat has just been sent, by whomever: the next is due an interval later. */
    sent(): void;
    /** The server has pinged. */
    pinged(): void;
}
export declare function createHeartbeat(send: () => void): Heartbeat;
//# sourceMappingURL=heartbeat.d.ts.map