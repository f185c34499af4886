// The table "Limits": what is at the limit works; what is over it is refused with the limit's name and value, or cut; nothing changes by it.
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { clientsOf, TRANSPORTS } from "./support/client.js";
import { Polling, request } from "./support/http.js";
import { unique } from "./support/random.js";
import { RawSocket } from "./support/raw.js";
import { assertRefused, assertTooLarge } from "./support/refusal.js";
import { serve } from "./support/server.js";
import { eventually, pause } from "./support/wait.js";

const defaults = await serve();
const small = await serve({
  MAX_MESSAGE_BYTES: "20000",
  MAX_ID_BYTES: "32",
  MAX_STATE_BYTES: "2000",
  MAX_ROOMS_PER_CONNECTION: "3",
  MAX_CONNECTIONS_PER_ROOM: "3",
  MAX_EVENTS_PER_SECOND: "10",
  MAX_EVENTS_BURST: "40",
});

const nested = (levels) => `${'{"n":'.repeat(levels)}1${"}".repeat(levels)}`;

/** What became of a packet that asks for ack 5: its answer, or "cut". */
function fate(raw) {
  return raw.answer(5).catch((error) => {
    assert.ok(raw.closed, `neither answered nor cut: ${error.message}`);
    return "cut";
  });
}

function assertOverLimit(outcome, ...codes) {
  if (outcome !== "cut") assert.ok(codes.includes(outcome.code), JSON.stringify(outcome));
}

for (const [transport, options] of Object.entries(TRANSPORTS)) {
  test(`a message below MAX_MESSAGE_BYTES is read on ${transport}, whatever else it breaks`, async (t) => {
    const { connect } = clientsOf(t, defaults);
    const ann = await connect(options);
    if (transport === "upgrade") await ann.upgraded();
    const ack = await ann.ask("presence:join", { roomId: "room", userId: "ann", state: { text: "x".repeat(990_000) } });
    assertTooLarge(ack, "MAX_STATE_BYTES", 262_144);
  });
}

test("a WebSocket message over MAX_MESSAGE_BYTES is refused or cut, in one frame or in many", async (t) => {
  const { connect } = clientsOf(t, small);
  const room = unique("room");
  const watcher = await connect();
  await watcher.join(room, "watcher");
  const packet = `425["presence:join",${JSON.stringify({ roomId: room, userId: "big", pad: "x".repeat(20_000) })}]`;
  const raw = await RawSocket.enter(small);
  raw.send(packet);
  assertOverLimit(await fate(raw), "too_large", "bad_request");

  const parts = await RawSocket.enter(small);
  for (let at = 0; at < packet.length; at += 1_000) {
    parts.ws.send(packet.slice(at, at + 1_000), { fin: at + 1_000 >= packet.length });
  }
  assertOverLimit(await fate(parts), "too_large", "bad_request");
  assert.equal((await watcher.sync(room)).snapshot.length, 1);
  [raw, parts].forEach((each) => each.cut());
});

test("a polled message over MAX_MESSAGE_BYTES is refused or cut", async (t) => {
  const { connect } = clientsOf(t, small);
  const room = unique("room");
  const watcher = await connect();
  await watcher.join(room, "watcher");
  const polling = await (await Polling.open(small)).enter();
  const body = `425["presence:join",${JSON.stringify({ roomId: room, userId: "big", pad: "x".repeat(20_000) })}]`;
  const { status } = await polling.post(body).catch(() => ({ status: "cut" }));
  if (status === 200) assertOverLimit(JSON.parse((await polling.until("435[")).slice(3))[0], "too_large", "bad_request");
  else assert.ok([400, 413, "cut"].includes(status), `${status}`);
  assert.equal((await watcher.sync(room)).snapshot.length, 1);
});

