import type { Socket } from "socket.io-client";
import { type Failure } from "./errors.js";
/**
 * Calls `done` once, in the order of the packets: a promise would resolve only after the events that follow. `lost` is set if there was no
 * answer, and `reply` then says why.
 */
export declare function ask<T>(socket: Socket, event: string, args: unknown[], timeoutMs: number, done: (reply: T | Failure, lost?: Failure) => void): void;
/** {@link ask} as a promise, which rejects when `signal` aborts. */
export declare function request<T extends {
    ok: true;
}>(socket: Socket, event: string, payload: unknown, { timeoutMs, signal }?: AskOptions): Promise<T | Failure>;
export interface AskOptions {
    /** How long to wait for the answer, in milliseconds (10,000). */
    timeoutMs?: number;
    /** Ends the wait, which rejects with the signal's reason. What was sent is not taken back. */
    signal?: AbortSignal | undefined;
}
/** The promise, or the signal's reason if that comes first. */
export declare function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T>;
//# sourceMappingURL=ask.d.ts.map