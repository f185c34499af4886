// What a token provider may answer, and what is sent of it.
import type { Auth } from "./config.js";

/** Socket.IO's `auth`. Always an object with `token`, if there is one. */
export function authOf(auth: Auth | undefined): { token?: string | undefined } {
  if (typeof auth === "string") return { token: auth };
  return { token: auth?.Authorization?.slice("Bearer ".length), ...auth };
}