test("MAX_ATTACHMENTS: ten are read, eleven are refused or cut", async () => {
  for (const [count, allowed] of [[10, true], [11, false], [1_000, false]]) {
    const raw = await RawSocket.enter(defaults);
    const places = Array.from({ length: count }, (_, num) => ({ _placeholder: true, num }));
    raw.send(`45${count}-5["nobody:knows",${JSON.stringify(places)}]`, ...places.map(() => Buffer.from([1])));
    const outcome = await fate(raw);
    assertOverLimit(outcome, "too_large", "bad_request");
    if (allowed) assert.notEqual(outcome, "cut");
    raw.cut();
  }
});

test("nesting: 100 levels are read, 200 are refused or cut", async () => {
  const room = unique("room");
  for (const [levels, allowed] of [[100, true], [200, false]]) {
    const raw = await RawSocket.enter(defaults);
    raw.send(`425["presence:join",{"roomId":"${room}","userId":"ann","state":${nested(levels)}}]`);
    const outcome = await fate(raw);
    if (allowed) assert.equal(outcome.ok, true, JSON.stringify(outcome));
    else assertOverLimit(outcome, "too_large", "bad_request");
    raw.cut();
  }
});

test("MAX_ID_BYTES counts bytes, not characters", async (t) => {
  const { connect } = clientsOf(t, small);
  const ann = await connect();
  for (const id of ["x".repeat(32), "é".repeat(16), "👻".repeat(8)]) {
    await ann.join(id, id);
    await ann.ask("presence:leave", { roomId: id });
  }
  for (const id of ["x".repeat(33), "é".repeat(17), "👻".repeat(9)]) {
    assertTooLarge(await ann.ask("presence:join", { roomId: id, userId: "ann" }), "MAX_ID_BYTES", 32);
    assertTooLarge(await ann.ask("presence:join", { roomId: "room", userId: id }), "MAX_ID_BYTES", 32);
  }
  assertRefused(await ann.ask("presence:heartbeat", null), "not_present");
});

test("MAX_STATE_BYTES holds for the state and for what a patch makes of it", async (t) => {
  const { connect } = clientsOf(t, small);
  const room = unique("room");
  const [watcher, ann] = [await connect(), await connect()];
  await watcher.join(room, "watcher");
  const join = (length) => ann.ask("presence:join", { roomId: room, userId: "ann", state: { a: "x".repeat(length) } });
  assertTooLarge(await join(2_100), "MAX_STATE_BYTES", 2_000);
  assert.equal((await watcher.sync(room)).snapshot.length, 1);
  assert.equal((await join(1_900)).ok, true);
  const over = await ann.ask("presence:heartbeat", { patchState: { b: "y".repeat(200) } });
  assertTooLarge(over, "MAX_STATE_BYTES", 2_000);
  assertTooLarge(await join(2_100), "MAX_STATE_BYTES", 2_000);
  assert.equal((await ann.patch(room, { b: 1 })).changed, true);
  await watcher.sees({ type: "update", state: { a: "x".repeat(1_900), b: 1 } });
  assert.deepEqual(watcher.saw({ userId: "ann" }).map((event) => event.type), ["join", "update"]);
});

test("MAX_ROOMS_PER_CONNECTION", async (t) => {
  const { connect } = clientsOf(t, small);
  const ann = await connect();
  const rooms = ["a", "b", "c"].map(unique);
  for (const room of rooms) await ann.join(room, "ann");
  const over = { roomId: unique("d"), userId: "ann" };
  assertTooLarge(await ann.ask("presence:join", over), "MAX_ROOMS_PER_CONNECTION", 3);
  await ann.join(rooms[0], "ann");
  await ann.ask("presence:leave", { roomId: rooms[1] });
  assert.equal((await ann.ask("presence:join", over)).ok, true);
});

