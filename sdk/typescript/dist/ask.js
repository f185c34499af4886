import { failure } from "./errors.js";
/**
 * Calls `done` once, in the order of the packets: a promise would resolve only after the events that follow. `lost` is set if there was no
 * answer, and `reply` then says why.
 */
export function ask(socket, event, args, timeoutMs, done) {
    const lose = () => {
        const lost = failure(socket.connected ? "timeout" : "disconnected", `No answer to ${event}`);
        done(lost, lost);
    };
    if (!socket.connected)
        return lose();
    const kept = socket.sendBuffer.length;
    socket.timeout(timeoutMs).emit(event, ...args, (error, reply) => (error ? lose() : done(reply)));
    // A socket whose pings have run out keeps packets although it still calls itself connected. Later they are no longer meant.
    socket.sendBuffer.length = kept;
}
/** {@link ask} as a promise, which rejects when `signal` aborts. */
export function request(socket, event, payload, { timeoutMs = 10_000, signal } = {}) {
    return abortable(new Promise((resolve) => ask(socket, event, [payload], timeoutMs, resolve)), signal);
}
/** The promise, or the signal's reason if that comes first. */
export function abortable(promise, signal) {
    if (!signal)
        return promise;
    return new Promise((resolve, reject) => {
        const abort = () => reject(signal.reason);
        if (signal.aborted)
            abort();
        signal.addEventListener("abort", abort, { once: true });
        promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
    });
}
//# sourceMappingURL=ask.js.map