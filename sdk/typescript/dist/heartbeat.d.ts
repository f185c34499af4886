export declare class Heartbeat {
    #private;
    constructor(send: () => void);
    /** Beats every `intervalMs` from now on; never, if that is not above zero. */
    start(intervalMs: number): void;
    stop(): void;
    /** A heartbeat has just been sent, by whomever: the next is due an interval later. */
    sent(): void;
    /** The server has pinged. */
    pinged(): void;
}
//# sourceMappingURL=heartbeat.d.ts.map