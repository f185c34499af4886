// Chat in one process: who may speak and read, what is kept, who hears what, and that nothing is ever answered with everything.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clientsOf, TRANSPORTS } from "./support/client.js";
import { unique } from "./support/random.js";
import { assertBadRequest, assertRefused, assertTooLarge } from "./support/refusal.js";
import { serve } from "./support/server.js";
import { chatStorm } from "./support/storm.js";
import { SECRET, token } from "./support/tokens.js";

const HISTORY = 20;
const TYPING_MS = 400;
const server = await serve({ CHAT_MAX_HISTORY: `${HISTORY}`, CHAT_TYPING_MS: `${TYPING_MS}`, MAX_CHAT_BYTES: "1000" });

async function say(client, roomId, message, more = {}) {
  const ack = await client.ask("chat:send", { roomId, message, ...more });
  assert.equal(ack.ok, true, JSON.stringify(ack));
  return ack;
}

async function history(client, roomId, more = {}) {
  const ack = await client.ask("chat:history", { roomId, ...more });
  assert.equal(ack.ok, true, JSON.stringify(ack));
  return ack.messages;
}

const texts = (messages) => messages.map(({ message }) => message);

for (const [name, options] of Object.entries(TRANSPORTS)) {
  test(`a message reaches every member once, its sender included (${name})`, async (t) => {
    const { connect } = clientsOf(t, server);
    const room = unique("room");
    const [ann, bob, eve] = [await connect(options), await connect(options), await connect(options)];
    await ann.join(room, "ann");
    await bob.join(room, "bob");
    await eve.join(unique("room"), "eve");
    const message = { text: "hi", n: [1.0, 1e21], "": null };
    const { msgId, ts } = await say(ann, room, message, { clientMsgId: "one" });
    assert.ok(Math.abs(Date.now() - ts) < 60_000);
    for (const member of [ann, bob]) {
      const heard = await member.hears("chat:message", { msgId });
      assert.deepEqual(heard, { msgId, roomId: room, userId: "ann", message, ts, clientMsgId: "one" });
      assert.equal(member.heard("chat:message").length, 1);
    }
    assert.deepEqual(await history(bob, room), ann.heard("chat:message"));
    await say(bob, room, "hello");
    await ann.hears("chat:message", { message: "hello" });
    assert.deepEqual(eve.heard("chat:message"), []);
  });
}

test("only members send and read, and rights hold for every event", async (t) => {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const [ann, eve] = [await connect(), await connect()];
  await ann.join(room, "ann");
  const { msgId } = await say(ann, room, "secret");
  const asks = {
    "chat:send": { message: "x" }, "chat:history": {}, "chat:since": { msgId: "0-0" },
    "chat:typing": { typing: true }, "chat:read": { msgId }, "chat:receipts": {},
  };
  for (const [event, payload] of Object.entries(asks)) {
    assertRefused(await eve.ask(event, { roomId: room, ...payload }), "not_present");
  }
  await eve.join(room, "eve");
  await eve.ask("presence:leave", { roomId: room });
  for (const [event, payload] of Object.entries(asks)) {
    assertRefused(await eve.ask(event, { roomId: room, ...payload }), "not_present");
  }
  const closed = await serve({ AUTH_JWT_SECRET: SECRET });
  const { connect: enter } = clientsOf(t, closed);
  const rights = { "chat:send": "publish", "chat:typing": "publish", "chat:history": "history", "chat:since": "history", "chat:read": "history", "chat:receipts": "history" };
  for (const right of ["publish", "history"]) {
    const claims = { sub: "ann", rtm: { rooms: { [room]: ["join", right] } } };
    const client = await enter({ auth: { token: token(claims) } });
    assert.equal((await client.ask("presence:join", { roomId: room })).ok, true);
    for (const [event, payload] of Object.entries(asks)) {
      const ack = await client.ask(event, { roomId: room, ...payload });
      if (rights[event] === right) assert.equal(ack.ok, true, `${event} with ${right}: ${JSON.stringify(ack)}`);
      else assertRefused(ack, "forbidden");
    }
  }
});

