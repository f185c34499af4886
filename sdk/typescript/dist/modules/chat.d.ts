import type { AskOptions } from "../ask.js";
import type { ClientModule } from "../config.js";
import type { ChatOf, Schema } from "../schema.js";
export interface ChatMessage<T = unknown> {
    msgId: string;
    roomId: string;
    userId: string;
    message: T;
    /** Milliseconds since 1970. */
    ts: number;
    clientMsgId?: string;
}
export interface ChatTyping {
    roomId: string;
    userId: string;
    connId: string;
    typing: boolean;
}
export interface ChatReceipt {
    userId: string;
    msgId: string;
    ts: number;
}
export interface ChatModuleApi<T> {
    /** Says something. With one's own `clientMsgId` it may be repeated after a failure: it is said once. */
    sendMessage(roomId: string, message: T, options?: AskOptions & {
        clientMsgId?: string;
    }): Promise<{
        msgId: string;
        ts: number;
    }>;
    /** The latest messages, or those before one of them; oldest first. */
    getHistory(roomId: string, limit?: number, options?: AskOptions & {
        before?: string;
    }): Promise<ChatMessage<T>[]>;
    /** The messages after a known one; `complete` is false if older ones are gone. */
    getSince(roomId: string, msgId: string, options?: AskOptions): Promise<{
        messages: ChatMessage<T>[];
        complete: boolean;
    }>;
    /** Says that one is typing, or no more; the server ends it after a while. */
    setTyping(roomId: string, typing: boolean, options?: AskOptions): Promise<void>;
    /** Says that one has read up to a message. */
    markRead(roomId: string, msgId: string, options?: AskOptions): Promise<void>;
    /** How far everyone has read. */
    getReceipts(roomId: string, options?: AskOptions): Promise<ChatReceipt[]>;
    /** Every message in this client's rooms, once and in order, one's own included. */
    onMessage(handler: (message: ChatMessage<T>) => void): () => void;
    /** After an outage some messages of a room could not be fetched: the history is longer than what is kept. */
    onGap(handler: (gap: {
        roomId: string;
    }) => void): () => void;
    onTyping(handler: (typing: ChatTyping) => void): () => void;
    onRead(handler: (read: {
        roomId: string;
        userId: string;
        msgId: string;
    }) => void): () => void;
}
export declare function createChatModule<S extends Schema = Schema>(): ClientModule & {
    api: ChatModuleApi<ChatOf<S>>;
};
//# sourceMappingURL=chat.d.ts.map