/** The base of all errors of this package. */
export class RtmError extends Error {
    /** Why, for a program. */
    code;
    /** Whether the same may succeed later without anything being done about it. */
    retryable;
    constructor(code, message, retryable = false, cause) {
        super(message, { cause });
        this.name = new.target.name;
        this.code = code;
        this.retryable = retryable;
    }
}
/** The server refused a request, or did not answer it. */
export class RequestError extends RtmError {
    /** The answer: `field`, `limit`, `epoch` and `retryAfterMs` where they apply. */
    reply;
    constructor(reply) {
        super(reply.code, reply.error, reply.retryable);
        this.reply = reply;
    }
}
/** A connection was refused or could not be made. */
export class ConnectError extends RtmError {
}
/** The token provider failed. No connection is attempted without it. */
export class AuthError extends RtmError {
}
/** A presence ended although nobody asked for it. */
export class LostError extends RtmError {
}
const RETRYABLE = ["draining", "rate_limited", "unavailable"];
/** What `connect_error` says: the server's own words are JSON, anything else is the network's. */
export function connectError(error) {
    try {
        const { code, message } = JSON.parse(error.message);
        return new ConnectError(code, message, RETRYABLE.includes(code));
    }
    catch {
        return new ConnectError("connect_failed", error.message, true, error);
    }
}
export function failure(code, error, retryable = true) {
    return { ok: false, error, code, retryable };
}
/** The reply if it is a success; otherwise throws it as a {@link RequestError}. */
export function orThrow(reply) {
    if (reply.ok)
        return reply;
    throw new RequestError(reply);
}
//# sourceMappingURL=errors.js.map