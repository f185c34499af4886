// The wire types, generated from the Rust crate in sdk/protocol: change them there.

export const PRESENCE_JOIN = "presence:join";
export const PRESENCE_HEARTBEAT = "presence:heartbeat";
export const PRESENCE_LEAVE = "presence:leave";
export const PRESENCE_SYNC = "presence:sync";
export const PRESENCE_EVENT = "presence:event";
export const PRESENCE_LOST = "presence:lost";
export const SERVER_DRAINING = "server:draining";
export const CHAT_SEND = "chat:send";
export const CHAT_HISTORY = "chat:history";
export const CHAT_SINCE = "chat:since";
export const CHAT_MESSAGE = "chat:message";
export const CHAT_TYPING = "chat:typing";
export const CHAT_READ = "chat:read";
export const CHAT_RECEIPTS = "chat:receipts";
export const AUTH_REFRESH = "auth:refresh";

/**
 * The JSON literal `true`.
 */
export type True = true;

/**
 * The JSON literal `false`.
 */
export type False = false;

/**
 * A JSON object as an ordered map from key to raw JSON text. Order and number text stay as they
 * were sent, and any key (`__proto__` too) is plain data. Of a key that is given twice the last
 * value counts, at the first place, as in JavaScript.
 *
 * A string inside a value may hold an unpaired surrogate escape such as `\ud800`: it is text like
 * any other. A key may not.
 */
export type State = { [key: string]: unknown };

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

/**
 * Any JSON, such as a chat message's body.
 */
export type Json = unknown;

/**
 * What a client sends. The server reads it with `decode::chat_send`.
 */
export type ChatSendRequest = { 
/**
 * The room, of which the sender is a member.
 */
roomId: string, 
/**
 * What is said: any JSON.
 */
message: Json, 
/**
 * The client's own name for it (new): sent again under the same name, it is stored and sent
 * once.
 */
clientMsgId?: string, };

/**
 * The ack of a message.
 */
export type ChatSendReply = { 
/**
 * Always `true`.
 */
ok: True, 
/**
 * Its id. Ids of a room are in the order of its messages.
 */
msgId: string, 
/**
 * When it was stored, in milliseconds since 1970.
 */
ts: number, };

/**
 * A message, as all members get it once, its sender included.
 */
export type ChatMessage = { 
/**
 * Its id.
 */
msgId: string, 
/**
 * The room.
 */
roomId: string, 
/**
 * Who said it.
 */
userId: string, 
/**
 * What was said.
 */
message: Json, 
/**
 * When it was stored, in milliseconds since 1970.
 */
ts: number, 
/**
 * Its sender's own name for it (new).
 */
clientMsgId?: string, };

/**
 * What a client sends. The server reads it with
 * `decode::chat_history`.
 */
export type ChatHistoryRequest = { 
/**
 * The room.
 */
roomId: string, 
/**
 * How many at most, from 1. Left out: 50.
 */
limit?: number, 
/**
 * Only those before this one (new).
 */
before?: string, };

/**
 * The ack of a history.
 */
export type ChatHistoryReply = { 
/**
 * Always `true`.
 */
ok: True, 
/**
 * The latest messages, oldest first.
 */
messages: Array<ChatMessage>, };

/**
 * What a client sends (new). The server reads it with
 * `decode::chat_since`.
 */
export type ChatSinceRequest = { 
/**
 * The room.
 */
roomId: string, 
/**
 * The last message that the client knows.
 */
msgId: string, };

/**
 * The ack of what came since (new).
 */
export type ChatSinceReply = { 
/**
 * Always `true`.
 */
ok: True, 
/**
 * The messages after the one that is known, oldest first.
 */
messages: Array<ChatMessage>, 
/**
 * False when older ones between are gone.
 */
complete: boolean, 
/**
 * Whether there are more than one answer holds: ask again, after the last of these.
 */
more?: boolean, };

/**
 * What a client sends. The server reads it with
 * `decode::chat_typing`.
 */
export type ChatTypingRequest = { 
/**
 * The room.
 */
roomId: string, 
/**
 * Whether the client's user types. It ends by itself if not said again in time.
 */
typing: boolean, };

/**
 * The ack of a typing.
 */
export type ChatTypingReply = { 
/**
 * Always `true`.
 */
ok: True, };

/**
 * What the other members get.
 */
export type ChatTyping = { 
/**
 * The room.
 */
roomId: string, 
/**
 * Who.
 */
userId: string, 
/**
 * By which connection.
 */
connId: string, 
/**
 * Whether they type.
 */
typing: boolean, };

/**
 * What a client sends. The server reads it with `decode::chat_read`.
 */
export type ChatReadRequest = { 
/**
 * The room.
 */
roomId: string, 
/**
 * Up to here. It never goes back.
 */
msgId: string, };

/**
 * The ack of a read, also when a later one was known.
 */
export type ChatReadReply = { 
/**
 * Always `true`.
 */
ok: True, };

/**
 * What the other members get.
 */
export type ChatRead = { 
/**
 * The room.
 */
roomId: string, 
/**
 * Who.
 */
userId: string, 
/**
 * Up to here.
 */
msgId: string, };

/**
 * What a client sends. The server reads it with
 * `decode::chat_receipts`.
 */
export type ChatReceiptsRequest = { 
/**
 * The room.
 */
roomId: string, };

/**
 * The ack of receipts.
 */
export type ChatReceiptsReply = { 
/**
 * Always `true`.
 */
ok: True, 
/**
 * How far each user has read.
 */
receipts: Array<ChatReceipt>, };

/**
 * How far one user has read.
 */
export type ChatReceipt = { 
/**
 * Who.
 */
userId: string, 
/**
 * Up to here.
 */
msgId: string, 
/**
 * When that was said, in milliseconds since 1970.
 */
ts: number, };

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
