// The wire types of identity. Generated from the Rust crate in sdk/protocol: change it there.
import type { True } from "./common.js";

/**
 * What a client sends. The server reads it with `decode::auth_refresh`.
 */
export type AuthRefreshRequest = { 
/**
 * A token of the same subject.
 */
token: string, };

/**
 * The ack: the fresh token counts from now on.
 */
export type AuthRefreshReply = { 
/**
 * Always `true`.
 */
ok: True, 
/**
 * When it expires, in milliseconds since 1970; left out if it does not.
 */
expiresAt?: number, };
