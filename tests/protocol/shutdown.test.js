// SIGTERM and SIGINT: everyone is told, every presence ends, and the process is gone in time with exit code 0.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, TRANSPORTS } from "./support/client.js";
import { request } from "./support/http.js";
import { unique } from "./support/random.js";
import { RawSocket } from "./support/raw.js";
import { assertRefused } from "./support/refusal.js";
import { Server } from "./support/server.js";
import { within } from "./support/wait.js";

const AT_ONCE_MS = 1_000;

async function started(t, env) {
  const server = await Server.start(env);
  t.after(() => server.kill());
  return server;
}

async function connected(t, server, options) {
  const client = new Client(server.url, options);
  t.after(() => client.close());
  return client.connected();
}

for (const signal of ["SIGTERM", "SIGINT"]) {
  test(`${signal} without clients ends the server with exit code 0`, async (t) => {
    const server = await started(t);
    const from = performance.now();
    await server.stop(signal);
    assert.ok(performance.now() - from < server.shutdownMs, "nobody was there to wait for");
    await assert.rejects(request(server, "/healthz"));
  });

  test(`${signal} tells every client to come back later, and closes its stream`, async (t) => {
    const server = await started(t);
    const room = unique("room");
    const clients = [];
    for (const [name, options] of Object.entries(TRANSPORTS)) {
      const client = await connected(t, server, options);
      if (name === "upgrade") await client.upgraded();
      await client.join(room, name);
      clients.push(client);
    }
    const idle = await connected(t, server);
    const told = Promise.all([...clients, idle].map((client) => client.hears("server:draining")));
    await server.stop(signal);

    for (const payload of await told) {
      assert.deepEqual(Object.keys(payload), ["reconnectInMs"]);
      const [min, max, ...more] = payload.reconnectInMs;
      assert.ok(Number.isFinite(min) && Number.isFinite(max) && min >= 0 && min < max, JSON.stringify(payload));
      assert.deepEqual(more, []);
    }
    for (const client of [...clients, idle]) {
      const reason = await client.disconnected();
      assert.notEqual(reason, "io server disconnect", "stock clients do not reconnect after it");
      client.check();
    }
  });
}

test("what a draining server still answers is `draining`, and nobody can join any more", async (t) => {
  const server = await started(t);
  const clients = await Promise.all(Array.from({ length: 300 }, () => connected(t, server)));
  const answers = [];
  for (const client of clients) {
    client.socket.on("server:draining", () => {
      client.socket.emit("presence:join", { roomId: "room", userId: "late" }, (ack) => answers.push(ack));
    });
  }
  await server.stop();
  for (const client of clients) await client.disconnected();
  for (const ack of answers) assertRefused(ack, "draining");
});

test("hundreds of clients in many rooms do not hold it up", async (t) => {
  const server = await started(t);
  const rooms = Array.from({ length: 20 }, () => unique("room"));
  const raws = await Promise.all(Array.from({ length: 300 }, () => RawSocket.enter(server)));
  await Promise.all(raws.flatMap((raw, n) => [0, 1, 2].map((at) => raw.ask("presence:join", { roomId: rooms[(n + at) % 20], userId: `user-${n}` }))));
  await server.stop();
  for (const raw of raws) {
    await raw.closes();
    assert.ok(raw.received.some((text) => text.startsWith('42["server:draining",')), "not told");
    assert.ok(!raw.received.includes("41"), "a disconnect packet");
  }
});

test("a second signal ends it at once", async (t) => {
  const server = await started(t, { SHUTDOWN_TIMEOUT_MS: "60000", MAX_QUEUE_PACKETS: "1000000", MAX_QUEUE_BYTES: "1000000000" });
  const room = unique("room");
  const [healthy, stalled] = [await connected(t, server), await RawSocket.enter(server)];
  t.after(() => stalled.cut());
  await stalled.ask("presence:join", { roomId: room, userId: "stalled" });
  stalled.stopReading();
  await healthy.join(room, "healthy", { state: { text: "x".repeat(200_000) } });
  for (let n = 0; n < 100; n += 1) await healthy.patch(room, { n });
  server.signal("SIGTERM");
  await healthy.hears("server:draining");
  if (!server.exit) server.child.kill("SIGTERM");
  await within(server.exited, AT_ONCE_MS, "the end after a second signal");
});

test("a stock client finds the server that takes its place", async (t) => {
  const first = await started(t);
  const room = unique("room");
  const client = await connected(t, first, { track: false, reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 100 });
  await client.join(room, "ann");
  await first.stop();
  await client.disconnected();
  const second = await started(t, { PORT: String(first.port) });
  assert.equal(second.port, first.port);
  await client.until("the reconnect", () => client.socket.connected);
  const ack = await client.join(room, "ann");
  assert.deepEqual(ack.snapshot.map((entry) => entry.userId), ["ann"]);
  client.close();
  await second.stop();
});

test("a port that is taken is told and is no crash", async (t) => {
  const first = await started(t);
  const second = new Server({ PORT: String(first.port) });
  t.after(() => second.kill());
  await within(second.exited, 5_000, "the refusal to start");
  assert.ok(second.exit.code > 0, JSON.stringify(second.exit));
  assert.match(second.stderr + second.stdout, new RegExp(String(first.port)));
  second.mustNotHavePanicked();
  await first.stop();
});
