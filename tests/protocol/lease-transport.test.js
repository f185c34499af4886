// PRESENCE_LEASE=transport: the open connection itself renews the lease.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { clientsOf, TRANSPORTS } from "./support/client.js";
import { unique } from "./support/random.js";
import { RawSocket } from "./support/raw.js";
import { serve } from "./support/server.js";
import { pause } from "./support/wait.js";

const TTL_MS = 2_000;
// The defaults: the lower of 25000 or 20000 and a third of the TTL.
const PING_MS = Math.ceil(TTL_MS / 3);
const SLACK_MS = 1_000;
/** Long enough for a lease that nothing renews to run out twice. */
const BEYOND_LEASE_MS = 2.5 * TTL_MS;

const server = await serve({ PRESENCE_LEASE: "transport", PRESENCE_TTL_MS: String(TTL_MS), PRESENCE_REAPER_INTERVAL_MS: "500" });

describe("with the transport's lease", { concurrency: true }, () => {
  test("clients that send no heartbeat stay, whatever their transport", async (t) => {
    const { connect } = clientsOf(t, server);
    const room = unique("room");
    const watcher = await connect();
    await watcher.join(room, "watcher");
    const silent = [];
    for (const [name, options] of Object.entries(TRANSPORTS)) {
      const client = await connect(options);
      await client.join(room, name);
      silent.push(client);
    }
    await pause(BEYOND_LEASE_MS);
    const { snapshot } = await watcher.sync(room);
    assert.deepEqual(snapshot.map((entry) => entry.userId).sort(), ["polling", "upgrade", "watcher", "websocket"]);
    assert.equal(watcher.saw({ type: "leave" }).length, 0);
    for (const client of silent) assert.equal(client.heard("presence:lost").length, 0);
    for (const { userId, lastSeenMs } of snapshot) {
      assert.ok(Date.now() - lastSeenMs <= TTL_MS + 500, `${userId} last seen ${Date.now() - lastSeenMs} ms ago`);
    }
  });

  test("a heartbeat is optional, and answered", async (t) => {
    const { connect } = clientsOf(t, server);
    const room = unique("room");
    const ann = await connect();
    const { self } = await ann.join(room, "ann");
    const ack = await ann.ask("presence:heartbeat", null);
    assert.deepEqual([ack.ok, ack.changed, ack.epoch], [true, false, self.epoch]);
    assert.equal((await ann.patch(room, { n: 1 })).changed, true);
  });

  test("a peer that answers no ping is gone within TTL, ping interval and ping timeout", async (t) => {
    const { connect } = clientsOf(t, server);
    const room = unique("room");
    const watcher = await connect();
    await watcher.join(room, "watcher");
    const dead = await RawSocket.enter(server, { pong: false });
    t.after(() => dead.cut());
    await dead.ask("presence:join", { roomId: room, userId: "dead" });
    const told = await watcher.sees({ type: "leave", userId: "dead" }, TTL_MS + 2 * PING_MS + SLACK_MS);
    assert.ok(["expired", "disconnected"].includes(told.reason), told.reason);
    await dead.closes();
  });

  test("a broken stream ends the presence at once", async (t) => {
    const { connect } = clientsOf(t, server);
    const room = unique("room");
    const [watcher, ann] = [await connect(), await connect()];
    await watcher.join(room, "watcher");
    await ann.join(room, "ann");
    ann.cut();
    await watcher.sees({ type: "leave", userId: "ann", reason: "disconnected" }, TTL_MS / 2);
  });
});
