// presence:join with `resume`: an earlier presence goes on from a new socket.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clientsOf } from "./support/client.js";
import { unique } from "./support/random.js";
import { assertBadRequest, assertRefused } from "./support/refusal.js";
import { serve } from "./support/server.js";

const server = await serve();

/** A watcher, a member with a presence, and a second socket of the member's user that has joined nothing. */
async function scene(t) {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const [watcher, old, next] = [await connect(), await connect(), await connect()];
  await watcher.join(room, "watcher");
  const { self } = await old.join(room, "ann", { state: { mood: "calm", n: 1 } });
  const resume = (epoch) => ({ connId: self.connId, key: self.key, ...(epoch === undefined ? {} : { epoch }) });
  const told = async () => {
    const ack = await watcher.patch(room, { fence: unique("fence") });
    await watcher.sees({ type: "update", version: ack.version });
    return watcher.saw({ userId: "ann" }).map(({ type, connId, epoch }) => ({ type, connId, epoch }));
  };
  return { connect, room, watcher, old, next, self, resume, told };
}

test("a resume keeps connId and state, takes the asked epoch and is one join to the others", async (t) => {
  const { room, watcher, old, next, self, resume, told } = await scene(t);
  const ack = await next.join(room, "ann", { resume: resume(self.epoch + 5) });
  assert.equal(ack.self.connId, self.connId);
  assert.equal(ack.self.epoch, self.epoch + 5);
  assert.equal(typeof ack.self.key, "string");
  assert.equal(ack.snapshot.length, 2);
  assert.deepEqual(ack.snapshot.find((entry) => entry.userId === "ann").state, { mood: "calm", n: 1 });
  const join = { type: "join", connId: self.connId };
  assert.deepEqual(await told(), [{ ...join, epoch: self.epoch }, { ...join, epoch: self.epoch + 5 }]);

  assert.deepEqual(await old.hears("presence:lost"), { roomId: room, connId: self.connId, reason: "replaced" });
  assert.equal((await next.patch(room, { n: 2 })).epoch, self.epoch + 5);
  await watcher.sync(room);
  await next.sync(room);
});

test("a resume with a state replaces it", async (t) => {
  const { room, watcher, next, self, resume } = await scene(t);
  await next.join(room, "ann", { state: { fresh: true }, resume: resume(self.epoch + 1) });
  const event = await watcher.sees({ type: "join", userId: "ann", epoch: self.epoch + 1 });
  assert.deepEqual(event.state, { fresh: true });
});

test("without an epoch a resume takes the next one", async (t) => {
  const { room, next, self, resume } = await scene(t);
  const ack = await next.join(room, "ann", { resume: resume() });
  assert.deepEqual([ack.self.connId, ack.self.epoch], [self.connId, self.epoch + 1]);
});

test("the old socket is fenced: it hears nothing and nothing it does counts", async (t) => {
  const { room, watcher, old, next, self, resume, told } = await scene(t);
  await next.join(room, "ann", { resume: resume(self.epoch + 1) });
  await old.hears("presence:lost");
  const before = await told();
  const heard = old.log.length;

  const patch = { roomId: room, patchState: { zombie: true } };
  for (const payload of [null, { roomId: room }, patch, { ...patch, epoch: self.epoch }]) {
    const ack = await old.ask("presence:heartbeat", payload);
    assert.deepEqual([ack.ok, ack.changed], [false, false], JSON.stringify(ack));
    assert.ok(["stale_epoch", "not_present"].includes(ack.code), ack.code);
  }
  assert.deepEqual(await old.ask("presence:leave", { roomId: room }), { ok: true });
  assert.deepEqual(await told(), before);
  await old.ask("presence:leave", null);
  assert.equal(old.log.length, heard, "a fenced socket still hears the room");

  old.cut();
  assert.deepEqual(await told(), before);
  assert.equal((await next.patch(room, { alive: true })).changed, true);
  const update = await watcher.sees({ type: "update", userId: "ann" });
  assert.deepEqual(update.state, { mood: "calm", n: 1, alive: true });
});

test("a fenced socket cannot join its way back into the presence", async (t) => {
  const { room, watcher, old, next, self, resume } = await scene(t);
  await next.join(room, "ann", { resume: resume(self.epoch + 1) });
  await old.hears("presence:lost");
  const ack = await old.ask("presence:join", { roomId: room, userId: "ann", state: { zombie: true } });
  if (ack.ok) assert.notEqual(ack.self.connId, self.connId);
  else assertRefused(ack, "not_present");
  const shown = (await watcher.sync(room)).snapshot.find((entry) => entry.connId === self.connId);
  assert.deepEqual([shown.epoch, shown.state], [self.epoch + 1, { mood: "calm", n: 1 }]);
  assert.equal((await next.patch(room, { n: 2 })).epoch, self.epoch + 1);
});

test("a resume that asks for no higher epoch is stale and fences nobody", async (t) => {
  const { room, old, next, self, resume, told } = await scene(t);
  const before = await told();
  for (const epoch of [self.epoch, self.epoch - 1, 0]) {
    const ack = await next.ask("presence:join", { roomId: room, userId: "ann", resume: resume(epoch) });
    assertRefused(ack, "stale_epoch", { epoch: self.epoch });
  }
  assert.deepEqual(await told(), before);
  assert.equal((await old.patch(room, { n: 2 })).changed, true);
  assert.equal(old.heard("presence:lost").length, 0);
});