test("128 rooms are the default", async (t) => {
  const { connect } = clientsOf(t, defaults);
  const ann = await connect();
  const base = unique("room");
  const acks = await Promise.all(Array.from({ length: 129 }, (_, n) => ann.ask("presence:join", { roomId: `${base}-${n}`, userId: "ann" })));
  assert.deepEqual(acks.slice(0, 128).filter((ack) => !ack.ok), []);
  assertTooLarge(acks[128], "MAX_ROOMS_PER_CONNECTION", 128);
});

test("MAX_CONNECTIONS_PER_ROOM", async (t) => {
  const { connect } = clientsOf(t, small);
  const room = unique("room");
  const members = [await connect(), await connect(), await connect()];
  for (const member of members) await member.join(room, "member");
  const ann = await connect();
  assertTooLarge(await ann.ask("presence:join", { roomId: room, userId: "ann" }), "MAX_CONNECTIONS_PER_ROOM", 3);
  await members[0].join(room, "member");
  await members[1].ask("presence:leave", null);
  await ann.join(room, "ann");
  assert.equal((await members[0].sync(room)).snapshot.length, 3);
});

test("MAX_EVENTS_BURST and MAX_EVENTS_PER_SECOND hold for each connection alone", async (t) => {
  const { connect } = clientsOf(t, small);
  const room = unique("room");
  const [flood, calm] = [await connect(), await connect()];
  await calm.join(room, "calm");
  await flood.join(room, "flood");
  const started = performance.now();
  const acks = await Promise.all(Array.from({ length: 200 }, (_, n) => flood.ask("presence:heartbeat", { patchState: { n } })));
  const passed = acks.filter((ack) => ack.ok);
  const refused = acks.filter((ack) => !ack.ok);
  for (const ack of refused) assertRefused(ack, "rate_limited");
  assert.ok(passed.length >= 39, `only ${passed.length} of a burst of 40 passed`);
  const earned = ((performance.now() - started) / 1_000) * 10;
  assert.ok(passed.length <= 40 + earned + 1, `${passed.length} passed`);
  assert.equal((await calm.ask("presence:heartbeat", null)).ok, true);
  const [{ retryAfterMs }] = refused.slice(-1);
  assert.ok(retryAfterMs > 0 && retryAfterMs <= 1_000, `${retryAfterMs}`);
  await pause(Math.ceil(retryAfterMs));
  assert.equal((await flood.patch(room, { again: true })).changed, true);
  await calm.sync(room);
});

test("who asks for far more than it may is answered to the last event, and not cut", async (t) => {
  const { connect } = clientsOf(t, small);
  const [flood, room] = [await connect(), unique("room")];
  await flood.join(room, "flood");
  const acks = await Promise.all(Array.from({ length: 5_000 }, () => flood.ask("presence:heartbeat", null)));
  const refused = acks.filter((ack) => !ack.ok);
  assert.ok(refused.length >= 4_000, `${refused.length} refused`);
  for (const ack of refused) assertRefused(ack, "rate_limited");
  assert.ok(flood.socket.connected);
});

/** A stock client is told with `connect_error`, whichever of its handshakes is the one refused. */
async function mustRefuse(t, server) {
  const { create } = clientsOf(t, server);
  for (const options of Object.values(TRANSPORTS)) {
    const client = create(options);
    await assert.rejects(client.connected(), /^Error: refused: /);
    if (client.refusal.message.startsWith("{")) {
      const { code, message } = JSON.parse(client.refusal.message);
      assert.deepEqual([code, typeof message], ["too_large", "string"]);
    }
  }
}

for (const [name, localAddress] of [["MAX_CONNECTIONS", undefined], ["MAX_CONNECTIONS_PER_ADDRESS", "127.0.0.2"]]) {
  test(`${name} refuses at the handshake, until there is room again`, async (t) => {
    const server = await serve({ [name]: "2" });
    const first = await RawSocket.enter(server);
    const second = await (await Polling.open(server)).enter();
    await mustRefuse(t, server);
    assert.equal((await first.ask("presence:join", { roomId: "room", userId: "ann" })).ok, true);
    if (localAddress) (await RawSocket.enter(server, { localAddress })).cut();
    await second.send("1");
    const next = await eventually("a place that became free", () => RawSocket.enter(server));
    [first, next].forEach((raw) => raw.cut());
  });
}

