// A peer that stops reading is cut; it holds up neither its room nor the end of the server.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clientsOf } from "./support/client.js";
import { Polling } from "./support/http.js";
import { unique } from "./support/random.js";
import { RawSocket } from "./support/raw.js";
import { serve, Server } from "./support/server.js";

const CUT_MS = 10_000;
/** A stalled room would answer after seconds, or not at all. */
const LATENCY_MS = 1_000;
const STATE = "x".repeat(60_000);
/** Patches of each writer that make more than the kernels of both sides hold for one stream. */
const FILL = 200;

async function writersOf(t, server, room) {
  const { connect } = clientsOf(t, server);
  const writers = [await connect(), await connect()];
  for (const [at, writer] of writers.entries()) await writer.join(room, `writer-${at}`, { state: { text: STATE } });
  return writers;
}

/** Writers patch without pause, each waiting for its own ack, until `done`; returns the slowest ack in ms. */
async function update(writers, room, done) {
  let slowest = 0;
  await Promise.all(
    writers.map(async (writer) => {
      for (let n = 0; !done(n); n += 1) {
        const from = performance.now();
        await writer.patch(room, { n });
        slowest = Math.max(slowest, performance.now() - from);
      }
    }),
  );
  return slowest;
}

async function stalled(server, room) {
  const raw = await RawSocket.enter(server);
  await raw.ask("presence:join", { roomId: room, userId: "stalled" });
  raw.stopReading();
  return raw;
}

const QUEUES = {
  "the defaults": {},
  "MAX_QUEUE_PACKETS": { MAX_QUEUE_PACKETS: "32", MAX_QUEUE_BYTES: "1000000000" },
  "MAX_QUEUE_BYTES": { MAX_QUEUE_PACKETS: "1000000", MAX_QUEUE_BYTES: "300000" },
};
for (const [what, env] of Object.entries(QUEUES)) {
  test(`a client that stops reading is cut within 10 s and others are not slowed (${what})`, async (t) => {
    const server = await serve(env);
    const room = unique("room");
    const writers = await writersOf(t, server, room);
    const raw = await stalled(server, room);
    const end = performance.now() + CUT_MS;
    const gone = () => writers[0].saw({ type: "leave", userId: "stalled" }).length > 0;

    const slowest = await update(writers, room, () => gone() || performance.now() > end);
    assert.ok(gone(), "still shown after 10 s");
    assert.equal(writers[0].saw({ type: "leave", userId: "stalled" })[0].reason, "disconnected");
    assert.ok(slowest < LATENCY_MS, `an ack took ${slowest} ms`);
    raw.startReading();
    await raw.closes();
    assert.ok(!raw.received.includes("41"), "cut means the stream: stock clients do not reconnect after a disconnect packet");
    for (const writer of writers) await writer.sync(room);
    assert.match(server.stderr, /"level":"INFO".*"a connection was cut".*"reason":"(queue_full|write_stalled)"/, "the reason is in the log");
  });
}

test("a client that asks for a second stream is cut on the first", async (t) => {
  const server = await serve({ MAX_QUEUE_BYTES: "300000" });
  const room = unique("room");
  const writers = await writersOf(t, server, room);
  const raw = await stalled(server, room);
  const { sid } = JSON.parse(raw.received[0].slice(1));
  await new RawSocket(server, { query: `&sid=${sid}` }).closes();
  const end = performance.now() + CUT_MS;
  await update(writers, room, () => writers[0].saw({ type: "leave", userId: "stalled" }).length > 0 || performance.now() > end);
  raw.startReading();
  await raw.closes();
});

test("a client that reads slowly, but reads, misses nothing", async (t) => {
  const server = await serve();
  const room = unique("room");
  const writers = await writersOf(t, server, room);
  const reader = await RawSocket.enter(server);
  await reader.ask("presence:join", { roomId: room, userId: "reader" });
  // Stopped for each burst, and given the time to read it before the next.
  for (let burst = 0; burst < 20; burst += 1) {
    reader.stopReading();
    await update(writers, room, (n) => n >= 3);
    const last = await writers[0].patch(room, { burst });
    reader.startReading();
    await reader.until((text) => text.includes(`"version":${last.version},`) || text.includes(`"version":${last.version}}`));
  }
  const events = reader.events();
  assert.ok(events.every((event, at) => at === 0 || event.prev === events[at - 1].version), "a gap");
  assert.equal(events.filter((event) => event.type === "update").length, 20 * 7);
  reader.cut();
});

test("a polling client that stops polling is cut as well", async (t) => {
  const server = await serve();
  const room = unique("room");
  const writers = await writersOf(t, server, room);
  const polling = await (await Polling.open(server)).enter();
  await polling.ask("presence:join", { roomId: room, userId: "stalled" });
  const end = performance.now() + CUT_MS;
  const gone = () => writers[0].saw({ type: "leave", userId: "stalled" }).length > 0;
  const slowest = await update(writers, room, () => gone() || performance.now() > end);
  assert.ok(gone(), "still shown after 10 s");
  assert.ok(slowest < LATENCY_MS, `an ack took ${slowest} ms`);
  const { status } = await polling.get();
  assert.ok(status >= 400, "the session is still there");
});

test("memory stays bounded while many stop reading", async (t) => {
  const server = await serve();
  const room = unique("room");
  const writers = await writersOf(t, server, room);
  const idle = server.rss();
  const crowd = await Promise.all(Array.from({ length: 20 }, () => stalled(server, room)));
  const end = performance.now() + CUT_MS;
  const left = () => writers[0].saw({ type: "leave", userId: "stalled" }).length;
  let highest = 0;
  const slowest = await update(writers, room, () => {
    highest = Math.max(highest, server.rss());
    return left() === crowd.length || performance.now() > end;
  });
  assert.equal(left(), crowd.length);
  assert.ok(slowest < 2 * LATENCY_MS, `an ack took ${slowest} ms`);
  // A queue of 1 MiB each, and as much again for what is on its way through.
  const bound = (crowd.length * 2 + 32) * 1024 * 1024;
  assert.ok(highest - idle < bound, `grew by ${(highest - idle) / 1024 / 1024} MiB`);
  for (const raw of crowd) raw.cut();
});

for (const signal of ["SIGTERM", "SIGINT"]) {
  test(`${signal} does not wait for a client that has stopped reading`, async (t) => {
    // Queues without a bound, so that the stalled stream is full and still open when the signal comes.
    const server = await Server.start({ MAX_QUEUE_PACKETS: "1000000", MAX_QUEUE_BYTES: "1000000000", SHUTDOWN_TIMEOUT_MS: "3000" });
    t.after(() => server.kill());
    const room = unique("room");
    const writers = await writersOf(t, { url: server.url, mustBeAlive() {} }, room);
    const raw = await stalled(server, room);
    await update(writers, room, (n) => n >= FILL);
    assert.equal(writers[0].saw({ type: "leave" }).length, 0);
    await server.stop(signal);
    raw.cut();
  });
}
