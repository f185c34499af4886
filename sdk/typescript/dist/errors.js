/** The base of all errors of this package. */
export class RtmError extends Error {
    /** Why, for a program. */
    code;
    /** Whether the same may succeed later without anything being done about it. */
    retryable;
    constructor(code, message, retryable = false, cause) {
        super(message, { cause });
        this.name = "RtmError";
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
/** A connection was refused or could not be made, or the token provider failed (`auth_failed`). */
export class ConnectError extends RtmError {
}
/** What `connect_error` says: the server's own words are JSON, anything else is the network's. */
export function connectError(error) {
    let told = {};
    try {
        told = JSON.parse(error.message);
    }
    catch {
        // The transport's own words.
    }
    const { code = "connect_failed", message = error.message } = told;
    return new ConnectError(code, message, code !== "unauthorized" && code !== "forbidden", error);
}
export function failure(code, error, retryable = true) {
    return { ok: false, error, code, retryable };
}
//# sourceMappingURL=errors.js.map