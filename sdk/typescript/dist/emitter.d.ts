type Handler = (...args: never[]) => void;
export declare class Emitter {
    #private;
    constructor(report: (message: string, error: unknown) => void);
    /** A handler added twice for one event is called once. */
    add(event: string, handler: Handler, once?: boolean): () => void;
    remove(event: string, handler?: Handler): void;
    clear(): void;
    fire(event: string, ...args: unknown[]): void;
}
export {};
//# sourceMappingURL=emitter.d.ts.map