// Many rooms: on one socket, side by side, and a random crowd in them whose every view must add up.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clientsOf } from "./support/client.js";
import { below, pick, unique } from "./support/random.js";
import { assertRefused } from "./support/refusal.js";
import { serve } from "./support/server.js";

const server = await serve();

test("one socket has one presence in each of its rooms", async (t) => {
  const { connect } = clientsOf(t, server);
  const rooms = Array.from({ length: 20 }, () => unique("room"));
  const [ann, bob] = [await connect(), await connect()];
  const connIds = new Set();
  for (const room of rooms) {
    await bob.join(room, "bob");
    connIds.add((await ann.join(room, "ann", { state: { room } })).self.connId);
  }
  assert.equal(connIds.size, rooms.length, "a connId names one presence");
  for (const room of rooms) await ann.patch(room, { patched: room });
  for (const room of rooms) {
    const update = await bob.sees({ type: "update", roomId: room });
    assert.deepEqual(update.state, { room, patched: room });
  }
  assert.equal(bob.saw({ type: "update" }).length, rooms.length);
  ann.cut();
  for (const room of rooms) await bob.sees({ type: "leave", roomId: room, reason: "disconnected" });
});

test("one socket may be a different user in another room, but not in the same one", async (t) => {
  const { connect } = clientsOf(t, server);
  const [room, other] = [unique("room"), unique("room")];
  const [ann, bob] = [await connect(), await connect()];
  await bob.join(room, "bob");
  const { self } = await ann.join(room, "ann", { state: { a: 1 } });
  assertRefused(await ann.ask("presence:join", { roomId: room, userId: "eve", state: {} }), "forbidden");
  await ann.join(other, "eve");
  const { snapshot } = await bob.sync(room);
  const shown = snapshot.find((entry) => entry.connId === self.connId);
  assert.deepEqual([shown.userId, shown.epoch, shown.state], ["ann", self.epoch, { a: 1 }]);
});

test("a room hears nothing of another, however alike their names are", async (t) => {
  const { connect } = clientsOf(t, server);
  const base = unique("room");
  const alike = ["", "*", ":", "?", " ", "/", "{}", ":events", "%", "\u00e9", "e\u0301"].map((suffix) => base + suffix);
  const names = [...alike, base.toUpperCase(), `{${base}}`, `presence:${base}`, `room:${base}`];
  const members = [];
  for (const room of names) {
    const member = await connect();
    await member.join(room, room);
    members.push(member);
  }
  for (const [at, member] of members.entries()) await member.patch(names[at], { at });
  for (const [at, member] of members.entries()) {
    const { snapshot } = await member.sync(names[at]);
    assert.deepEqual(snapshot.map((entry) => entry.userId), [names[at]]);
    assert.deepEqual(member.log.map(({ args: [event] }) => event.roomId), [names[at], names[at]]);
  }
});

test("who has left a room hears it no more", async (t) => {
  const { connect } = clientsOf(t, server);
  const [room, other] = [unique("room"), unique("room")];
  const [ann, bob] = [await connect(), await connect()];
  for (const client of [ann, bob]) {
    await client.join(room, "ann");
    await client.join(other, "ann");
  }
  await bob.ask("presence:leave", { roomId: room });
  const from = bob.log.length;
  await ann.patch(room, { unheard: true });
  await ann.patch(other, { heard: true });
  await bob.sees({ type: "update", roomId: other });
  assert.deepEqual(bob.log.slice(from).map(({ args: [event] }) => event.roomId), [other]);
  assertRefused(await bob.ask("presence:heartbeat", { roomId: room }), "not_present");
});

test("a room that emptied starts afresh", async (t) => {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const ann = await connect();
  const first = await ann.join(room, "ann", { state: { old: true } });
  await ann.ask("presence:leave", { roomId: room });
  const bob = await connect();
  const second = await bob.join(room, "bob");
  assert.deepEqual(second.snapshot.map((entry) => entry.userId), ["bob"]);
  assert.ok(second.version > first.version);
  const third = await ann.join(room, "ann");
  assert.deepEqual(third.snapshot.find((entry) => entry.userId === "ann").state, {});
});

test("in a crowd that joins, patches, leaves and breaks off at random every view adds up", async (t) => {
  const { connect } = clientsOf(t, server);
  const rooms = [unique("room"), unique("room"), unique("room")];
  const witness = await connect();
  for (const room of rooms) await witness.join(room, "witness");
  const crowd = await Promise.all(Array.from({ length: 8 }, () => connect()));
  const answers = [];
  const ask = (client, name, payload) => answers.push(client.ask(name, payload).catch((error) => ({ cut: error.message })));
  const moves = [
    (client, room) => ask(client, "presence:join", { roomId: room, userId: "crowd", state: { n: below(9) } }),
    (client, room) => ask(client, "presence:join", { roomId: room, userId: "crowd" }),
    (client, room) => ask(client, "presence:heartbeat", { roomId: room, patchState: { n: below(9), [`k${below(4)}`]: below(2) } }),
    (client, room) => ask(client, "presence:heartbeat", { roomId: room, patchState: { n: below(3) } }),
    (client, room) => ask(client, "presence:leave", { roomId: room }),
    (client, room) => ask(client, "presence:sync", { roomId: room }),
  ];
  for (let round = 0; round < 60; round += 1) {
    for (const client of crowd) {
      for (let burst = below(4); burst > 0; burst -= 1) pick(moves)(client, pick(rooms));
    }
    await Promise.all(answers.splice(0));
    if (round % 20 === 19) {
      crowd.shift().cut();
      crowd.push(await connect());
    }
  }
  for (const client of crowd) {
    for (const room of rooms) {
      const joined = await client.join(room, "crowd");
      assert.equal(joined.ok, true);
      await client.sync(room);
    }
  }
  const connIds = async (client, room) => (await client.sync(room)).snapshot.map((entry) => entry.connId).sort();
  for (const room of rooms) {
    const seen = await connIds(witness, room);
    assert.equal(seen.length, crowd.length + 1);
    for (const client of crowd) assert.deepEqual(await connIds(client, room), seen);
  }
});
