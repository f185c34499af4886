// How a module asks the server: with the socket there is now, and an error for whatever is no success.
import { type AskOptions, request } from "../ask.js";
import type { ClientModuleContext } from "../config.js";
import { type Failure, RtmError, failure } from "../errors.js";

/** Rejects with a {@link RtmError} when the server refuses, does not answer, or is not connected. */
export async function call<T extends { ok: true }>(
  context: ClientModuleContext | undefined,
  event: string,
  payload: unknown,
  options?: AskOptions,
): Promise<T> {
  if (!context) throw new RtmError(failure("disconnected", "The module is not connected", true));
  return orThrow(await request<T>(context.socket, event, payload, options));
}

/** The reply if it is a success; otherwise throws it. */
export function orThrow<T extends { ok: true }>(reply: T | Failure): T {
  if (reply.ok) return reply;
  throw new RtmError(reply);
}
