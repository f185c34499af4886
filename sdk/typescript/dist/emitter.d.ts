import type { Logger } from "./config.js";
type Handler = (...args: never[]) => void;
export interface Emitter {
    /** A handler added twice for one event is called once. The returned function takes it off. */
    add(event: string, handler: Handler, once?: boolean): () => void;
    /** Takes a handler off, or all of an event. */
    remove(event: string, handler?: Handler): void;
    clear(): void;
    fire(event: string, ...args: unknown[]): void;
}
export declare function createEmitter(logger: () => Logger | undefined): Emitter;
export {};
//# sourceMappingURL=emitter.d.ts.map