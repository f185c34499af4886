// presence:join: who is told what, in which order.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clientsOf, TRANSPORTS } from "./support/client.js";
import { unique } from "./support/random.js";
import { RawSocket } from "./support/raw.js";
import { serve } from "./support/server.js";

const server = await serve();

for (const [name, options] of Object.entries(TRANSPORTS)) {
  test(`a newcomer finds everyone in the snapshot and everyone is told of it (${name})`, async (t) => {
    const { connect } = clientsOf(t, server);
    const room = unique("room");
    const ann = await connect(options);
    const bob = await connect(options);
    const before = Date.now();
    const first = await ann.join(room, "ann", { state: { mood: "calm" } });
    const second = await bob.join(room, "bob");

    assert.deepEqual(Object.keys(second).sort(), ["ok", "self", "snapshot", "ttlMs", "version"]);
    assert.deepEqual(Object.keys(second.self).sort(), ["connId", "epoch", "key"]);
    assert.equal(second.ttlMs, 30_000);
    assert.ok(Number.isSafeInteger(second.version) && second.version > first.version);
    assert.equal(first.snapshot.length, 1);
    assert.deepEqual(second.snapshot.map((entry) => entry.userId).sort(), ["ann", "bob"]);
    for (const entry of second.snapshot) {
      assert.deepEqual(Object.keys(entry).sort(), ["connId", "epoch", "lastSeenMs", "state", "userId"]);
      assert.ok(entry.lastSeenMs >= before - 1_000 && entry.lastSeenMs <= Date.now() + 1_000, `${entry.lastSeenMs}`);
    }
    const shown = second.snapshot.find((entry) => entry.userId === "ann");
    assert.deepEqual(
      { connId: shown.connId, epoch: shown.epoch, state: shown.state },
      { connId: first.self.connId, epoch: first.self.epoch, state: { mood: "calm" } },
    );

    const told = await ann.sees({ type: "join", userId: "bob" });
    assert.equal(told.connId, second.self.connId);
    assert.equal(told.epoch, second.self.epoch);
    assert.equal(told.version, second.version);
    assert.equal(told.prev, first.version);
    assert.deepEqual(told.state, {});
    assert.ok(Math.abs(told.ts - Date.now()) < 10_000, `${told.ts} is not now`);
    await ann.sync(room);
    await bob.sync(room);
  });
}

test("the joiner hears its own join once, and not after its ack", async (t) => {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const ann = await connect();
  let heardBeforeAck;
  ann.socket.emit("presence:join", { roomId: room, userId: "ann" }, () => (heardBeforeAck = ann.saw({ type: "join" }).length));
  // The patch comes back behind everything that the join can have caused.
  await ann.patch(room, { seen: true });
  await ann.sees({ type: "update" });
  assert.equal(heardBeforeAck, 1);
  assert.deepEqual(ann.log.map(({ args: [event] }) => event.type), ["join", "update"]);
  await ann.join(room, "ann");
});

test("two sockets of one user are two presences", async (t) => {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const [desk, phone] = [await connect(), await connect()];
  const one = await desk.join(room, "ann");
  const two = await phone.join(room, "ann");
  assert.notEqual(one.self.connId, two.self.connId);
  assert.notEqual(one.self.key, two.self.key);
  assert.equal(two.snapshot.length, 2);
  phone.close();
  const gone = await desk.sees({ type: "leave" });
  assert.equal(gone.connId, two.self.connId);
  assert.deepEqual(desk.roster(room).users(), ["ann"]);
});

