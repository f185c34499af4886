// Every refusal that one node can give: its code, whether a retry helps, and the place or figure that explains it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clientsOf, TRANSPORTS } from "./support/client.js";
import { unique } from "./support/random.js";
import { assertBadRequest, assertRefused, assertTooLarge } from "./support/refusal.js";
import { serve } from "./support/server.js";
import { pause } from "./support/wait.js";

const server = await serve({ MAX_EVENTS_PER_SECOND: "20", MAX_EVENTS_BURST: "300" });

const CONTROLS = ["\u0000", "\n", "\t", "\u001b", "\u007f", "\u0085", "\u009f"];
const NO_IDS = [undefined, null, 5, true, "", [], {}, ["room"], ...CONTROLS.map((control) => `a${control}b`)];
const NO_OBJECTS = [null, 5, true, "text", [], [{}]];

const UNREADABLE_JOINS = [
  ...[undefined, null, 5, true, "room", [], ["room"]].map((payload) => ({ payload })),
  ...NO_IDS.map((roomId) => ({ payload: { roomId, userId: "ann" }, place: "roomId" })),
  ...NO_IDS.map((userId) => ({ payload: { roomId: "room", userId }, place: "userId" })),
  ...NO_OBJECTS.map((state) => ({ payload: { roomId: "room", userId: "ann", state }, place: "state" })),
];

for (const [name, options] of Object.entries(TRANSPORTS)) {
  test(`a join that cannot be read is a bad_request that names the place (${name})`, async (t) => {
    const { connect } = clientsOf(t, server);
    const ann = await connect(options);
    for (const { payload, place } of UNREADABLE_JOINS) {
      assertBadRequest(await ann.ask("presence:join", payload), place);
    }
    assertBadRequest(await ann.ask("presence:join"));
    assertRefused(await ann.ask("presence:heartbeat", null), "not_present");
  });
}

test("a heartbeat that cannot be read is a bad_request that names the place", async (t) => {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const ann = await connect();
  await ann.join(room, "ann", { state: { a: 1 } });
  for (const payload of [5, true, "text", [], [{}]]) assertBadRequest(await ann.ask("presence:heartbeat", payload));
  for (const patchState of NO_OBJECTS) assertBadRequest(await ann.ask("presence:heartbeat", { patchState }), "patchState");
  for (const epoch of [-1, 1.5, true, "", "soon", "1.5", "-1", [], {}, 1e300]) {
    assertBadRequest(await ann.ask("presence:heartbeat", { epoch, patchState: { a: 2 } }), "epoch");
  }
  for (const roomId of [5, true, "", [], {}, "a\nb"]) {
    assertBadRequest(await ann.ask("presence:heartbeat", { roomId, patchState: { a: 2 } }), "roomId");
  }
  assert.deepEqual((await ann.sync(room)).snapshot[0].state, { a: 1 });
});

test("a leave that cannot be read is a bad_request and leaves nothing", async (t) => {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const ann = await connect();
  await ann.join(room, "ann");
  for (const payload of [5, true, "text", [], [{}]]) assertBadRequest(await ann.ask("presence:leave", payload));
  for (const roomId of [5, true, "", [], {}, "a\nb"]) assertBadRequest(await ann.ask("presence:leave", { roomId }), "roomId");
  await ann.sync(room);
});

test("a refused join has joined nothing and told nobody", async (t) => {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const [bob, ann] = [await connect(), await connect()];
  await bob.join(room, "bob");
  await ann.ask("presence:join", { roomId: room, userId: "ann", state: null });
  await ann.ask("presence:join", { roomId: room, userId: "" });
  assert.equal((await bob.sync(room)).snapshot.length, 1);
  assert.equal(bob.log.length, 1);
});

test("an event that no module knows is refused where it asks for an ack, else ignored", async (t) => {
  const { connect } = clientsOf(t, server);
  const ann = await connect();
  for (const name of ["nobody:knows", "presence:event", "presence:lost", "presence:", "", "server:draining", "message", "ping", "__proto__", "💥"]) {
    ann.socket.emit(name, { roomId: "room" });
  }
  for (const name of ["nobody:knows", "presence:event", "presence:joins", "presence:JOIN", "constructor", ""]) {
    assertBadRequest(await ann.ask(name, { roomId: "room", userId: "ann" }));
  }
  assert.deepEqual(ann.log, []);
});

test("not_present: a heartbeat of a room one is not in", async (t) => {
  const { connect } = clientsOf(t, server);
  const ann = await connect();
  assertRefused(await ann.ask("presence:heartbeat", null), "not_present", { changed: false });
});

test("forbidden: another user on the same socket", async (t) => {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const ann = await connect();
  await ann.join(room, "ann");
  assertRefused(await ann.ask("presence:join", { roomId: room, userId: "eve" }), "forbidden");
});

test("stale_epoch tells the current one, unknown_epoch that there is no such", async (t) => {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const ann = await connect();
  await ann.join(room, "ann");
  const { self } = await ann.join(room, "ann");
  const beat = (epoch) => ann.ask("presence:heartbeat", { epoch });
  assertRefused(await beat(self.epoch - 1), "stale_epoch", { changed: false, epoch: self.epoch });
  assertRefused(await beat(self.epoch + 1), "unknown_epoch", { changed: false });

  const eve = await connect();
  const resume = { connId: self.connId, key: self.key, epoch: self.epoch };
  assertRefused(await eve.ask("presence:join", { roomId: room, userId: "ann", resume }), "stale_epoch", { epoch: self.epoch });
});

test("too_large: an id, a state", async (t) => {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const ann = await connect();
  assertTooLarge(await ann.ask("presence:join", { roomId: "x".repeat(257), userId: "ann" }), "MAX_ID_BYTES", 256);
  const state = { text: "x".repeat(262_145) };
  assertTooLarge(await ann.ask("presence:join", { roomId: room, userId: "ann", state }), "MAX_STATE_BYTES", 262_144);
});

test("rate_limited: tells when to try again, and then it works", async (t) => {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const ann = await connect();
  await ann.join(room, "ann");
  const acks = await Promise.all(Array.from({ length: 600 }, () => ann.ask("presence:heartbeat", null)));
  const refused = acks.filter((ack) => !ack.ok);
  assert.ok(refused.length > 0);
  for (const ack of refused) {
    assertRefused(ack, "rate_limited");
    assert.ok(Number.isFinite(ack.retryAfterMs) && ack.retryAfterMs > 0 && ack.retryAfterMs <= 60_000, `${ack.retryAfterMs}`);
  }
  await pause(Math.ceil(refused.at(-1).retryAfterMs));
  assert.equal((await ann.ask("presence:heartbeat", null)).ok, true);
});
