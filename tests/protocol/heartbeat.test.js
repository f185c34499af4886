// presence:heartbeat: patches, epochs, and the room it means.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clientsOf, TRANSPORTS } from "./support/client.js";
import { unique } from "./support/random.js";
import { assertBadRequest, assertRefused } from "./support/refusal.js";
import { serve } from "./support/server.js";

const server = await serve();

/** A watcher and a member of one room. */
async function pair(t, options) {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const [watcher, member] = [await connect(options), await connect(options)];
  await watcher.join(room, "watcher");
  const { self } = await member.join(room, "member", { state: { a: 1, nested: { x: 1, y: 2 }, list: [1] } });
  return { room, watcher, member, self };
}

for (const [name, options] of Object.entries(TRANSPORTS)) {
  test(`a heartbeat without a patch renews and tells nobody (${name})`, async (t) => {
    const { room, watcher, member, self } = await pair(t, options);
    for (const payload of [null, {}, undefined, { roomId: room }, { epoch: self.epoch }, { patchState: {} }]) {
      const ack = await member.ask("presence:heartbeat", payload);
      assert.deepEqual({ ok: ack.ok, changed: ack.changed, epoch: ack.epoch }, { ok: true, changed: false, epoch: self.epoch });
      assert.ok(!("code" in ack) && !("error" in ack), JSON.stringify(ack));
    }
    assert.equal((await member.ask("presence:heartbeat")).ok, true);
    // The patch is the next thing the watcher is told of after the join.
    await member.patch(room, { fence: true });
    await watcher.sees({ type: "update" });
    assert.deepEqual(watcher.saw({ userId: "member" }).map((event) => event.type), ["join", "update"]);
  });

  test(`a patch replaces top-level keys and everyone gets the full state (${name})`, async (t) => {
    const { room, watcher, member, self } = await pair(t, options);
    const ack = await member.patch(room, { a: 2, nested: { x: 3 }, b: null });
    assert.equal(ack.changed, true);
    assert.equal(ack.epoch, self.epoch);
    const state = { a: 2, nested: { x: 3 }, list: [1], b: null };
    for (const client of [watcher, member]) {
      const event = await client.sees({ type: "update" });
      assert.deepEqual(event.state, state);
      assert.deepEqual(Object.keys(event.state), ["a", "nested", "list", "b"]);
      assert.equal(event.version, ack.version);
      assert.equal(event.epoch, self.epoch);
      assert.equal(event.connId, self.connId);
      assert.equal(event.userId, "member");
    }
    await watcher.sync(room);
  });
}

test("a patch that changes nothing is told to nobody", async (t) => {
  const { room, watcher, member } = await pair(t);
  for (const same of [{ a: 1 }, { nested: { x: 1, y: 2 } }, { list: [1], a: 1 }]) {
    assert.equal((await member.patch(room, same)).changed, false, JSON.stringify(same));
  }
  const ack = await member.patch(room, { a: null });
  assert.equal(ack.changed, true);
  assert.equal((await member.patch(room, { a: null })).changed, false);
  await member.patch(room, { fence: true });
  await watcher.sees({ type: "update", state: { a: null, nested: { x: 1, y: 2 }, list: [1], fence: true } });
  assert.equal(watcher.saw({ type: "update" }).length, 2);
});

test("an epoch is a number or its decimal text, and left out means the current one", async (t) => {
  const { room, member, self } = await pair(t);
  for (const epoch of [self.epoch, String(self.epoch), null, undefined]) {
    const ack = await member.ask("presence:heartbeat", { roomId: room, epoch, patchState: { epoch: String(epoch) } });
    assert.deepEqual({ ok: ack.ok, epoch: ack.epoch }, { ok: true, epoch: self.epoch }, String(epoch));
  }
});

test("an older epoch is stale and changes nothing", async (t) => {
  const { room, watcher, member, self } = await pair(t);
  const again = await member.join(room, "member");
  for (const epoch of [self.epoch, String(self.epoch), 0]) {
    const ack = await member.ask("presence:heartbeat", { roomId: room, epoch, patchState: { stale: true } });
    assertRefused(ack, "stale_epoch", { changed: false, epoch: again.self.epoch });
  }
  const ack = await member.patch(room, { fence: true });
  assert.equal(ack.epoch, again.self.epoch);
  const update = await watcher.sees({ type: "update" });
  assert.equal(update.state.fence, true);
  assert.ok(!("stale" in update.state));
});

test("a higher epoch is unknown: a heartbeat cannot raise it", async (t) => {
  const { room, watcher, member, self } = await pair(t);
  for (const epoch of [self.epoch + 1, String(self.epoch + 1), Number.MAX_SAFE_INTEGER]) {
    const ack = await member.ask("presence:heartbeat", { roomId: room, epoch, patchState: { raised: true } });
    assertRefused(ack, "unknown_epoch", { changed: false });
  }
  assert.equal((await member.patch(room, { fence: true })).epoch, self.epoch);
  const update = await watcher.sees({ type: "update" });
  assert.ok(!("raised" in update.state));
});

test("a heartbeat before a join, after a leave or for another room is answered not_present", async (t) => {
  const { room, member } = await pair(t);
  const { connect } = clientsOf(t, server);
  const stranger = await connect();
  for (const payload of [null, {}, { roomId: room }, { patchState: { a: 1 } }, { roomId: room, patchState: { a: 1 } }]) {
    const ack = await stranger.ask("presence:heartbeat", payload);
    assertRefused(ack, "not_present", { changed: false });
  }
  assertRefused(await member.ask("presence:heartbeat", { roomId: unique("other") }), "not_present", { changed: false });
  await member.ask("presence:leave", { roomId: room });
  assertRefused(await member.ask("presence:heartbeat", { roomId: room }), "not_present", { changed: false });
  assertRefused(await member.ask("presence:heartbeat", null), "not_present", { changed: false });
});

test("in several rooms a patch must name its room, a bare heartbeat need not", async (t) => {
  const { room, watcher, member } = await pair(t);
  const other = unique("other");
  await member.join(other, "member");
  const bare = await member.ask("presence:heartbeat", null);
  assert.deepEqual({ ok: bare.ok, changed: bare.changed }, { ok: true, changed: false });
  assertBadRequest(await member.ask("presence:heartbeat", { patchState: { a: 9 } }), "roomId");
  await member.patch(other, { here: 1 });
  await member.patch(room, { fence: true });
  const update = await watcher.sees({ type: "update" });
  assert.equal(update.state.a, 1);
  assert.equal(update.state.fence, true);
  await member.sync(other);
});

test("a patch without an ack is performed", async (t) => {
  const { watcher, member } = await pair(t);
  member.socket.emit("presence:heartbeat", { patchState: { quiet: true } });
  const update = await watcher.sees({ type: "update" });
  assert.equal(update.state.quiet, true);
});
