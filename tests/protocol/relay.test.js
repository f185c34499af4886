// The relay: an application's own events by their plain names, to the other members of the sender's room and to nobody else.
import assert from "node:assert/strict";
import { test } from "node:test";
import { io } from "socket.io-client";
import { clientsOf } from "./support/client.js";
import { unique } from "./support/random.js";
import { assertBadRequest, assertRefused, assertTooLarge } from "./support/refusal.js";
import { serve, Server } from "./support/server.js";
import { SECRET, token } from "./support/tokens.js";
import { within } from "./support/wait.js";

const RELAY = { RELAY_EVENTS: "cursor:move, draw", MAX_RELAY_BYTES: "500", RELAY_EVENTS_PER_SECOND: "1000" };
const server = await serve(RELAY);

/** A stock client and what it is sent of an event, as lists of arguments. */
export function member(t, on, event = "cursor:move") {
  const socket = io(on.url, { transports: ["websocket"], forceNew: true });
  const heard = [];
  const waiting = new Set();
  socket.on(event, (...args) => {
    heard.push(args);
    for (const check of waiting) check();
  });
  t.after(() => socket.disconnect());
  const until = (count) => within(new Promise((resolve) => {
    const check = () => heard.length >= count && resolve(heard);
    waiting.add(check);
    check();
  }), 5_000, `${count} of ${event}`);
  const join = async (roomId, userId) => (await socket.emitWithAck("presence:join", { roomId, userId })).self.connId;
  return { socket, heard, until, join };
}

test("an event goes to the other members under its own name, with its sender", async (t) => {
  const room = unique("room");
  const [ann, bob, cid, eve] = [member(t, server), member(t, server), member(t, server), member(t, server)];
  const connId = await ann.join(room, "ann");
  await bob.join(room, "bob");
  await cid.join(room, "cid");
  await eve.join(unique("room"), "eve");
  const sent = [{ x: 1, y: 1.5 }, 5, "text", [1, [2]], null, { "roomid": 5 }];
  for (const payload of sent) assert.deepEqual(await ann.socket.emitWithAck("cursor:move", payload), { ok: true });
  ann.socket.emit("cursor:move");
  const expected = [...sent, null].map((payload) => [payload, { roomId: room, userId: "ann", connId }]);
  for (const other of [bob, cid]) assert.deepEqual(await other.until(expected.length), expected);
  await bob.socket.emitWithAck("cursor:move", "back");
  await ann.until(1);
  assert.deepEqual(ann.heard.map(([payload]) => payload), ["back"], "not its own");
  assert.deepEqual(eve.heard, []);
});

test("in several rooms the payload names one; a room one is not in is not reached", async (t) => {
  const [one, two, other] = ["one", "two", "other"].map(unique);
  const [ann, bob, cid, eve] = [member(t, server), member(t, server), member(t, server), member(t, server)];
  const ask = (payload) => ann.socket.emitWithAck("cursor:move", payload);
  assertRefused(await ask({ x: 1 }), "not_present");
  await ann.join(one, "ann");
  await ann.join(two, "ann");
  await bob.join(one, "bob");
  await cid.join(two, "cid");
  await eve.join(other, "eve");
  assertBadRequest(await ask({ x: 1 }), "roomId");
  assertBadRequest(await ask("x"), "roomId");
  for (const roomId of [5, null, {}, "", "a\u0000"]) assertBadRequest(await ask({ roomId }), "roomId");
  assertRefused(await ask({ roomId: other }), "not_present");
  assertRefused(await ask({ roomId: eve.socket.id }), "not_present");
  assert.deepEqual(await ask({ roomId: two, x: 1 }), { ok: true });
  assert.deepEqual((await cid.until(1))[0][0], { roomId: two, x: 1 });
  assert.deepEqual([bob.heard, eve.heard], [[], []]);
});

test("limits and rights of relayed events", async (t) => {
  const room = unique("room");
  const { connect } = clientsOf(t, server);
  const ann = await connect();
  await ann.join(room, "ann");
  assert.deepEqual(await ann.ask("draw", "x".repeat(498)), { ok: true });
  assertTooLarge(await ann.ask("draw", "x".repeat(499)), "MAX_RELAY_BYTES", 500);
  assertBadRequest(await ann.ask("draw", 1, 2));
  assertBadRequest(await ann.ask("not:listed", {}));
  await ann.ask("presence:leave", null);
  assertRefused(await ann.ask("draw", {}), "not_present");

  const slow = await serve({ ...RELAY, RELAY_EVENTS_PER_SECOND: "5", AUTH_JWT_SECRET: SECRET });
  const enter = clientsOf(t, slow).connect;
  const rtm = { rooms: { [room]: ["join", "publish"], quiet: ["join", "history"] } };
  const bob = await enter({ auth: { token: token({ sub: "bob", rtm }) } });
  for (const roomId of [room, "quiet"]) await bob.ask("presence:join", { roomId });
  assertRefused(await bob.ask("draw", { roomId: "quiet" }), "forbidden");
  const acks = await Promise.all(Array.from({ length: 30 }, () => bob.ask("draw", { roomId: room })));
  const refused = acks.filter(({ ok }) => !ok);
  assert.ok(refused.length >= 20, `${refused.length}`);
  for (const ack of refused) {
    assertRefused(ack, "rate_limited");
    assert.ok(ack.retryAfterMs > 0 && ack.retryAfterMs <= 1_000);
  }
  // Other events of the connection are not held up by that.
  assert.equal((await bob.ask("presence:heartbeat", { roomId: room })).ok, true);
});

test("events of the server are not put on the list", async () => {
  for (const name of ["presence:event", "chat:message", "auth:refresh", "server:draining", "disconnect", "a,,b"]) {
    const refused = new Server({ RELAY_EVENTS: name });
    await refused.exited;
    assert.equal(refused.exit.code, 2, name);
    assert.match(refused.stderr, /RELAY_EVENTS/);
  }
});
