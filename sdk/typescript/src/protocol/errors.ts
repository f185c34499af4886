// Why something was refused. Generated from the Rust crate in sdk/protocol: change it there.
import type { False } from "./common.js";

/**
 * Why a request was refused (new). The codes are stable.
 */
export type ErrorCode = "bad_request" | "unauthorized" | "forbidden" | "not_present" | "stale_epoch" | "unknown_epoch" | "too_large" | "rate_limited" | "unavailable" | "draining";

/**
 * The ack of every request that was refused. What does not apply is left out.
 */
export type ErrorReply = { 
/**
 * Always `false`.
 */
ok: False, 
/**
 * One sentence for a person. Its wording may change.
 */
error: string, 
/**
 * Why, for a program (new).
 */
code: ErrorCode, 
/**
 * `ErrorCode::retryable` of `code` (new).
 */
retryable: boolean, 
/**
 * Where in the payload the error lies, such as `resume.key` (new). Empty for the payload
 * itself.
 */
field?: string, 
/**
 * The limit that was passed, with `too_large` and `rate_limited` (new).
 */
limit?: Limit, 
/**
 * The current epoch, below 2^53, with `stale_epoch`.
 */
epoch?: number, 
/**
 * `false` in every refused heartbeat, because clients of old look at it first.
 */
changed?: False, 
/**
 * When to try again, in milliseconds from now, with `rate_limited` (new).
 */
retryAfterMs?: number, };

/**
 * A limit by name and value (new).
 */
export type Limit = { 
/**
 * The name under which it is configured, such as `MAX_STATE_BYTES`.
 */
name: string, 
/**
 * Its value, in the unit that the name ends with.
 */
value: number, };

/**
 * Why a connection was refused (new): the text of `connect_error`'s `message` is this as JSON.
 */
export type ConnectRefusal = { 
/**
 * Why, for a program.
 */
code: ErrorCode, 
/**
 * One sentence for a person.
 */
message: string, };
