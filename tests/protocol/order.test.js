// A socket's own events take effect in the order in which it sent them, and none is lost: not in a burst, not in the moment of connecting, not in that of an upgrade.
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

const UPGRADED = 30;
const OWN_PATCHES = 20;

test(`${UPGRADED} clients that are upgraded while events stream to them and from them see each once and in order`, async (t) => {
  const { connect, create } = clientsOf(t, server);
  const room = unique("room");
  const writer = await connect();
  const { self } = await writer.join(room, "writer");
  const own = Array.from({ length: OWN_PATCHES }, (_, n) => n);
  const upgrade = async (client, n) => {
    const joined = client.join(room, `user-${n}`);
    client.socket.connect();
    const { self } = await joined;
    await Promise.all([client.upgraded(), ...own.map((own) => client.patch(room, { own }))]);
    return self.connId;
  };
  const clients = Array.from({ length: UPGRADED }, () => create({ ...TRANSPORTS.upgrade, autoConnect: false }));
  let left = UPGRADED;
  const upgraded = Promise.all(clients.map((client, n) => upgrade(client, n).finally(() => (left -= 1))));
  let last = 0;
  while (left > 0) await writer.patch(room, { n: (last += 1) });
  const connIds = await upgraded;
  await writer.patch(room, { n: (last += 1) });

  for (const client of clients) {
    await client.sees({ type: "update", connId: self.connId, state: { n: last } });
    const seen = client.saw({ type: "update", connId: self.connId }).map((event) => event.state.n);
    assert.deepEqual(seen, Array.from({ length: seen.length }, (_, at) => last - seen.length + 1 + at));
  }
  for (const connId of connIds) {
    const seen = writer.saw({ type: "update", connId }).map((event) => event.state.own);
    assert.deepEqual(seen, own);
  }
  await writer.sync(room);
});

const BEFORE = 20;

/** Polls until `BEFORE` events have come, then goes on over a WebSocket as a stock client does: all packets it is sent, in order. */
async function goesOver(room, userId) {
  const polling = await (await Polling.open(server)).enter();
  await polling.send(`420${JSON.stringify(["presence:join", { roomId: room, userId }])}`);
  const packets = [];
  const events = () => packets.filter((packet) => packet.startsWith('42["presence:event"'));
  let probed;
  let raw;
  while (!raw || raw.received.length === 0) {
    const { status, body } = await polling.get();
    assert.equal(status, 200, body);
    const polled = body.split("\x1e").filter((packet) => packet !== "6");
    if (polled.includes("2")) await polling.send("3");
    packets.push(...polled);
    if (!raw && events().length >= BEFORE) {
      raw = new RawSocket(server, { query: `&sid=${polling.sid}` });
      raw.ws.once("open", () => raw.send("2probe"));
      probed = raw.until("3probe");
    }
  }
  await probed;
  raw.send("5", `421${JSON.stringify(["presence:heartbeat", { roomId: room, patchState: { over: true } }])}`);
  return { raw, packets, events: () => [...packets, ...raw.received].filter((packet) => packet.startsWith('42["presence:event"')) };
}

test("20 clients that go over from polling to WebSocket while events stream to them get each once and in order", async (t) => {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const writer = await connect();
  const { self } = await writer.join(room, "writer");
  let left = 20;
  const over = Promise.all(Array.from({ length: left }, (_, n) => goesOver(room, `user-${n}`).finally(() => (left -= 1))));
  let last = 0;
  while (left > 0) await writer.patch(room, { n: (last += 1) });
  const clients = await over;
  t.after(() => clients.forEach(({ raw }) => raw.cut()));
  for (let n = 0; n < BEFORE; n += 1) await writer.patch(room, { n: (last += 1) });

  for (const { raw, packets, events } of clients) {
    await raw.until("431[");
    await raw.until((packet) => packet.startsWith('42["presence:event"') && JSON.parse(packet.slice(2))[1].state?.n === last);
    const all = events().map((packet) => JSON.parse(packet.slice(2))[1]);
    const seen = all.filter((event) => event.type === "update" && event.connId === self.connId).map((event) => event.state.n);
    assert.deepEqual(seen, Array.from({ length: seen.length }, (_, at) => last - seen.length + 1 + at));
    assert.ok(all.every((event, at) => at === 0 || event.prev === all[at - 1].version), "a gap");
    assert.ok(all.length > packets.length, "nothing came over the WebSocket");
  }
});
