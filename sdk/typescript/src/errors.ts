// What can go wrong, as classes with stable codes: the server's, and those of the client itself.
import type { ConnectRefusal, ErrorCode, ErrorReply } from "./protocol.js";

/**
 * Codes of the client itself.
 *
 * - `timeout`: no answer in time; what was asked may have been done
 * - `disconnected`: the connection ended before the answer; what was asked may have been done
 * - `connect_failed`: the server cannot be reached
 * - `auth_failed`: the token provider threw
 * - `queue_full`: more was emitted while offline than the queue holds
 * - `not_joined`: the channel is in no room, or has left it
 * - `room_in_use`: another channel of this client is in that room
 * - `expired`, `replaced`, `kicked`: the presence was lost
 */
export type LocalCode =
  | "timeout"
  | "disconnected"
  | "connect_failed"
  | "auth_failed"
  | "queue_full"
  | "not_joined"
  | "room_in_use"
  | "expired"
  | "replaced"
  | "kicked";

/** An answer that is no success: the server's refusal, or the lack of an answer. */
export type Failure = Omit<ErrorReply, "code"> & { code: ErrorCode | LocalCode };

/** What this package throws, rejects with and fires. */
export class RtmError extends Error {
  /** Why, for a program. */
  declare readonly code: ErrorCode | LocalCode;
  /** Whether the same may succeed later without anything being done about it. */
  declare readonly retryable: boolean;
  /** The answer, with `field`, `limit`, `epoch` and `retryAfterMs` where they apply. */
  declare readonly reply: Failure;

  constructor(reply: Failure, cause?: unknown) {
    super(reply.error, { cause });
    this.name = "RtmError";
    this.reply = reply;
    this.code = reply.code;
    this.retryable = reply.retryable;
  }
}

/** A connection was refused or could not be made, or the token provider failed (`auth_failed`). */
export class ConnectError extends RtmError {}

/** Why there is no connection: the server's own words are JSON, anything else is the network's. */
export function connectError(words: string, cause?: unknown): ConnectError {
  let told: Partial<ConnectRefusal> | null | undefined;
  try {
    told = JSON.parse(words) as ConnectRefusal | null;
  } catch {
    // The network's.
  }
  const { code = "connect_failed", message = words } = told ?? {};
  return new ConnectError(failure(code, message, !/^(unauthorized|forbidden)$/.test(code)), cause);
}

export function failure(code: Failure["code"], error: string, retryable = false): Failure {
  return { ok: false, error, code, retryable };
}
