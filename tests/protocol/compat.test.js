// The calls of the Node project's own clients, as they made them: they work unchanged, and what they read is where it was.
import assert from "node:assert/strict";
import { test } from "node:test";
import { io } from "socket.io-client";
import { unique } from "./support/random.js";
import { serve } from "./support/server.js";
import { ANSWER_MS, Watch, within } from "./support/wait.js";

const server = await serve();

/** How the old SDK connected: WebSocket only, a connection of its own, the credentials in the query string. */
async function connect(t, query = { token: "secret", tenant: "acme" }) {
  const socket = io(server.url, { transports: ["websocket"], forceNew: true, reconnection: true, reconnectionAttempts: 5, query });
  t.after(() => socket.disconnect());
  const watch = new Watch();
  const events = [];
  socket.on("connect", () => watch.changed());
  socket.on("presence:event", (event) => {
    events.push(event);
    watch.changed();
  });
  await watch.until("a connection", () => socket.connected);
  const sees = (type, userId) => watch.until(`${type} of ${userId}`, () => events.find((event) => event.type === type && event.userId === userId));
  return { socket, events, sees };
}

function acked(emit, what) {
  return within(new Promise((resolve) => emit(resolve)), ANSWER_MS, what);
}

const join = (socket, payload) => acked((ack) => socket.emit("presence:join", payload, ack), "join");
const heartbeat = (socket, payload) => acked((ack) => socket.emit("presence:heartbeat", payload, ack), "heartbeat");

function assertHas(value, types) {
  for (const [field, type] of Object.entries(types)) assert.equal(typeof value[field], type, `${field} of ${JSON.stringify(value)}`);
}

test("join, heartbeat, patch and leave as the old client called them", async (t) => {
  const roomId = unique("room");
  const [ann, bob] = [await connect(t), await connect(t, {})];
  const first = await join(ann.socket, { roomId, userId: "ann", state: { typing: false } });
  assertHas(first, { ok: "boolean", snapshot: "object", self: "object" });
  assertHas(first.self, { connId: "string", epoch: "number" });
  const second = await join(bob.socket, { roomId, userId: "bob" });
  assert.equal(second.ok, true);
  assert.ok(Array.isArray(second.snapshot));
  for (const entry of second.snapshot) assertHas(entry, { connId: "string", userId: "string", state: "object", lastSeenMs: "number", epoch: "number" });

  const plain = await heartbeat(ann.socket, {});
  assert.deepEqual([plain.ok, plain.changed, plain.epoch], [true, false, first.self.epoch]);
  const patched = await heartbeat(ann.socket, { patchState: { typing: true }, epoch: first.self.epoch });
  assert.deepEqual([patched.ok, patched.changed, patched.epoch], [true, true, first.self.epoch]);
  const text = await heartbeat(ann.socket, { epoch: String(first.self.epoch) });
  assert.equal(text.ok, true, "the old server read numbers from text");

  const update = await bob.sees("update", "ann");
  assertHas(update, { type: "string", roomId: "string", userId: "string", connId: "string", state: "object", ts: "number", epoch: "number" });
  assert.deepEqual(update.state, { typing: true });
  assert.equal(update.connId, first.self.connId);

  const left = await acked((ack) => ann.socket.emit("presence:leave", null, ack), "leave");
  assert.equal(left.ok, true);
  const leave = await bob.sees("leave", "ann");
  assert.deepEqual([leave.state, leave.connId, leave.roomId], [null, first.self.connId, roomId]);
});

const LEAVES = {
  null: (socket, ack) => socket.emit("presence:leave", null, ack),
  undefined: (socket, ack) => socket.emit("presence:leave", undefined, ack),
  "the callback alone": (socket, ack) => socket.emit("presence:leave", ack),
};
for (const [what, leave] of Object.entries(LEAVES)) {
  test(`presence:leave with ${what}, joined or not`, async (t) => {
    const roomId = unique("room");
    const [ann, bob] = [await connect(t), await connect(t)];
    await join(bob.socket, { roomId, userId: "bob" });
    assert.deepEqual(await acked((ack) => leave(ann.socket, ack), "leave before join"), { ok: true });
    await join(ann.socket, { roomId, userId: "ann" });
    assert.deepEqual(await acked((ack) => leave(ann.socket, ack), "leave"), { ok: true });
    await bob.sees("leave", "ann");
    assert.deepEqual(await acked((ack) => leave(ann.socket, ack), "leave again"), { ok: true });
  });
}

test("without acks everything is done all the same", async (t) => {
  const roomId = unique("room");
  const [ann, bob] = [await connect(t), await connect(t)];
  await join(bob.socket, { roomId, userId: "bob" });
  ann.socket.emit("presence:join", { roomId, userId: "ann" });
  ann.socket.emit("presence:heartbeat", { patchState: { n: 1 } });
  ann.socket.emit("presence:leave", undefined);
  await bob.sees("leave", "ann");
  assert.deepEqual(bob.events.filter((event) => event.userId === "ann").map((event) => event.type), ["join", "update", "leave"]);
});

test("a roster kept the old way, by type alone, holds who is there", async (t) => {
  const roomId = unique("room");
  const watcher = await connect(t);
  const roster = new Map((await join(watcher.socket, { roomId, userId: "watcher" })).snapshot.map((entry) => [entry.connId, entry]));
  watcher.socket.on("presence:event", (event) => {
    if (event.type === "leave") roster.delete(event.connId);
    else roster.set(event.connId, event);
  });
  const others = await Promise.all(Array.from({ length: 6 }, () => connect(t)));
  await Promise.all(others.map(({ socket }, n) => join(socket, { roomId, userId: `user-${n}` })));
  await Promise.all(others.map(({ socket }, n) => heartbeat(socket, { patchState: { n } })));
  for (const { socket } of others.slice(0, 3)) socket.disconnect();
  for (const n of [0, 1, 2]) await watcher.sees("leave", `user-${n}`);
  const held = [...roster.values()].map(({ userId, state }) => [userId, state]).sort();
  assert.deepEqual(held, [["user-3", { n: 3 }], ["user-4", { n: 4 }], ["user-5", { n: 5 }], ["watcher", {}]]);
});

test("a refusal still has ok and a sentence in error", async (t) => {
  const { socket } = await connect(t);
  for (const payload of [{}, { roomId: "" , userId: "ann" }, { roomId: "room", userId: "ann", state: 5 }]) {
    const ack = await join(socket, payload);
    assert.equal(ack.ok, false);
    assert.equal(typeof ack.error, "string");
    assert.ok(!ack.error.includes("\n"), "one sentence, not a dump");
  }
});
