// How a module asks the server: with the socket there is now, and an error for whatever is no success.
import { request } from "../ask.js";
import { RequestError, failure } from "../errors.js";
/** Rejects with a {@link RequestError} when the server refuses, does not answer, or is not connected. */
export async function call(context, event, payload, options) {
    if (!context)
        throw new RequestError(failure("disconnected", "The module is not connected"));
    return orThrow(await request(context.socket, event, payload, options));
}
/** The reply if it is a success; otherwise throws it. */
export function orThrow(reply) {
    if (reply.ok)
        return reply;
    throw new RequestError(reply);
}
//# sourceMappingURL=request.js.map