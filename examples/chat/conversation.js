// A group chat as a screen needs it: messages, who is typing, who has read what.
import { createChatModule } from "rtm-sdk/chat";

/** How many messages are fetched at first. */
const PAGE = 30;

export class Conversation {
  #chat;
  #roomId;
  #typing = new Map();
  #read = new Map();
  #offs;
  /** Oldest first, each once: `{ msgId, userId, message, ts }`. */
  messages = [];
  /** Called when anything of this has changed. */
  onChange = () => {};

  /** The client module: `client.use(module)` before `connect`. */
  static module = createChatModule;

  /** `chat` is the module's `api`; the room must have been joined. */
  constructor(chat, roomId) {
    this.#chat = chat;
    this.#roomId = roomId;
    const here = (handler) => (event) => {
      if (event.roomId !== roomId) return;
      handler(event);
      this.onChange();
    };
    this.#offs = [
      chat.onMessage(here((message) => this.#add([message]))),
      chat.onTyping(here(({ userId, connId, typing }) => (typing ? this.#typing.set(connId, userId) : this.#typing.delete(connId)))),
      chat.onRead(here(({ userId, msgId }) => this.#read.set(userId, msgId))),
    ];
  }

  /** Fetches what was said before. */
  async open() {
    const [history, receipts] = await Promise.all([this.#chat.getHistory(this.#roomId, PAGE), this.#chat.getReceipts(this.#roomId)]);
    this.#add(history);
    for (const { userId, msgId } of receipts) this.#read.set(userId, msgId);
    this.onChange();
  }

  /** Says something. Safe to repeat: with its own id it is said once, however often it is sent. */
  async say(text) {
    const clientMsgId = crypto.randomUUID();
    for (let tries = 0; ; tries += 1) {
      try {
        return await this.#chat.sendMessage(this.#roomId, { text }, { clientMsgId });
      } catch (error) {
        if (!error.retryable || tries === 3) throw error;
      }
    }
  }

  /** Says that one is typing; the server ends it when it is not said again. */
  type(typing = true) {
    return this.#chat.setTyping(this.#roomId, typing);
  }

  /** Everything that is shown has been read. */
  async markRead() {
    const last = this.messages.at(-1);
    if (last) await this.#chat.markRead(this.#roomId, last.msgId);
  }

  /** Users who are typing. */
  get typing() {
    return [...new Set(this.#typing.values())];
  }

  /** Users who have read up to a message, or further. */
  readBy(msgId) {
    return [...this.#read].filter(([, upTo]) => compare(upTo, msgId) >= 0).map(([userId]) => userId);
  }

  close() {
    for (const off of this.#offs) off();
  }

  #add(messages) {
    const known = new Set(this.messages.map(({ msgId }) => msgId));
    const fresh = messages.filter(({ msgId }) => !known.has(msgId));
    this.messages = [...this.messages, ...fresh].toSorted((a, b) => compare(a.msgId, b.msgId));
  }
}

/** A `msgId` is `<ms>-<place>`: two numbers. */
export function compare(a, b) {
  const [[ams, aplace], [bms, bplace]] = [a, b].map((id) => id.split("-").map(Number));
  return ams - bms || aplace - bplace;
}
