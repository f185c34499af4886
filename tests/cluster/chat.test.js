// Chat over nodes that share one Redis: one order for all, nothing lost, nothing twice, whatever breaks; and what is kept outlives the nodes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { pick, unique } from "../protocol/support/random.js";
import { chatStorm } from "../protocol/support/storm.js";
import { eventually } from "../protocol/support/wait.js";
import { cluster, PUBLISHINGS } from "./support/cluster.js";

const LONG = { CHAT_MAX_HISTORY: "10000", PRESENCE_TTL_MS: "600000" };

for (const publishing of PUBLISHINGS) {
  test(`10,000 messages of 50 clients on two nodes: none lost, none twice, one order for all (${publishing})`, async (t) => {
    const all = await cluster(t, { publishing, env: LONG });
    await chatStorm({ connect: () => all.connect(pick(all.nodes)), room: unique("storm"), clients: 50, messages: 10_000 });
  });
}

test("what is said while the channels of the nodes are cut is heard all the same, once and in order", async (t) => {
  const all = await cluster(t, { env: LONG });
  // Presence is repaired too, and its rosters are checked elsewhere.
  let cuts = 0;
  let stop = false;
  const cutting = all.redis.with(async (resp) => {
    while (!stop) {
      cuts += Number(await resp.ask("CLIENT", "KILL", "TYPE", "pubsub"));
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
  });
  try {
    await chatStorm({ connect: (nth) => all.connect(all.nodes[nth % 2], { track: false }), room: unique("storm"), clients: 20, messages: 4_000 });
  } finally {
    stop = true;
    await cutting;
  }
  assert.ok(cuts >= 6, `only ${cuts} channels were cut`);
});

test("a last message that was lost on its way is heard all the same", async (t) => {
  const all = await cluster(t);
  const room = unique("room");
  const [ann, bob] = [await all.connect(all.nodes[0]), await all.connect(all.nodes[1])];
  await ann.join(room, "ann");
  await bob.join(room, "bob");
  // As a node's script leaves it when its message reaches nobody.
  await all.redis.with(async (resp) => {
    const ack = await ann.ask("chat:send", { roomId: room, message: "heard" });
    await bob.hears("chat:message", { message: "heard" });
    const [stream] = (await resp.ask("KEYS", "*")).filter((key) => key.endsWith(`:chat:${room}`));
    const names = stream.replace(":chat:", ":chat-names:");
    const [ms, place] = ack.msgId.split("-").map(Number);
    const [prev, next] = [ms * 1024 + place, ms * 1024 + place + 1];
    await resp.ask("XADD", stream, `${ms}-${place + 1}`, "b", JSON.stringify({ user: "ann", message: "lost" }), "p", `${prev}`, "n", "");
    await resp.ask("HSET", names, "last", `${next}`);
  });
  for (const client of [ann, bob]) await client.hears("chat:message", { message: "lost" }, 10_000);
  await ann.ask("chat:send", { roomId: room, message: "next" });
  for (const client of [ann, bob]) {
    await client.hears("chat:message", { message: "next" });
    assert.deepEqual(client.heard("chat:message").map(({ message }) => message), ["heard", "lost", "next"]);
  }
});

test("what cannot be read in a room's stream keeps nothing else from being heard, there or elsewhere", async (t) => {
  const all = await cluster(t);
  const [room, spoilt, other] = [unique("room"), unique("spoilt"), unique("other")];
  const [ann, bob] = [await all.connect(all.nodes[0]), await all.connect(all.nodes[1])];
  for (const at of [room, spoilt, other]) for (const [user, client] of [["ann", ann], ["bob", bob]]) await client.join(at, user);
  const say = async (roomId, message) => {
    const ack = await ann.ask("chat:send", { roomId, message });
    assert.equal(ack.ok, true, JSON.stringify(ack));
    return ack.msgId;
  };
  const hear = async (roomId, message) => {
    for (const client of [ann, bob]) await client.hears("chat:message", { roomId, message }, 10_000);
  };
  for (const at of [room, spoilt, other]) await hear(at, (await say(at, "first"), "first"));
  await all.redis.with(async (resp) => {
    const keys = await resp.ask("KEYS", "*");
    const keyOf = (kind, at) => keys.find((key) => key.endsWith(`:of-room:${kind}:${at}`));
    // More than one page of them, and some that are no messages at all.
    for (let nth = 0; nth < 12; nth += 1) await resp.ask("XADD", keyOf("chat", room), "*", "b", "x".repeat(100_000), "p", "1", "n", "");
    await resp.ask("XADD", keyOf("chat", room), "*", "what", "ever");
    await resp.ask("SET", keyOf("chat-names", spoilt), "x");
    await resp.ask("CLIENT", "KILL", "TYPE", "pubsub");
  });
  await hear(room, (await say(room, "second"), "second"));
  const { messages } = await bob.ask("chat:history", { roomId: room });
  assert.equal(messages.at(-1).message, "second");
  assert.equal((await ann.ask("chat:send", { roomId: spoilt, message: "x" })).code, "unavailable");
  // A last message that is lost: rooms are compared with the store, beside one that cannot be.
  await all.redis.with(async (resp) => {
    const ms = Date.now() + 1;
    const key = (await resp.ask("KEYS", "*")).find((found) => found.endsWith(`:chat:${other}`));
    await resp.ask("XADD", key, `${ms}-0`, "b", JSON.stringify({ user: "ann", message: "lost" }), "p", "0", "n", "");
    await resp.ask("HSET", key.replace(":chat:", ":chat-names:"), "last", `${ms * 1024}`);
  });
  await hear(other, "lost");
});

test("the history outlives all nodes, and goes on in order", async (t) => {
  const all = await cluster(t, { env: { CHAT_MAX_HISTORY: "7" } });
  const room = unique("room");
  const say = (client, message) => client.ask("chat:send", { roomId: room, message, clientMsgId: `m${message}` });
  const ann = await all.connect(all.nodes[0]);
  await ann.join(room, "ann");
  const acks = [];
  for (let n = 0; n < 10; n += 1) acks.push(await say(ann, n));
  await ann.ask("chat:read", { roomId: room, msgId: acks[8].msgId });
  const ask = async (client) => (await client.ask("chat:history", { roomId: room, limit: 100 })).messages;
  const kept = await ask(ann);
  assert.deepEqual(kept.map(({ message }) => message), [3, 4, 5, 6, 7, 8, 9]);
  await Promise.all(all.nodes.map((node) => node.stop()));
  await Promise.all([all.start(0), all.start(1)]);
  const bob = await all.connect(all.nodes[1]);
  await bob.join(room, "ann");
  assert.deepEqual(await ask(bob), kept);
  assert.deepEqual(await say(bob, 9), acks[9], "it is known under that name");
  const next = await say(bob, 10);
  assert.deepEqual((await ask(bob)).map(({ msgId }) => msgId), [...kept.slice(1).map(({ msgId }) => msgId), next.msgId]);
  assert.deepEqual((await say(bob, 3)).ok, true, "a name that is forgotten is free");
  const { receipts } = await bob.ask("chat:receipts", { roomId: room });
  assert.deepEqual(receipts, [{ userId: "ann", msgId: acks[8].msgId, ts: acks[8].ts }]);
});

test("rooms that are silent for the retention are forgotten", async (t) => {
  const all = await cluster(t, { nodes: 1, env: { CHAT_RETENTION_MS: "1000" } });
  const ann = await all.connect(all.nodes[0]);
  await ann.join("room", "ann");
  const { msgId } = await ann.ask("chat:send", { roomId: "room", message: "soon gone", clientMsgId: "x" });
  await ann.ask("chat:read", { roomId: "room", msgId });
  await all.redis.with(async (resp) => {
    const left = async () => (await resp.ask("KEYS", "*")).filter((key) => key.includes(":chat"));
    assert.equal((await left()).length, 3);
    await eventually("nothing is left", async () => assert.deepEqual(await left(), []));
  });
  const { complete, messages } = await ann.ask("chat:since", { roomId: "room", msgId });
  assert.deepEqual([complete, messages], [false, []]);
  await ann.ask("chat:send", { roomId: "room", message: "new" });
  await ann.hears("chat:message", { message: "new" });
});

test("typing and reading are told on all nodes; typing ends when the typist's connection or node is killed", async (t) => {
  const all = await cluster(t, { nodes: 3, env: { CHAT_TYPING_MS: "3000" } });
  const room = unique("room");
  const bob = await all.connect(all.nodes[1]);
  await bob.join(room, "bob");
  const type = async (node) => {
    const ann = await all.connect(node);
    const { self: { connId } } = await ann.join(room, "ann");
    assert.deepEqual(await ann.ask("chat:typing", { roomId: room, typing: true }), { ok: true });
    await bob.hears("chat:typing", { connId, userId: "ann", typing: true });
    return { ann, connId, ends: () => bob.hears("chat:typing", { connId, typing: false }) };
  };
  const one = await type(all.nodes[0]);
  const { msgId } = await one.ann.ask("chat:send", { roomId: room, message: "x" });
  await one.ann.ask("chat:read", { roomId: room, msgId });
  await bob.hears("chat:read", { userId: "ann", msgId });
  const began = performance.now();
  one.ann.cut();
  await one.ends();
  assert.ok(performance.now() - began < 2_000, "at once, not by its time");
  const two = await type(all.nodes[2]);
  await all.crash(all.nodes[2]);
  await two.ends();
});
