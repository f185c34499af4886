import type { State } from "./protocol.js";
export interface Patches<R> {
    /** Resolves with what this, alone or with others, is answered. */
    add(state: State): Promise<R>;
    /** What to send now: nothing while an answer is awaited. */
    take(): State | undefined;
    /** All that is not confirmed, under way from now on: a join brings it along. */
    takeAll(): State | undefined;
    /** The one under way was answered. */
    settle(reply: R): void;
    /** The one under way may or may not have been done: it is sent again, under what came after it. */
    again(): void;
}
export declare function createPatches<R>(): Patches<R>;
//# sourceMappingURL=patches.d.ts.map