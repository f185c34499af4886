export declare class Backlog<M extends {
    msgId: string;
}> {
    #private;
    constructor(tell: (message: M) => void);
    hear(message: M): void;
    /** Holds back what is heard from now on. Returns the latest message that was told. */
    hold(): string;
    /** Tells what was fetched, then what was held back. */
    release(fetched: readonly M[]): void;
}
//# sourceMappingURL=backlog.d.ts.map