test("a repeated clientMsgId is stored and sent once, per user", async (t) => {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const [ann, bob] = [await connect(), await connect()];
  await ann.join(room, "ann");
  await bob.join(room, "bob");
  const [one, again, other] = await Promise.all([
    say(ann, room, "one", { clientMsgId: "c" }), say(ann, room, "other text", { clientMsgId: "c" }), say(bob, room, "bob's", { clientMsgId: "c" }),
  ]);
  assert.deepEqual(again, one);
  assert.notEqual(other.msgId, one.msgId);
  const messages = await history(ann, room);
  assert.deepEqual(texts(messages).sort(), ["bob's", "one"]);
  await bob.hears("chat:message", { message: "bob's" });
  await bob.hears("chat:message", { message: "one" });
  assert.deepEqual(bob.heard("chat:message"), messages);
});

test("the history is exact, in order, and read from the end", async (t) => {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const ann = await connect();
  await ann.join(room, "ann");
  const acks = await Promise.all(Array.from({ length: HISTORY + 5 }, (_, n) => say(ann, room, n)));
  const all = await history(ann, room, { limit: 1_000_000 });
  assert.deepEqual(texts(all), Array.from({ length: HISTORY }, (_, n) => n + 5));
  assert.deepEqual(all.map(({ msgId }) => msgId), acks.slice(5).map(({ msgId }) => msgId));
  assert.deepEqual(texts(await history(ann, room, { limit: 3 })), [22, 23, 24]);
  const earlier = await history(ann, room, { limit: 3, before: all.at(-3).msgId });
  assert.deepEqual(texts(earlier), [19, 20, 21]);
  assert.deepEqual(await history(ann, room, { before: all[0].msgId }), []);

  const since = (msgId) => ann.ask("chat:since", { roomId: room, msgId });
  const kept = await since(all[0].msgId);
  assert.deepEqual([kept.complete, texts(kept.messages)], [true, Array.from({ length: HISTORY - 1 }, (_, n) => n + 6)]);
  assert.equal((await since(acks[4].msgId)).complete, true, "just before the oldest");
  assert.equal((await since(acks[3].msgId)).complete, false, "one between is gone");
  assert.deepEqual(await since(all.at(-1).msgId), { ok: true, messages: [], complete: true });
  // What was never said.
  assert.equal((await since("8796093022207-0")).complete, false);
});

test("a room in which nobody spoke is empty", async (t) => {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const ann = await connect();
  await ann.join(room, "ann");
  assert.deepEqual(await history(ann, room), []);
  assert.deepEqual(await ann.ask("chat:since", { roomId: room, msgId: "0-0" }), { ok: true, messages: [], complete: true });
  assert.deepEqual(await ann.ask("chat:receipts", { roomId: room }), { ok: true, receipts: [] });
  assert.deepEqual(await ann.ask("chat:read", { roomId: room, msgId: "8796093022207-0" }), { ok: true });
  assert.deepEqual(await ann.ask("chat:receipts", { roomId: room }), { ok: true, receipts: [] });
});

test("limit 0, negative and other nonsense get a coded error, never everything", async (t) => {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const ann = await connect();
  await ann.join(room, "ann");
  const { msgId } = await say(ann, room, "one");
  for (const limit of [0, -1, -0, 1.5, "10", null, [], {}, true, 1e300, "Infinity"]) {
    assertBadRequest(await ann.ask("chat:history", { roomId: room, limit }), "limit");
  }
  for (const bad of ["", "x", "1", "-1-0", "1-1024", "0x1-0", `${msgId} `, "1e9-0", 5, null, {}, "9".repeat(300)]) {
    for (const [event, field] of [["chat:history", "before"], ["chat:since", "msgId"], ["chat:read", "msgId"]]) {
      const ack = await ann.ask(event, { roomId: room, [field]: bad });
      assert.equal(ack.ok, false, `${event} ${JSON.stringify(bad)}: ${JSON.stringify(ack)}`);
      assert.ok(["bad_request", "too_large"].includes(ack.code), JSON.stringify(ack));
    }
  }
  for (const event of ["chat:send", "chat:history", "chat:since", "chat:typing", "chat:read", "chat:receipts"]) {
    for (const payload of [undefined, null, 5, "x", [], [{ roomId: room }], {}, { roomId: 5 }, { roomId: "" }, { roomId: "a\u0000" }, { roomId: [room] }]) {
      const ack = payload === undefined ? await ann.ask(event) : await ann.ask(event, payload);
      assertBadRequest(ack);
    }
    assertTooLarge(await ann.ask(event, { roomId: "x".repeat(257) }), "MAX_ID_BYTES", 256);
  }
  for (const typing of [undefined, null, 0, 1, "true"]) assertBadRequest(await ann.ask("chat:typing", { roomId: room, typing }), "typing");
  assertBadRequest(await ann.ask("chat:send", { roomId: room }), "message");
  assertBadRequest(await ann.ask("chat:send", { roomId: room, message: 1, clientMsgId: 5 }), "clientMsgId");
  // Without a usable ack function the event is still performed.
  ann.socket.emit("chat:send", { roomId: room, message: "unasked" });
  await ann.hears("chat:message", { message: "unasked" });
});

