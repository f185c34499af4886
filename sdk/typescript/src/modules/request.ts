// How a module asks the server: with the socket there is now, and an error for whatever is no success.
import { type AskOptions, request } from "../ask.js";
import type { ClientModuleContext } from "../config.js";
import { RequestError, failure, orThrow } from "../errors.js";

/** Rejects with a {@link RequestError} when the server refuses, does not answer, or is not connected. */
export async function call<T extends { ok: true }>(
  context: ClientModuleContext | undefined,
  event: string,
  payload: unknown,
  options?: AskOptions,
): Promise<T> {
  if (!context) throw new RequestError(failure("disconnected", "The module is not connected"));
  return orThrow(await request<T>(context.socket, event, payload, options));
}
