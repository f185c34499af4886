import { failure } from "./errors.js";
/** Calls `done` once, in the order of the packets: a promise would resolve only after the events that follow. */
export function ask(socket, event, payload, timeoutMs, done) {
    // A disconnected socket would keep the packet and send it later, when it is no longer meant.
    if (!socket.connected)
        return done(failure("disconnected", "There is no connection"));
    const kept = socket.sendBuffer.length;
    socket.timeout(timeoutMs).emit(event, payload, (error, reply) => {
        if (!error)
            done(reply);
        else if (socket.connected)
            done(failure("timeout", `No answer to ${event} within ${timeoutMs} ms`));
        else
            done(failure("disconnected", `The connection ended before the answer to ${event}`));
    });
    // So would one whose pings have run out, although it still calls itself connected.
    socket.sendBuffer.length = kept;
}
/** {@link ask} as a promise, which rejects when `signal` aborts. */
export function request(socket, event, payload, { timeoutMs = 10_000, signal } = {}) {
    return abortable(new Promise((resolve) => ask(socket, event, payload, timeoutMs, resolve)), signal);
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