test("MAX_CHAT_BYTES", async (t) => {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const ann = await connect();
  await ann.join(room, "ann");
  await say(ann, room, "x".repeat(998));
  assertTooLarge(await ann.ask("chat:send", { roomId: room, message: "x".repeat(999) }), "MAX_CHAT_BYTES", 1000);
  assert.equal((await history(ann, room)).length, 1);
});

test("an answer fits the send queue, and the rest can be asked for", async (t) => {
  const narrow = await serve({ MAX_QUEUE_BYTES: "20000" });
  const { connect } = clientsOf(t, narrow);
  const room = unique("room");
  const ann = await connect();
  await ann.join(room, "ann");
  const first = await say(ann, room, 0);
  for (let n = 1; n <= 20; n += 1) await say(ann, room, n + "x".repeat(1_000));
  const page = await history(ann, room, { limit: 100 });
  assert.ok(page.length < 20 && page.length > 2, `${page.length}`);
  assert.match(page.at(-1).message, /^20x/);
  let [known, pages, heard] = [first.msgId, 0, []];
  for (;;) {
    const { messages, complete } = await ann.ask("chat:since", { roomId: room, msgId: known });
    assert.equal(complete, true);
    if (messages.length === 0) break;
    heard.push(...messages);
    known = messages.at(-1).msgId;
    pages += 1;
  }
  assert.ok(pages > 1);
  assert.deepEqual(heard, ann.heard("chat:message").slice(1));
});

test("typing is told to others, ends by itself, on demand, with the place and with the connection", async (t) => {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const bob = await connect();
  await bob.join(room, "bob");
  const ended = async (how) => {
    const ann = await connect();
    const { self } = await ann.join(room, "ann");
    const typist = { roomId: room, userId: "ann", connId: self.connId };
    assert.deepEqual(await ann.ask("chat:typing", { roomId: room, typing: true }), { ok: true });
    assert.deepEqual(await ann.ask("chat:typing", { roomId: room, typing: true }), { ok: true });
    assert.deepEqual(await bob.hears("chat:typing", { ...typist, typing: true }), { ...typist, typing: true });
    const began = performance.now();
    await how(ann);
    await bob.hears("chat:typing", { ...typist, typing: false });
    assert.deepEqual(bob.heard("chat:typing", { connId: self.connId }).map(({ typing }) => typing), [true, false]);
    assert.deepEqual(ann.heard("chat:typing"), [], "the typist is told nothing");
    return performance.now() - began;
  };
  assert.ok((await ended(async () => {})) > TYPING_MS / 2);
  await ended((ann) => ann.ask("chat:typing", { roomId: room, typing: false }));
  await ended((ann) => ann.ask("presence:leave", { roomId: room }));
  await ended(async (ann) => ann.cut());
});

test("typing ends with its connection while the presence lingers", async (t) => {
  const lingering = await serve({ PRESENCE_LINGER_MS: "60000", CHAT_TYPING_MS: "60000" });
  const { connect } = clientsOf(t, lingering);
  const [ann, bob] = [await connect(), await connect()];
  await ann.join("room", "ann");
  await bob.join("room", "bob");
  await ann.ask("chat:typing", { roomId: "room", typing: true });
  await bob.hears("chat:typing", { typing: true });
  ann.cut();
  await bob.hears("chat:typing", { typing: false });
  assert.deepEqual(bob.saw({ type: "leave" }), []);
});

