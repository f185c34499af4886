// Chat in rooms: messages in one order for all, history, typing, receipts. What was said during an outage is fetched after it.
import type { AskOptions } from "../ask.js";
import type { ClientModule, ClientModuleContext } from "../config.js";
import { createEmitter } from "../emitter.js";
import type * as protocol from "../protocol.js";
import {
  CHAT_HISTORY,
  CHAT_MESSAGE,
  CHAT_READ,
  CHAT_RECEIPTS,
  CHAT_SEND,
  CHAT_SINCE,
  CHAT_TYPING,
  type ChatHistoryReply,
  type ChatHistoryRequest,
  type ChatRead,
  type ChatReadReply,
  type ChatReadRequest,
  type ChatReceipt,
  type ChatReceiptsReply,
  type ChatReceiptsRequest,
  type ChatSendReply,
  type ChatSendRequest,
  type ChatSinceReply,
  type ChatSinceRequest,
  type ChatTyping,
  type ChatTypingReply,
  type ChatTypingRequest,
} from "../protocol.js";
import type { ChatOf, Schema } from "../schema.js";
import { Backlog } from "./backlog.js";
import { call } from "./request.js";

/** Rooms whose latest message is remembered; a socket may be in as many. */
const ROOMS_MAX = 128;

/** What somebody said in a room. */
export interface ChatMessage<T = unknown> extends protocol.ChatMessage {
  message: T;
}

export interface ChatModuleApi<T> {
  /** Says something. With one's own `clientMsgId` it may be repeated after a failure: it is said once. */
  sendMessage(roomId: string, message: T, options?: AskOptions & { clientMsgId?: string }): Promise<{ msgId: string; ts: number }>;
  /** The latest messages, or those before one of them; oldest first. */
  getHistory(roomId: string, limit?: number, options?: AskOptions & { before?: string }): Promise<ChatMessage<T>[]>;
  /** The messages after a known one; `complete` is false if older ones are gone, `more` says that not all fit one answer. */
  getSince(roomId: string, msgId: string, options?: AskOptions): Promise<{ messages: ChatMessage<T>[]; complete: boolean; more: boolean }>;
  /** Says that one is typing, or no more; the server ends it after a while. */
  setTyping(roomId: string, typing: boolean, options?: AskOptions): Promise<void>;
  /** Says that one has read up to a message. */
  markRead(roomId: string, msgId: string, options?: AskOptions): Promise<void>;
  /** How far everyone has read. */
  getReceipts(roomId: string, options?: AskOptions): Promise<ChatReceipt[]>;
  /** Every message in this client's rooms, once and in order, one's own included. */
  onMessage(handler: (message: ChatMessage<T>) => void): () => void;
  /** After an outage some messages of a room could not be fetched: the history is longer than what is kept. */
  onGap(handler: (gap: { roomId: string }) => void): () => void;
  onTyping(handler: (typing: ChatTyping) => void): () => void;
  onRead(handler: (read: ChatRead) => void): () => void;
}

export type { ChatRead, ChatReceipt, ChatTyping };

export function createChatModule<S extends Schema = Schema>(): ClientModule & { api: ChatModuleApi<ChatOf<S>> } {
  type Message = ChatMessage<ChatOf<S>>;
  let context: ClientModuleContext | undefined;
  const handlers = createEmitter(() => context?.logger);
  const backlogs = new Map<string, Backlog<Message>>();

  const ask = <Reply extends { ok: true }, Request>(event: string, request: Request, options?: AskOptions) => call<Reply>(context, event, request, options);
  const since = async (roomId: string, msgId: string, options?: AskOptions) => {
    const { messages, complete, more = false } = await ask<ChatSinceReply, ChatSinceRequest>(CHAT_SINCE, { roomId, msgId }, options);
    return { messages: messages as Message[], complete, more };
  };

  const api: ChatModuleApi<ChatOf<S>> = {
    async sendMessage(roomId, message, { clientMsgId, ...options } = {}) {
      const request = { roomId, message, ...(clientMsgId !== undefined && { clientMsgId }) };
      const { msgId, ts } = await ask<ChatSendReply, ChatSendRequest>(CHAT_SEND, request, options);
      return { msgId, ts };
    },
    async getHistory(roomId, limit = 50, { before, ...options } = {}) {
      const request = { roomId, limit, ...(before !== undefined && { before }) };
      return (await ask<ChatHistoryReply, ChatHistoryRequest>(CHAT_HISTORY, request, options)).messages as Message[];
    },
    getSince: since,
    async setTyping(roomId, typing, options) {
      await ask<ChatTypingReply, ChatTypingRequest>(CHAT_TYPING, { roomId, typing }, options);
    },
    async markRead(roomId, msgId, options) {
      await ask<ChatReadReply, ChatReadRequest>(CHAT_READ, { roomId, msgId }, options);
    },
    async getReceipts(roomId, options) {
      return (await ask<ChatReceiptsReply, ChatReceiptsRequest>(CHAT_RECEIPTS, { roomId }, options)).receipts;
    },
    onMessage: (handler) => handlers.add("message", handler),
    onGap: (handler) => handlers.add("gap", handler),
    onTyping: (handler) => handlers.add("typing", handler),
    onRead: (handler) => handlers.add("read", handler),
  };

  return {
    name: "chat",
    api,
    onConnected(connected) {
      context = connected;
      context.socket.on(CHAT_MESSAGE, heard);
      context.socket.on(CHAT_TYPING, (typing: ChatTyping) => handlers.fire("typing", typing));
      context.socket.on(CHAT_READ, (read: ChatRead) => handlers.fire("read", read));
      // The channels have asked to join again before this, and the server answers in order.
      for (const [roomId, backlog] of backlogs) void catchUp(roomId, backlog);
    },
    onShutdown() {
      handlers.clear();
      backlogs.clear();
    },
  };

  function heard(message: Message): void {
    const { roomId } = message;
    const backlog = backlogs.get(roomId) ?? new Backlog<Message>((known) => handlers.fire("message", known));
    backlogs.delete(roomId);
    backlogs.set(roomId, backlog);
    for (const oldest of backlogs.keys()) if (backlogs.size > ROOMS_MAX) backlogs.delete(oldest);
    backlog.hear(message);
  }

  async function catchUp(roomId: string, backlog: Backlog<Message>): Promise<void> {
    const fetched: Message[] = [];
    let known: string | undefined = backlog.hold();
    try {
      while (known !== undefined) {
        const { messages, complete, more } = await since(roomId, known);
        if (!complete) handlers.fire("gap", { roomId });
        fetched.push(...messages);
        known = more ? messages.at(-1)?.msgId : undefined;
      }
    } catch (error) {
      // The room was left meanwhile, or this connection has ended too.
      context?.logger.debug(`Not caught up with chat in ${roomId}`, error);
    }
    backlog.release(fetched);
  }
}
