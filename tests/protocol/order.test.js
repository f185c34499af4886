// A socket's own events take effect in the order in which it sent them, and none is lost: not in a burst, not in the moment of connecting.
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { clientsOf, TRANSPORTS } from "./support/client.js";
import { Polling } from "./support/http.js";
import { unique } from "./support/random.js";
import { RawSocket } from "./support/raw.js";
import { serve } from "./support/server.js";
import { pause, QUIET_MS } from "./support/wait.js";

const server = await serve();

for (const [name, options] of Object.entries(TRANSPORTS)) {
  test(`20 patches sent back to back are all kept and seen in order (${name})`, async (t) => {
    const { connect } = clientsOf(t, server);
    const room = unique("room");
    const [watcher, writer] = [await connect(), await connect(options)];
    await watcher.join(room, "watcher");
    await writer.join(room, "writer");
    const numbers = Array.from({ length: 20 }, (_, n) => n);
    const acks = await Promise.all(numbers.map((n) => writer.patch(room, { n, [`k${n}`]: n })));

    assert.ok(acks.every((ack) => ack.changed));
    const versions = acks.map((ack) => ack.version);
    assert.ok(versions.every((version, at) => at === 0 || version > versions[at - 1]), `${versions}`);
    for (const client of [watcher, writer]) {
      await client.sees({ type: "update", version: versions.at(-1) });
      const updates = client.saw({ type: "update" });
      assert.deepEqual(updates.map((event) => event.version), versions);
      assert.deepEqual(updates.map((event) => event.state.n), numbers);
      assert.equal(Object.keys(updates.at(-1).state).length, 21);
    }
    await watcher.sync(room);
  });
}

test("a WebSocket that its client closes ends with a close frame", async () => {
  const raw = await RawSocket.enter(server);
  await raw.ask("presence:join", { roomId: unique("room"), userId: "polite" });
  const closed = once(raw.ws, "close");
  raw.ws.close(1000);
  // 1006 if the stream just ended.
  assert.equal((await closed)[0], 1000);
});

test("join and leave back to back leave nobody", async (t) => {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const watcher = await connect();
  await watcher.join(room, "watcher");
  const hoppers = await Promise.all(Array.from({ length: 50 }, () => connect()));
  const answers = hoppers.flatMap((hopper) => [
    hopper.ask("presence:join", { roomId: room, userId: "hopper" }),
    hopper.ask("presence:leave", null),
    hopper.ask("presence:join", { roomId: room, userId: "hopper" }),
    hopper.ask("presence:heartbeat", { patchState: { n: 1 } }),
    hopper.ask("presence:leave", { roomId: room }),
  ]);
  for (const ack of await Promise.all(answers)) assert.equal(ack.ok, true, JSON.stringify(ack));
  assert.deepEqual((await watcher.sync(room)).snapshot.map((entry) => entry.userId), ["watcher"]);
  assert.equal(watcher.saw({ type: "join", userId: "hopper" }).length, 100);
  assert.equal(watcher.saw({ type: "update" }).length, 50);
  assert.equal(watcher.saw({ type: "leave" }).length, 100);
});

test("a client that joins and is gone before its answer leaves nobody", async (t) => {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const watcher = await connect();
  await watcher.join(room, "watcher");
  for (let round = 0; round < 50; round += 1) {
    const raw = await RawSocket.enter(server);
    raw.emit("presence:join", { roomId: room, userId: "hasty" });
    // A close frame behind the join, half of the time behind a disconnect packet as well.
    if (round % 2) raw.send("41");
    raw.ws.close();
    await raw.closes();
  }
  // The last join may still be under way: first let it come, then wait for the end of whatever came.
  await pause(QUIET_MS);
  await watcher.until("an end to every stay", () => watcher.roster(room).users().length === 1);
  assert.deepEqual((await watcher.sync(room)).snapshot.map((entry) => entry.userId), ["watcher"]);
});

/** Runs `one(n)` for n below `count`, `width` at a time, each answered before the test goes on. */
async function waves(count, width, one) {
  for (let from = 0; from < count; from += width) {
    await Promise.all(Array.from({ length: Math.min(width, count - from) }, (_, n) => one(from + n)));
  }
}

for (const [name, count] of [["websocket", 2_000], ["upgrade", 200], ["polling", 200]]) {
  test(`${count} stock clients that emit before they are connected all get their ack (${name})`, async (t) => {
    const { create } = clientsOf(t, server);
    const base = unique("room");
    await waves(count, 200, async (n) => {
      const client = create({ ...TRANSPORTS[name], autoConnect: false });
      const joined = client.join(`${base}-${n % 100}`, `user-${n}`, { state: { n } });
      const beaten = client.ask("presence:heartbeat", { patchState: { beaten: true } });
      client.socket.connect();
      const { snapshot, self } = await joined;
      assert.equal(client.saw({ type: "join", connId: self.connId }).length, 1, "its own join was not sent");
      assert.deepEqual(snapshot.find((entry) => entry.connId === self.connId).state, { n });
      assert.equal((await beaten).changed, true);
      client.close();
    });
  });
}

test("2,000 raw clients that join in the moment in which CONNECT is answered all get their ack", async () => {
  const base = unique("room");
  await waves(2_000, 200, async (n) => {
    const payload = { roomId: `${base}-${n % 100}`, userId: `user-${n}` };
    const raw = await RawSocket.enter(server);
    raw.send(`427${JSON.stringify(["presence:join", payload])}`);
    const ack = await raw.answer(7);
    assert.equal(ack.ok, true, JSON.stringify(ack));
    const own = raw.events().filter((event) => event.connId === ack.self.connId);
    assert.deepEqual(own.map((event) => event.type), ["join"], "its own join was not sent");
    raw.cut();
  });
});

for (const [name, options] of Object.entries(TRANSPORTS)) {
  test(`3,000 events sent without waiting are all acked, and every patch among them is seen (${name})`, async (t) => {
    const { connect } = clientsOf(t, server);
    const room = unique("room");
    const [watcher, writer] = [await connect(), await connect(options)];
    await watcher.join(room, "watcher");
    await writer.join(room, "writer");
    const acks = await Promise.all(
      Array.from({ length: 3_000 }, (_, n) => writer.ask("presence:heartbeat", n % 10 ? null : { patchState: { n } })),
    );
    // Below the burst that the limits allow, none may be refused.
    assert.deepEqual(acks.filter((ack) => !ack.ok), []);
    assert.equal(acks.filter((ack) => ack.changed).length, 300);
    await watcher.sees({ type: "update", version: acks.findLast((ack) => ack.changed).version });
    const seen = watcher.saw({ type: "update" }).map((event) => event.state.n);
    assert.deepEqual(seen, Array.from({ length: 300 }, (_, n) => n * 10));
    await writer.sync(room);
  });
}

test("200 clients that all send 50 patches at once each get theirs through", async (t) => {
  const { connect } = clientsOf(t, server);
  const base = unique("room");
  const clients = await Promise.all(Array.from({ length: 200 }, () => connect()));
  await Promise.all(
    clients.map(async (client, n) => {
      const roomId = `${base}-${n % 20}`;
      const joined = client.join(roomId, `user-${n}`);
      const acks = await Promise.all(Array.from({ length: 50 }, (_, at) => client.patch(roomId, { at })));
      assert.ok(acks.every((ack) => ack.changed));
      await joined;
    }),
  );
  for (let n = 0; n < 20; n += 1) {
    const { snapshot } = await clients[n].sync(`${base}-${n}`);
    assert.deepEqual(snapshot.map((entry) => entry.state.at), Array(10).fill(49));
  }
});
