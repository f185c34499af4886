// Clients that all talk in one room, break off at random and come back; and the account that must add up afterwards.
import assert from "node:assert/strict";
import { random } from "./random.js";
import { eventually } from "./wait.js";

const LULL_MS = 60_000;
/** How many of a client's messages wait for their answers. */
const AT_ONCE = 8;
/** How often a client breaks off, of each message. */
const BREAKS = 1 / 150;

/** One user who talks, breaks off, comes back, repeats what was not answered, and asks for what it missed. */
class Talker {
  /** Everything heard, in order, each once. */
  heard = [];
  /** What the server said it has stored: `clientMsgId` to `msgId`. */
  acked = new Map();
  faults = [];
  breaks = 0;

  constructor(connect, room, userId, count) {
    Object.assign(this, { connect, room, userId });
    this.unsaid = Array.from({ length: count }, (_, n) => `${userId}-${n}`).reverse();
  }

  async enter() {
    const client = await this.connect();
    await client.join(this.room, this.userId);
    // From here on it hears everything; what it missed before comes from the store.
    const early = [];
    let caughtUp = false;
    let last = 0;
    const hear = (message) => {
      // What the server sends by itself comes once and in order, on every connection.
      if (position(message) <= last) this.faults.push(`${message.msgId} after ${last} on one connection`);
      last = position(message);
      if (caughtUp) this.#hear(message);
      else early.push(message);
    };
    for (const { name, args } of client.log) if (name === "chat:message") hear(args[0]);
    client.socket.on("chat:message", hear);
    this.client = client;
    for (;;) {
      const { ok, messages, complete } = await client.ask("chat:since", { roomId: this.room, msgId: this.heard.at(-1)?.msgId ?? "0-0" });
      assert.ok(ok && complete, "the history holds everything");
      if (messages.length === 0) break;
      for (const message of messages) this.#hear(message);
    }
    for (const message of early) this.#hear(message);
    caughtUp = true;
  }

  /** Ids rise: what is not above the last one was known from the store. */
  #hear({ msgId, userId, message, clientMsgId }) {
    if (this.heard.length > 0 && position({ msgId }) <= position(this.heard.at(-1))) return;
    this.heard.push({ msgId, userId, message, clientMsgId });
  }

  async talk() {
    await this.enter();
    while (this.unsaid.length > 0) {
      const some = this.unsaid.splice(-AT_ONCE);
      const saying = some.map((text) => this.#say(text));
      if (random() < BREAKS * some.length) await this.#breakOff();
      const done = await Promise.all(saying);
      this.unsaid.push(...some.filter((_, nth) => !done[nth]).reverse());
      if (this.client.socket.disconnected) await this.enter();
    }
  }

  async #breakOff() {
    this.breaks += 1;
    this.client.cut();
    await this.client.disconnected();
  }

  /** False if it is not known to be stored. */
  #say(text) {
    const { socket } = this.client;
    if (socket.disconnected) return false;
    return new Promise((resolve) => {
      const gone = () => resolve(false);
      socket.once("disconnect", gone);
      socket.emit("chat:send", { roomId: this.room, message: text, clientMsgId: text }, (ack) => {
        socket.off("disconnect", gone);
        if (ack.ok) this.acked.set(text, ack.msgId);
        else assert.ok(ack.retryable || ack.code === "not_present", JSON.stringify(ack));
        resolve(ack.ok);
      });
    });
  }
}

/** Where a message stands in its room. */
function position({ msgId }) {
  const [ms, place] = msgId.split("-").map(Number);
  return ms * 1024 + place;
}

/** `connect(nth)` gives the client with that number a new connection. */
export async function chatStorm({ connect, room, clients, messages }) {
  const talkers = Array.from({ length: clients }, (_, nth) => new Talker(() => connect(nth), room, `user-${nth}`, messages / clients));
  await Promise.all(talkers.map((talker) => talker.talk()));
  const all = (talker) => assert.ok(talker.heard.length >= messages, `${talker.userId} heard ${talker.heard.length}`);
  await eventually("everybody has heard everything", () => talkers.forEach(all), LULL_MS);
  const breaks = talkers.reduce((sum, talker) => sum + talker.breaks, 0);
  assert.ok(breaks >= clients / 2, `only ${breaks} clients broke off`);

  assert.deepEqual(talkers.flatMap(({ faults }) => faults), []);
  const [first, ...others] = talkers.map(({ heard }) => heard);
  assert.equal(first.length, messages, "none lost, none twice");
  assert.equal(new Set(first.map(({ message }) => message)).size, messages, "each once");
  assert.equal(new Set(first.map(({ msgId }) => msgId)).size, messages);
  const order = (heard) => heard.map(({ msgId, message }) => `${msgId} ${message}`).join();
  for (const other of others) assert.ok(order(other) === order(first), "one order for all");
  for (const { acked, userId } of talkers) {
    const said = first.filter((heard) => heard.userId === userId);
    for (const { message, msgId, clientMsgId } of said) {
      assert.equal(clientMsgId, message);
      assert.equal(acked.get(message), msgId, `${message} was answered with another id`);
    }
  }
  return { first, breaks };
}
