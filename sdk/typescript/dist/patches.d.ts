import type { State } from "./protocol.js";
export declare class Patch<R> {
    #private;
    state: State;
    readonly done: Promise<R>;
    constructor(state: State);
    settle(reply: R): void;
}
export declare class Patches<R> {
    #private;
    add(state: State): Promise<R>;
    /** What to send now: nothing while an answer is awaited. */
    take(): Patch<R> | undefined;
    /** All that is not confirmed, under way from now on: a join brings it along. */
    takeAll(): Patch<R> | undefined;
    /** The one under way was answered. */
    settle(reply: R): void;
    /** The one under way may or may not have been done: it is sent again, under what came after it. */
    again(): void;
    /** Nobody will send any of it any more. */
    settleAll(reply: R): void;
}
//# sourceMappingURL=patches.d.ts.map