test("joining the room one is in keeps connId, raises the epoch and replaces only a given state", async (t) => {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const [ann, bob] = [await connect(), await connect()];
  await bob.join(room, "bob");
  const first = await ann.join(room, "ann", { state: { a: 1, b: 2 } });
  const kept = await ann.join(room, "ann");
  const replaced = await ann.join(room, "ann", { state: { c: 3 } });

  assert.equal(kept.self.connId, first.self.connId);
  assert.equal(replaced.self.connId, first.self.connId);
  assert.ok(first.self.epoch < kept.self.epoch && kept.self.epoch < replaced.self.epoch);
  assert.equal(replaced.snapshot.length, 2);
  await bob.sees({ type: "join", userId: "ann", epoch: replaced.self.epoch });
  const joins = bob.saw({ type: "join", userId: "ann" });
  assert.deepEqual(joins.map((event) => event.state), [{ a: 1, b: 2 }, { a: 1, b: 2 }, { c: 3 }]);
  assert.deepEqual(joins.map((event) => event.epoch), [first, kept, replaced].map((ack) => ack.self.epoch));
  assert.equal(ann.saw({ type: "join", userId: "ann" }).length, 3);
  assert.equal(bob.saw({ type: "leave" }).length, 0);
  await bob.sync(room);
});

test("numbers and the order of keys stay as they were sent", async (t) => {
  const room = unique("room");
  const reader = await RawSocket.enter(server);
  const writer = await RawSocket.enter(server);
  t.after(() => [reader, writer].forEach((raw) => raw.cut()));
  await reader.ask("presence:join", { roomId: room, userId: "reader" });

  const state = '{"z":1.0,"10":12345678901234567890,"2":-0.0,"a":1e3,"deep":{"y":0.10,"b":[1.50,{}]}}';
  await writer.ask("presence:join", `{"roomId":"${room}","userId":"writer","state":${state}}`);
  await reader.until((text) => text.includes('"type":"join"') && text.includes(state));

  await writer.ask("presence:heartbeat", '{"patchState":{"a":2.50e+1,"new":7.0}}');
  const patched = state.replace('"a":1e3', '"a":2.50e+1').replace(/}$/, ',"new":7.0}');
  await reader.until((text) => text.includes('"type":"update"') && text.includes(patched));
});

test("ids of any legal character are kept as they are", async (t) => {
  const { connect } = clientsOf(t, server);
  const plain = ["{}", "*", ":", " ", "a b", "[?*]", "{a}:b", "../..", "%00", '"\\', "ａ", "👩‍👩‍👧 é", "\u2028\ufeff"];
  const names = ["__proto__", "constructor", "toString", "é".repeat(128), "x".repeat(256)];
  for (const id of [...plain, ...names]) {
    const [watcher, joiner] = [await connect(), await connect()];
    await watcher.join(id, "watcher");
    const ack = await joiner.join(id, id, { state: { id } });
    const told = await watcher.sees({ type: "join", userId: id });
    assert.equal(told.roomId, id);
    assert.deepEqual(ack.snapshot.map((entry) => entry.userId).sort(), [id, "watcher"].sort());
    joiner.close();
    await watcher.sees({ type: "leave", userId: id });
    watcher.close();
  }
});

test("any key name in a state is plain data", async (t) => {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const [ann, bob] = [await connect(), await connect()];
  await bob.join(room, "bob");
  const names = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "", "$ref", "a.b", "👻"];
  const state = JSON.parse(`{${names.map((name) => `${JSON.stringify(name)}:{"polluted":true}`).join(",")}}`);
  await ann.join(room, "ann", { state });
  const told = await bob.sees({ type: "join", userId: "ann" });
  assert.deepEqual(Object.keys(told.state), names);
  assert.deepEqual(JSON.stringify(told.state), JSON.stringify(state));

  const patch = JSON.parse('{"__proto__":{"later":1},"constructor":null}');
  assert.equal((await ann.patch(room, patch)).changed, true);
  const patched = await bob.sees({ type: "update" });
  assert.ok(Object.hasOwn(patched.state, "__proto__"));
  assert.deepEqual(Object.getOwnPropertyDescriptor(patched.state, "__proto__").value, { later: 1 });
  assert.equal(patched.state.constructor, null);
});

test("unknown fields are ignored, and a join without an ack is performed", async (t) => {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const bob = await connect();
  const silent = await connect({ track: false });
  await bob.join(room, "bob");
  silent.socket.emit("presence:join", { roomId: room, userId: "silent", state: {}, colour: "red", connId: "mine", epoch: 7 });
  const told = await bob.sees({ type: "join", userId: "silent" });
  assert.notEqual(told.connId, "mine");
  assert.notEqual(told.epoch, 7);
});
