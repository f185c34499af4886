// Who is online, across tabs and devices; notifications that wait for who is not; and a feed of what happened.
import { compare } from "../chat/conversation.js";

/** How many entries of the feed are shown. */
const FEED_MAX = 50;

/** Users who are online, and on how many devices: `[{ userId, devices }]`, in the order of their names. */
export function whoIsOnline(channel) {
  const members = [...channel.members.values()].map(({ userId, connections }) => ({ userId, devices: connections.length }));
  return members.toSorted((a, b) => (a.userId < b.userId ? -1 : 1));
}

/** Calls `handler` with `(userId, online)` when a user's first device comes, or the last one goes. */
export function onPresence(channel, handler) {
  return channel.on("members", ({ joined, left }) => {
    for (const { userId } of joined) handler(userId, true);
    for (const { userId } of left) handler(userId, false);
  });
}

/** The room of a user's notifications. With identity, give each user the right `history` in this room alone, and the backend `publish`. */
export const inboxOf = (userId) => `inbox:${userId}`;

/**
 * A list of entries that outlives its readers: a chat room whose messages are entries. Joined by whoever reads or adds; how far a user has
 * read is the same on all devices.
 */
export class Feed {
  #chat;
  #roomId;
  #userId;
  #readUpTo = "0-0";
  #offs;
  /** Oldest first: `{ msgId, userId, message, ts }`. */
  entries = [];
  /** Called when an entry came, or others were read. */
  onChange = () => {};

  /** `chat` is the API of the chat module; `roomId` has been joined as `userId`. */
  constructor(chat, roomId, userId) {
    this.#chat = chat;
    this.#roomId = roomId;
    this.#userId = userId;
    this.#offs = [
      chat.onMessage((entry) => entry.roomId === roomId && this.#add([entry])),
      chat.onRead((read) => read.roomId === roomId && read.userId === userId && this.#read(read.msgId)),
    ];
  }

  /** Fetches what happened before. */
  async open() {
    const [entries, receipts] = await Promise.all([this.#chat.getHistory(this.#roomId, FEED_MAX), this.#chat.getReceipts(this.#roomId)]);
    const own = receipts.find(({ userId }) => userId === this.#userId);
    if (own) this.#read(own.msgId);
    this.#add(entries);
  }

  add(entry) {
    return this.#chat.sendMessage(this.#roomId, entry, { clientMsgId: crypto.randomUUID() });
  }

  /** Entries of others that this user has read on no device. */
  get unread() {
    return this.entries.filter(({ msgId, userId }) => userId !== this.#userId && compare(msgId, this.#readUpTo) > 0);
  }

  async markRead() {
    const last = this.entries.at(-1);
    if (!last) return;
    await this.#chat.markRead(this.#roomId, last.msgId);
    this.#read(last.msgId);
  }

  close() {
    for (const off of this.#offs) off();
  }

  #read(msgId) {
    if (compare(msgId, this.#readUpTo) > 0) this.#readUpTo = msgId;
    this.onChange();
  }

  #add(entries) {
    const known = new Set(this.entries.map(({ msgId }) => msgId));
    const fresh = entries.filter(({ msgId }) => !known.has(msgId));
    this.entries = [...this.entries, ...fresh].toSorted((a, b) => compare(a.msgId, b.msgId)).slice(-FEED_MAX);
    this.onChange();
  }
}
