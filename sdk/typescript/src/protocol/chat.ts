// The wire types of chat. Generated from the Rust crate in sdk/protocol: change it there.
import type { Json, True } from "./common.js";

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
