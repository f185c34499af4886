// The heartbeat of Engine.IO: clients are asked whether they are there, and those that do not answer end, whatever their transport and wherever they are.
import assert from "node:assert/strict";
import http from "node:http";
import { describe, test } from "node:test";
import { clientsOf, TRANSPORTS } from "./support/client.js";
import { Polling, request } from "./support/http.js";
import { unique } from "./support/random.js";
import { RawSocket } from "./support/raw.js";
import { serve } from "./support/server.js";
import { eventually } from "./support/wait.js";

const PING_INTERVAL_MS = 200;
const PING_TIMEOUT_MS = 300;
const ENV = { PING_INTERVAL_MS: `${PING_INTERVAL_MS}`, PING_TIMEOUT_MS: `${PING_TIMEOUT_MS}` };
/** Pings after which a heartbeat goes on by itself. */
const PINGS = 6;

const server = await serve(ENV);

/** Pings that a raw stream was sent. */
const pings = (raw) => raw.received.filter((text) => text === "2").length;

async function probed(polling) {
  const raw = new RawSocket(server, { query: `&sid=${polling.sid}` });
  raw.ws.once("open", () => raw.send("2probe"));
  await raw.until("3probe");
  return raw;
}

describe("pings", { concurrency: true }, () => {
  test("the handshake of every transport names both times", async (t) => {
    const { body } = await request(server, "/socket.io/?EIO=4&transport=polling");
    const raw = await RawSocket.open(server);
    t.after(() => raw.cut());
    for (const text of [body, raw.received[0]]) {
      const { pingInterval, pingTimeout, maxPayload, sid } = JSON.parse(text.slice(1));
      assert.deepEqual([pingInterval, pingTimeout, maxPayload, typeof sid], [PING_INTERVAL_MS, PING_TIMEOUT_MS, 1_000_000, "string"]);
    }
  });

  for (const [name, options] of Object.entries(TRANSPORTS)) {
    test(`a stock client that does nothing is asked again and again, and stays (${name})`, async (t) => {
      const { connect } = clientsOf(t, server);
      const room = unique("room");
      const ann = await connect(options);
      await ann.join(room, "ann");
      let seen = 0;
      const enough = new Promise((resolve) => {
        const { engine } = ann.socket.io;
        engine.on("ping", () => (seen += 1) === PINGS && resolve());
        engine.on("close", resolve);
      });
      await enough;
      assert.deepEqual([seen, ann.disconnects], [PINGS, []]);
      assert.equal((await ann.sync(room)).snapshot.length, 1);
    });
  }

  test("pings come an interval apart", async (t) => {
    const raw = await RawSocket.enter(server);
    t.after(() => raw.cut());
    const times = [];
    raw.ws.on("message", (data) => data.toString() === "2" && times.push(performance.now()));
    await raw.until(() => times.length > PINGS, 10_000);
    const apart = times.slice(1).map((time, at) => time - times[at]);
    const mean = apart.reduce((sum, span) => sum + span) / apart.length;
    assert.ok(mean > 0.8 * PING_INTERVAL_MS, `${apart}`);
  });

  test("who polled, and says nothing after the upgrade, is asked as well", async (t) => {
    const polling = await (await Polling.open(server)).enter();
    const raw = await probed(polling);
    t.after(() => raw.cut());
    raw.send("5");
    await raw.until(() => pings(raw) === PINGS, 10_000);
    assert.ok(!raw.closed);
  });

  const SILENT = {
    "before the namespace": () => RawSocket.open(server, { pong: false }),
    "in the namespace": () => RawSocket.enter(server, { pong: false }),
    "after it has left the namespace": async () => {
      const raw = await RawSocket.enter(server, { pong: false });
      raw.send("41");
      return raw;
    },
    "after it was upgraded": async () => {
      const polling = await (await Polling.open(server)).enter();
      const raw = await probed(polling);
      raw.ws.removeAllListeners("message");
      raw.send("5");
      return raw;
    },
  };
  for (const [where, open] of Object.entries(SILENT)) {
    test(`a WebSocket that answers no ping is closed (${where})`, async (t) => {
      const raw = await open();
      t.after(() => raw.cut());
      // What else it says is no answer.
      const talk = setInterval(() => raw.send("2"), 50);
      t.after(() => clearInterval(talk));
      const opened = performance.now();
      await raw.closes();
      const lived = performance.now() - opened;
      assert.ok(lived > 0.8 * PING_TIMEOUT_MS, `closed after ${lived} ms`);
    });
  }

  test("the presence of a client that polls no more ends", async (t) => {
    const { connect } = clientsOf(t, server);
    const room = unique("room");
    const watcher = await connect();
    await watcher.join(room, "watcher");
    const polling = await (await Polling.open(server)).enter();
    await polling.ask("presence:join", { roomId: room, userId: "gone" });
    await watcher.sees({ type: "leave", userId: "gone", reason: "disconnected" });
    assert.equal((await polling.get()).status, 400);
  });
});

test("a session that asked in vain for an upgrade, and polls no more, makes room for another one", async () => {
  const small = await serve({ ...ENV, MAX_CONNECTIONS: "1" });
  // One stream for all, which the session's first request came over as well.
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const ask = (query, { method = "GET", headers = {}, body } = {}) =>
    new Promise((resolve, reject) => {
      const sent = http.request(new URL(`/socket.io/?EIO=4${query}`, small.url), { agent, method, headers }, (response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk)).on("end", () => resolve(Buffer.concat(chunks).toString()));
      });
      sent.on("error", reject).on("upgrade", (_, stream) => resolve(stream.destroy())).end(body);
    });
  const { sid } = JSON.parse((await ask("&transport=polling")).slice(1));
  await ask(`&transport=polling&sid=${sid}`, { method: "POST", headers: { "content-type": "text/plain" }, body: "40" });
  // Without `Upgrade` it stays HTTP, whatever else it says.
  await ask(`&transport=websocket&sid=${sid}`, { headers: { "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-version": "13" } }).catch(() => {});
  const next = await eventually("room for another one", () => RawSocket.enter(small));
  next.cut();
  agent.destroy();
});

const POLLED = {
  "in the namespace": (polling) => polling.enter(),
  "after it has left the namespace": async (polling) => {
    await polling.enter();
    await polling.send("41");
  },
};
for (const [where, go] of Object.entries(POLLED)) {
  test(`a session that polls no more makes room for another one (${where})`, async () => {
    const small = await serve({ ...ENV, MAX_CONNECTIONS: "1", CONNECT_TIMEOUT_MS: "60000" });
    await go(await Polling.open(small));
    const next = await eventually("room for another one", () => RawSocket.enter(small));
    next.cut();
  });
}