test("a late copy of a resume cannot win over the socket that resumed since", async (t) => {
  const { connect, room, next, self, resume } = await scene(t);
  const late = await connect();
  await next.join(room, "ann", { resume: resume(self.epoch + 2) });
  for (const epoch of [self.epoch + 1, self.epoch + 2]) {
    const ack = await late.ask("presence:join", { roomId: room, userId: "ann", resume: resume(epoch) });
    assertRefused(ack, "stale_epoch", { epoch: self.epoch + 2 });
  }
  assert.equal((await next.patch(room, { n: 2 })).ok, true);
});

test("an epoch may be asked for up to a million ahead", async (t) => {
  const { connect, room, next, self, resume } = await scene(t);
  const far = { roomId: room, userId: "ann", resume: resume(self.epoch + 1_000_001) };
  assertBadRequest(await next.ask("presence:join", far), "epoch");
  const ack = await next.join(room, "ann", { resume: resume(self.epoch + 1_000_000) });
  assert.equal(ack.self.epoch, self.epoch + 1_000_000);
  const third = await connect();
  const again = { connId: ack.self.connId, key: ack.self.key, epoch: ack.self.epoch + 1 };
  assert.equal((await third.join(room, "ann", { resume: again })).self.epoch, ack.self.epoch + 1);
});

const STRANGERS = {
  "a wrong key": (self) => ["ann", { connId: self.connId, key: otherThan(self.key), epoch: self.epoch + 1 }],
  "an unknown connId": (self) => ["ann", { connId: unique("nobody"), key: self.key, epoch: self.epoch + 1 }],
  "another user": (self) => ["eve", { connId: self.connId, key: self.key, epoch: self.epoch + 1 }],
};
function otherThan(key) {
  return `${key.startsWith("0") ? "1" : "0"}${key.slice(1)}`;
}

for (const [what, by] of Object.entries(STRANGERS)) {
  test(`a resume with ${what} is a fresh join and takes nothing over`, async (t) => {
    const { room, watcher, old, next, self } = await scene(t);
    const [userId, resume] = by(self);
    const ack = await next.join(room, userId, { state: { mine: true }, resume });
    assert.notEqual(ack.self.connId, self.connId);
    assert.equal(ack.snapshot.length, 3);
    assert.equal((await old.patch(room, { n: 2 })).epoch, self.epoch);
    assert.equal(old.heard("presence:lost").length, 0);
    await watcher.sync(room);
  });
}

test("a presence whose stream broke is remembered and can be resumed", async (t) => {
  const { room, watcher, old, next, self, resume, told } = await scene(t);
  old.cut();
  await watcher.sees({ type: "leave", reason: "disconnected" });
  const ack = await next.join(room, "ann", { resume: resume(self.epoch + 1) });
  assert.equal(ack.self.connId, self.connId);
  assert.deepEqual((await told()).map((event) => event.type), ["join", "leave", "join"]);
  const event = await watcher.sees({ type: "join", userId: "ann", epoch: self.epoch + 1 });
  assert.deepEqual(event.state, { mood: "calm", n: 1 });
});

test("a presence that was left cannot be resumed", async (t) => {
  const { room, old, next, self, resume } = await scene(t);
  await old.ask("presence:leave", null);
  const ack = await next.join(room, "ann", { resume: resume(self.epoch + 1) });
  assert.notEqual(ack.self.connId, self.connId);
  assert.deepEqual(ack.snapshot.find((entry) => entry.userId === "ann").state, {});
});

test("a socket that is in the room already just joins again", async (t) => {
  const { room, old, next, self, resume } = await scene(t);
  const own = await next.join(room, "ann");
  const ack = await next.join(room, "ann", { resume: resume(self.epoch + 1) });
  assert.equal(ack.self.connId, own.self.connId);
  assert.equal((await old.patch(room, { n: 2 })).epoch, self.epoch);
});

test("a resume that cannot be read is refused", async (t) => {
  const { room, next, self } = await scene(t);
  const { connId, key } = self;
  const shapes = ["yes", 5, [], {}, { connId }, { key }, { connId: 5, key }, { connId, key: {} }];
  const epochs = [-1, 1.5, "soon", {}].map((epoch) => ({ connId, key, epoch }));
  for (const resume of [...shapes, ...epochs]) {
    assertBadRequest(await next.ask("presence:join", { roomId: room, userId: "ann", resume }));
  }
});

test("nobody but its owner is ever sent a key", async (t) => {
  const { room, watcher, next, self, resume } = await scene(t);
  const resumed = await next.join(room, "ann", { resume: resume(self.epoch + 1) });
  const { snapshot } = await watcher.sync(room);
  const seen = JSON.stringify([watcher.log, snapshot, resumed.snapshot]);
  assert.ok(seen.includes(self.connId));
  assert.ok(!seen.includes(self.key) && !seen.includes(resumed.self.key));
  assert.ok(self.key.length >= 16, "a key that can be guessed");
});
