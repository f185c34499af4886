// Tokens on a living connection: before one ends, the token provider is asked for the next, which takes its place without a reconnect.
import { request } from "../ask.js";
import type { ClientModule, ClientModuleContext } from "../config.js";
import { RtmError, failure } from "../errors.js";
import { AUTH_REFRESH, type AuthRefreshReply, type AuthRefreshRequest } from "../protocol.js";
import { authOf } from "../token.js";
import { orThrow } from "./request.js";

/** The next look comes after half of what is left, but no sooner than this. */
const LOOK_MS_MIN = 1_000;
/** What a timer takes; after it, another look is due. */
const LOOK_MS_MAX = 2 ** 31 - 1;

/**
 * Refreshes the token when half of its time has passed, by this device's clock. Nothing is refreshed whose end is not known, which is in
 * the token (a JWT's `exp`) or in the server's answer. What fails is told to the client's `error` handlers, and tried again while there is time; if
 * that is no use either, the server ends the connection, and the next one asks the provider as always.
 */
export function createAuthModule(): ClientModule {
  let context: ClientModuleContext;
  /** Names the current connection; what was asked for another one is void. */
  let turn = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let endsAt = Infinity;
  let dueAt = Infinity;

  /** A timer looks, and so does each ping of the server: a page that was frozen or throttled learns late what time it is. */
  const look = (): void => {
    clearTimeout(timer);
    if (dueAt === Infinity) return;
    if (Date.now() >= dueAt) void refresh();
    else timer = setTimeout(look, Math.min(dueAt - Date.now(), LOOK_MS_MAX));
  };
  const plan = (): void => {
    const leftMs = endsAt - Date.now();
    dueAt = leftMs > 0 ? Date.now() + Math.max(leftMs / 2, LOOK_MS_MIN) : Infinity;
    look();
  };

  async function refresh(): Promise<void> {
    const asked = turn;
    dueAt = Infinity;
    try {
      const token = await provided();
      if (asked !== turn) return;
      const payload: AuthRefreshRequest = { token };
      const { expiresAt = Infinity } = orThrow(await request<AuthRefreshReply>(context.socket, AUTH_REFRESH, payload));
      if (asked !== turn) return;
      endsAt = expiresAt;
      plan();
    } catch (error) {
      const { code, retryable } = error as RtmError;
      // The next connection brings its own token.
      if (asked !== turn || code === "disconnected") return;
      context.report(error as RtmError);
      if (retryable) plan();
    }
  }

  async function provided(): Promise<string> {
    try {
      const { token } = authOf(await context.config.authProvider?.({ reason: "refresh" }));
      if (token) return token;
    } catch (error) {
      throw new RtmError(failure("auth_failed", "No token"), error);
    }
    throw new RtmError(failure("auth_failed", "No token"));
  }

  return {
    name: "auth",
    onConnected(connected) {
      context = connected;
      context.socket.io.on("ping", look);
      endsAt = expiryOf((context.socket.auth as { token?: unknown }).token);
      plan();
    },
    onDisconnected() {
      turn += 1;
      dueAt = Infinity;
      look();
      context?.socket.io.off("ping", look);
    },
  };
}

/** When a JWT ends, in milliseconds since 1970; `Infinity` if it does not say. */
function expiryOf(token: unknown): number {
  try {
    const claims = String(token).split(".")[1]?.replace(/-/g, "+").replace(/_/g, "/") ?? "";
    const { exp } = JSON.parse(atob(claims)) as { exp?: unknown };
    return typeof exp === "number" ? exp * 1_000 : Infinity;
  } catch {
    return Infinity;
  }
}
