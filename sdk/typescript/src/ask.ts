// A question to the server that is always answered: by the server, or by the lack of an answer.
import type { Socket } from "socket.io-client";
import { type Failure, failure } from "./errors.js";

/**
 * Calls `done` once, in the order of the packets: a promise would resolve only after the events that follow. `lost` is set if there was no
 * answer, and `reply` then says why, of `what`.
 */
export function ask<T>(
  socket: Socket,
  event: string,
  args: unknown[],
  timeoutMs: number,
  done: (reply: T | Failure, lost?: Failure) => void,
  what = event,
): void {
  const lose = (): void => {
    const lost = failure(socket.connected ? "timeout" : "disconnected", `${what} acknowledgement timeout`);
    done(lost, lost);
  };
  if (!socket.connected) return lose();
  const kept = socket.sendBuffer.length;
  socket.timeout(timeoutMs).emit(event, ...args, (error: unknown, reply: T) => (error ? lose() : done(reply)));
  // A socket whose pings have run out keeps packets although it still calls itself connected. Later they are no longer meant.
  socket.sendBuffer.length = kept;
}

/** {@link ask} as a promise, which rejects when `signal` aborts. */
export function request<T extends { ok: true }>(
  socket: Socket,
  event: string,
  payload: unknown,
  { timeoutMs = 10_000, signal }: AskOptions = {},
): Promise<T | Failure> {
  return abortable(new Promise((resolve) => ask<T>(socket, event, [payload], timeoutMs, resolve)), signal);
}

export interface AskOptions {
  /** How long to wait for the answer, in milliseconds (10,000). */
  timeoutMs?: number;
  /** Ends the wait, which rejects with the signal's reason. What was sent is not taken back. */
  signal?: AbortSignal | undefined;
}

/** The promise, or the signal's reason if that comes first. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
