// presence:leave, and the other ways out of a room that a client has.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clientsOf, TRANSPORTS } from "./support/client.js";
import { Polling } from "./support/http.js";
import { unique } from "./support/random.js";
import { RawSocket } from "./support/raw.js";
import { assertRefused } from "./support/refusal.js";
import { serve } from "./support/server.js";

const server = await serve();

async function pair(t, options) {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const [watcher, member] = [await connect(), await connect(options)];
  await watcher.join(room, "watcher");
  const { self } = await member.join(room, "member", { state: { a: 1 } });
  return { room, watcher, member, self };
}

for (const [name, options] of Object.entries(TRANSPORTS)) {
  test(`a leave is told to the others with its reason, and not to the leaver (${name})`, async (t) => {
    const { room, watcher, member, self } = await pair(t, options);
    assert.deepEqual(await member.ask("presence:leave", { roomId: room }), { ok: true });
    const told = await watcher.sees({ type: "leave" });
    const { connId, userId, state, reason, epoch } = told;
    assert.deepEqual({ connId, userId, state, reason, epoch }, { connId: self.connId, userId: "member", state: null, reason: "left", epoch: self.epoch });
    // A join of the same socket comes back behind anything else that was sent to it.
    const again = await member.join(room, "member");
    assert.equal(member.saw({ type: "leave" }).length, 0);
    await watcher.sees({ type: "join", connId: again.self.connId, epoch: again.self.epoch });
    assert.deepEqual(watcher.roster(room).users(), ["member", "watcher"]);
  });
}

const FORMS = { null: [null], undefined: [undefined], "an empty object": [{}], nothing: [] };
for (const [name, args] of Object.entries(FORMS)) {
  test(`a leave with ${name} leaves every room of the socket`, async (t) => {
    const { room, watcher, member } = await pair(t);
    const other = unique("other");
    await watcher.join(other, "watcher");
    await member.join(other, "member");
    assert.deepEqual(await member.ask("presence:leave", ...args), { ok: true });
    for (const roomId of [room, other]) await watcher.sees({ type: "leave", roomId, userId: "member", reason: "left" });
    assertRefused(await member.ask("presence:heartbeat", null), "not_present");
  });
}

test("a leave of one room keeps the others", async (t) => {
  const { room, watcher, member } = await pair(t);
  const other = unique("other");
  await watcher.join(other, "watcher");
  await member.join(other, "member");
  assert.deepEqual(await member.ask("presence:leave", { roomId: room }), { ok: true });
  await watcher.sees({ type: "leave", roomId: room });
  await member.patch(other, { still: "here" });
  await watcher.sees({ type: "update", roomId: other });
  assert.deepEqual(watcher.saw({ type: "leave" }).map((event) => event.roomId), [room]);
  assert.equal((await watcher.sync(other)).snapshot.length, 2);
});

test("there may be nothing to leave", async (t) => {
  const { connect } = clientsOf(t, server);
  const { room, watcher } = await pair(t);
  const stranger = await connect();
  for (const payload of [null, undefined, {}, { roomId: room }, { roomId: unique("nowhere") }]) {
    assert.deepEqual(await stranger.ask("presence:leave", payload), { ok: true });
  }
  assert.equal((await watcher.sync(room)).snapshot.length, 2);
  assert.equal(watcher.saw({ type: "leave" }).length, 0);
});

test("a leave without an ack is performed", async (t) => {
  const { watcher, member } = await pair(t);
  member.socket.emit("presence:leave");
  const told = await watcher.sees({ type: "leave" });
  assert.equal(told.reason, "left");
});

test("a left presence changes nothing any more", async (t) => {
  const { room, watcher, member, self } = await pair(t);
  await member.ask("presence:leave", null);
  const late = await member.ask("presence:heartbeat", { roomId: room, epoch: self.epoch, patchState: { late: 1 } });
  assert.deepEqual([late.ok, late.changed], [false, false]);
  assert.ok(["not_present", "stale_epoch"].includes(late.code), late.code);
  await watcher.patch(room, { fence: true });
  await watcher.sees({ type: "update" });
  assert.deepEqual(watcher.saw({ userId: "member" }).map((event) => event.type), ["join", "leave"]);
});

for (const [name, options] of Object.entries(TRANSPORTS)) {
  test(`a client that disconnects leaves at once (${name})`, async (t) => {
    const { watcher, member, self } = await pair(t, options);
    member.close();
    const told = await watcher.sees({ type: "leave" });
    assert.equal(told.connId, self.connId);
    assert.ok(["left", "disconnected"].includes(told.reason), told.reason);
  });
}

test("a client whose stream breaks leaves at once as disconnected", async (t) => {
  const { room, watcher, member, self } = await pair(t);
  const other = unique("other");
  await watcher.join(other, "watcher");
  await member.join(other, "member");
  member.cut();
  const told = await watcher.sees({ type: "leave", roomId: room });
  assert.deepEqual({ connId: told.connId, reason: told.reason }, { connId: self.connId, reason: "disconnected" });
  await watcher.sees({ type: "leave", roomId: other, reason: "disconnected" });
});

test("an Engine.IO close packet ends the presence, over either transport", async (t) => {
  const { room, watcher } = await pair(t);
  const raw = await RawSocket.enter(server);
  await raw.ask("presence:join", { roomId: room, userId: "raw" });
  raw.send("1");
  await watcher.sees({ type: "leave", userId: "raw" });
  await raw.closes();

  const polling = await (await Polling.open(server)).enter();
  await polling.ask("presence:join", { roomId: room, userId: "polling" });
  await polling.send("1");
  await watcher.sees({ type: "leave", userId: "polling" });
});
