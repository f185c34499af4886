// The wire types of presence, and of a server that goes away. Generated from the Rust crate in sdk/protocol: change it there.
import type { State, True } from "./common.js";

/**
 * The secret with which its owner resumes a presence (new). Debug output does not show it.
 */
export type Key = string;

/**
 * What a client sends. The server reads it with `decode::join`.
 */
export type JoinRequest<S = State> = { 
/**
 * The room: 1 to `MAX_ID_BYTES` bytes, no control characters.
 */
roomId: string, 
/**
 * The user: 1 to `MAX_ID_BYTES` bytes, no control characters. With authentication on it may
 * be left out, because the token names the user.
 */
userId?: string, 
/**
 * What the presence shows: up to `MAX_STATE_BYTES` bytes. Left out: `{}` for a fresh
 * presence, otherwise as before.
 */
state?: S, 
/**
 * The earlier presence to continue (new).
 */
resume?: Resume, };

/**
 * Which presence to continue, and the proof that it is one's own (new).
 */
export type Resume = { 
/**
 * `connId` of that presence.
 */
connId: string, 
/**
 * The `key` that came with it.
 */
key: Key, 
/**
 * The epoch to take, below 2^53: higher than any that was given or asked for before. Left
 * out: one more than the presence's.
 */
epoch?: number, };

/**
 * The ack of a join that was done.
 */
export type JoinReply<S = State> = { 
/**
 * Always `true`.
 */
ok: True, 
/**
 * Everyone who is shown in the room, the joiner included.
 */
snapshot: Array<SnapshotEntry<S>>, 
/**
 * The joiner's own presence. Named `self` on the wire.
 */
self: SelfEntry, 
/**
 * The version that the snapshot reflects, below 2^53 (new).
 */
version: number, 
/**
 * How long the lease lasts after a heartbeat, in milliseconds (new).
 */
ttlMs: number, };

/**
 * What only the owner of a presence is told.
 */
export type SelfEntry = { 
/**
 * The connection id that the server gave.
 */
connId: string, 
/**
 * The presence's epoch, below 2^53.
 */
epoch: number, 
/**
 * The secret to resume with (new).
 */
key: Key, };

/**
 * One presence in a room.
 */
export type SnapshotEntry<S = State> = { 
/**
 * Which connection.
 */
connId: string, 
/**
 * Whose.
 */
userId: string, 
/**
 * What it shows.
 */
state: S, 
/**
 * When it was heard of last, in milliseconds since 1970; at most one TTL ago.
 */
lastSeenMs: number, 
/**
 * Its epoch, below 2^53.
 */
epoch: number, };

/**
 * What a client sends; `null` or nothing stands for all fields left out. The server reads it with
 * `decode::heartbeat`.
 */
export type HeartbeatRequest<S = State> = { 
/**
 * The room (new). May be left out by a socket that is in exactly one, and by a heartbeat
 * without a patch: it then renews all of the socket's presences.
 */
roomId?: string, 
/**
 * The epoch that the client was given, below 2^53. Left out: that of its last join.
 */
epoch?: number, 
/**
 * Keys to replace in the state; up to `MAX_STATE_BYTES` bytes, before and after the merge.
 */
patchState?: S, };

/**
 * The ack of a heartbeat that was done.
 */
export type HeartbeatReply = { 
/**
 * Always `true`.
 */
ok: True, 
/**
 * Whether the patch changed anything.
 */
changed: boolean, 
/**
 * The presence's epoch, below 2^53.
 */
epoch: number, 
/**
 * The version of the event that the patch caused, below 2^53 (new). Left out if it caused
 * none.
 */
version?: number, };

/**
 * What a client sends; `null` or nothing stands for all fields left out. The server reads it with
 * `decode::leave`.
 */
export type LeaveRequest = { 
/**
 * The room to leave (new). Left out: all rooms of this socket.
 */
roomId?: string, };

/**
 * The ack of a leave, also when there was nothing to leave.
 */
export type LeaveReply = { 
/**
 * Always `true`.
 */
ok: True, };

/**
 * What a client sends. The server reads it with `decode::sync`.
 */
export type SyncRequest = { 
/**
 * The room, of which the socket must be a member.
 */
roomId: string, };

/**
 * The room as it is. It sets the client's version, up or down.
 */
export type SyncReply<S = State> = { 
/**
 * Always `true`.
 */
ok: True, 
/**
 * The version that the snapshot reflects, below 2^53.
 */
version: number, 
/**
 * Everyone who is shown in the room.
 */
snapshot: Array<SnapshotEntry<S>>, };

/**
 * What changed.
 */
export type PresenceEvent<S = State> = { 
/**
 * How it changed. Named `type` on the wire.
 */
type: EventKind, 
/**
 * The room.
 */
roomId: string, 
/**
 * Whose presence.
 */
userId: string, 
/**
 * Which presence.
 */
connId: string, 
/**
 * The full state; `None`, written as `null`, on `leave`.
 */
state: S | null, 
/**
 * When, in milliseconds since 1970.
 */
ts: number, 
/**
 * The presence's epoch, below 2^53.
 */
epoch: number, 
/**
 * The room's version with this event, below 2^53 (new).
 */
version: number, 
/**
 * The version that was sent before in this room on this connection, below 2^53 (new). It
 * shows a client whether it has missed something.
 */
prev: number, 
/**
 * Why it ended, on `leave` only (new).
 */
reason?: LeaveReason, };

/**
 * How a room changed.
 */
export type EventKind = "join" | "update" | "leave";

/**
 * Why a presence ended (new).
 */
export type LeaveReason = "left" | "disconnected" | "expired" | "kicked";

/**
 * Which presence ended, and why. Sent to its owner alone.
 */
export type Lost = { 
/**
 * The room.
 */
roomId: string, 
/**
 * The presence.
 */
connId: string, 
/**
 * Why.
 */
reason: LostReason, };

/**
 * Why one's own presence ended.
 */
export type LostReason = "expired" | "replaced" | "kicked";

/**
 * This node is going away (new): reconnect after a random time in the range, so that not all
 * clients arrive elsewhere at once.
 */
export type Draining = { 
/**
 * The least and the most time to wait, in milliseconds.
 */
reconnectInMs: [number, number], };