for (const transport of ["polling", "websocket"]) {
  test(`MAX_CONNECTIONS counts a session from its handshake on (${transport})`, async (t) => {
    const server = await serve({ MAX_CONNECTIONS: "1", CONNECT_TIMEOUT_MS: "1000" });
    const session = transport === "polling" ? await Polling.open(server) : await RawSocket.open(server);
    await mustRefuse(t, server);
    // It enters no namespace in time, and makes room.
    const next = await eventually("a place that became free", () => RawSocket.enter(server));
    next.cut();
    session.cut?.();
  });
}

test("handshakes far above MAX_CONNECTIONS are refused without a session", async () => {
  const server = await serve({ MAX_CONNECTIONS: "1" });
  const only = await RawSocket.enter(server);
  const handshake = () => request(server, "/socket.io/?EIO=4&transport=polling");
  for (let n = 0; n < 256; n += 1) assert.equal((await handshake()).status, 200);
  const { status, body } = await handshake();
  assert.equal(status, 503);
  assert.equal(JSON.parse(body).code, "too_large");
  await assert.rejects(RawSocket.open(server), /503/);
  only.cut();
});

test("MAX_PENDING_SESSIONS: the oldest session that has not entered goes, and nobody who has", async () => {
  const server = await serve({ MAX_PENDING_SESSIONS: "2", CONNECT_TIMEOUT_MS: "60000" });
  const entered = [await RawSocket.enter(server), await (await Polling.open(server)).enter()];
  const oldest = await RawSocket.open(server);
  const polling = await Polling.open(server);
  const third = await RawSocket.open(server);
  await oldest.closes();
  const fourth = await RawSocket.open(server);
  await eventually("the end of the polling session", async () => assert.equal((await polling.get()).status, 400));
  third.send("40");
  await third.until("40");
  // Those that are gone are let go of, long before they would have had to enter.
  const open = () => eventually("room for another one", () => RawSocket.open(server));
  for (let n = 0; n < 20; n += 1) (await open()).cut();
  const [fifth, sixth] = [await open(), await open()];
  await fourth.closes();
  for (const raw of [fifth, sixth]) raw.cut();
  for (const raw of [...entered, third]) assert.equal((await raw.ask("presence:leave", null)).ok, true);
});

test("MAX_PARTIAL_BYTES: the largest unfinished message goes, and everybody else is served", async () => {
  const server = await serve({ MAX_PARTIAL_BYTES: "120000" });
  const begun = async (bytes) => {
    // An answer to a ping of Engine.IO would be the next part of the message.
    const raw = await RawSocket.enter(server, { pong: false });
    raw.ws.send("x".repeat(bytes), { fin: false });
    const read = once(raw.ws, "pong");
    raw.ws.ping();
    await read;
    return raw;
  };
  const small = await begun(3_000);
  const large = await begun(50_000);
  const larger = await begun(60_000);
  const whole = await RawSocket.enter(server);
  const { ok } = await whole.ask("presence:join", { roomId: "room", userId: "eve", state: { text: "x".repeat(40_000) } });
  assert.equal(ok, true);
  await larger.closes();
  assert.ok(!small.closed && !large.closed);
});

test("one packet larger than MAX_QUEUE_BYTES may enter an empty queue", async (t) => {
  const server = await serve({ MAX_QUEUE_BYTES: "20000" });
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const members = [await connect(), await connect(), await connect()];
  for (const member of members) await member.join(room, "member");
  for (const member of members) {
    const { version } = await member.patch(room, { text: "x".repeat(15_000) });
    for (const other of members) await other.sees({ version });
  }
  const { snapshot } = await members[0].sync(room);
  assert.ok(JSON.stringify(snapshot).length > 45_000);
});