test("read positions are per user and never go back", async (t) => {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const [ann, ann2, bob] = [await connect(), await connect(), await connect()];
  await ann.join(room, "ann");
  await ann2.join(room, "ann");
  await bob.join(room, "bob");
  const [one, two] = [await say(bob, room, 1), await say(bob, room, 2)];
  const read = async (client, msgId) => assert.deepEqual(await client.ask("chat:read", { roomId: room, msgId }), { ok: true });
  await read(ann, one.msgId);
  await read(ann, two.msgId);
  await read(ann2, one.msgId);
  await read(bob, "8796093022207-0");
  for (const other of [ann2, bob]) await other.hears("chat:read", { roomId: room, userId: "ann", msgId: two.msgId });
  await ann.hears("chat:read", { userId: "bob", msgId: two.msgId });
  assert.deepEqual(bob.heard("chat:read").map(({ msgId }) => msgId), [one.msgId, two.msgId]);
  assert.deepEqual(ann.heard("chat:read", { userId: "ann" }), []);
  const { receipts } = await bob.ask("chat:receipts", { roomId: room });
  assert.deepEqual(receipts, ["ann", "bob"].map((userId) => ({ userId, msgId: two.msgId, ts: two.ts })));
});

test("a newcomer's history and the messages it hears leave no gap", async (t) => {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const ann = await connect();
  await ann.join(room, "ann");
  let stop = false;
  const saying = (async () => {
    for (let n = 0; !stop; n += 1) await say(ann, room, n);
  })();
  try {
    for (let round = 0; round < 20; round += 1) {
      const newcomer = await connect();
      await newcomer.join(room, "new");
      const known = await history(newcomer, room, { limit: 5 });
      await newcomer.until("more messages", () => newcomer.heard("chat:message").length > 5);
      const heard = newcomer.heard("chat:message").map(({ message }) => message);
      const from = known.at(-1)?.message ?? -1;
      assert.ok(heard[0] <= from + 1, `history up to ${from}, heard from ${heard[0]}`);
      heard.forEach((n, nth) => assert.equal(n, heard[0] + nth));
      newcomer.close();
    }
  } finally {
    stop = true;
    await saying;
  }
});

test("a member of one room sees and reaches no other by any event, whatever rooms are called", async (t) => {
  const { connect } = clientsOf(t, server);
  const [home, away] = [await connect(), await connect()];
  const names = [unique("b"), home.socket.id, `chat:${unique("a")}`, "/", "", "room*", "{0}", "chat-channel", "#"].filter(Boolean);
  const mine = unique("a");
  await home.join(mine, "home");
  for (const room of names) await away.join(room, "away");
  const secret = unique("secret");
  const said = {};
  for (const room of names) said[room] = (await say(away, room, secret)).msgId;
  for (const room of names) {
    for (const [event, payload] of [
      ["chat:send", { message: "intruder" }], ["chat:history", {}], ["chat:history", { before: "8796093022207-0", limit: 100 }],
      ["chat:since", { msgId: "0-0" }], ["chat:typing", { typing: true }], ["chat:read", { msgId: said[room] }], ["chat:receipts", {}],
      ["presence:sync", {}], ["presence:heartbeat", { patchState: { intruder: 1 } }],
    ]) {
      const ack = await home.ask(event, { roomId: room, ...payload });
      assert.equal(ack.ok, false, `${event} in ${room}: ${JSON.stringify(ack)}`);
    }
  }
  assert.deepEqual(await history(home, mine, { before: said[names[0]] }), []);
  await away.join(mine, "away");
  await say(away, mine, "done");
  await home.hears("chat:message", { message: "done" });
  assert.ok(!JSON.stringify(home.log).includes(secret));
  assert.ok(!JSON.stringify(away.log).includes("intruder"));
});

test("10,000 messages of 50 clients that break off at random: none lost, none twice, one order for all", async (t) => {
  const large = await serve({ CHAT_MAX_HISTORY: "10000", CHAT_MEMORY_BYTES: "100000000", PRESENCE_TTL_MS: "600000" });
  const { connect } = clientsOf(t, large);
  await chatStorm({ connect: () => connect(), room: unique("storm"), clients: 50, messages: 10_000 });
});
