// Leases: who is silent for the TTL leaves, who heartbeats stays, and everyone sees the same room meanwhile.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { clientsOf } from "./support/client.js";
import { unique } from "./support/random.js";
import { assertRefused } from "./support/refusal.js";
import { serve } from "./support/server.js";
import { pause } from "./support/wait.js";

const TTL_MS = 2_000;
const SWEEP_MS = 500;
const LOOKBACK_MS = 3_000;
/** For two busy cores; not part of the promise. */
const SLACK_MS = 600;
/** Both sides round to milliseconds. */
const ROUNDING_MS = 2;

const server = await serve({
  PRESENCE_TTL_MS: String(TTL_MS),
  PRESENCE_REAPER_INTERVAL_MS: String(SWEEP_MS),
  PRESENCE_REAPER_LOOKBACK_MS: String(LOOKBACK_MS),
});

/** A watcher that heartbeats for the whole test. */
async function scene(t) {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const watcher = await connect();
  const { ttlMs } = await watcher.join(room, "watcher");
  assert.equal(ttlMs, TTL_MS);
  beat(t, watcher, null);
  return { connect, room, watcher };
}

function beat(t, client, payload) {
  const timer = setInterval(() => client.socket.emit("presence:heartbeat", payload), TTL_MS / 5);
  const stop = () => clearInterval(timer);
  t.after(stop);
  return stop;
}

const LATEST_MS = TTL_MS + SWEEP_MS + SLACK_MS;

describe("leases", { concurrency: true }, () => {
  test("a silent member leaves as expired, after the TTL and within one sweep of it", async (t) => {
    const { connect, room, watcher } = await scene(t);
    const ann = await connect();
    const { self } = await ann.join(room, "ann");
    const from = performance.now();
    await ann.ask("presence:heartbeat", null);
    const to = performance.now();
    const event = await watcher.sees({ type: "leave", userId: "ann" }, LATEST_MS + 2_000);
    const now = performance.now();
    assert.deepEqual([event.reason, event.connId, event.state], ["expired", self.connId, null]);
    assert.ok(now - from >= TTL_MS - ROUNDING_MS, `after ${now - from} ms`);
    assert.ok(now - to <= LATEST_MS, `after ${now - to} ms`);
  });

  test("whoever expires is told so, hears the room no more and must join again", async (t) => {
    const { connect, room, watcher } = await scene(t);
    const ann = await connect();
    const { self } = await ann.join(room, "ann");
    const lost = await ann.hears("presence:lost", {}, LATEST_MS);
    assert.deepEqual(lost, { roomId: room, connId: self.connId, reason: "expired" });
    const heard = ann.log.length;
    await watcher.sees({ type: "leave", userId: "ann" });
    await watcher.patch(room, { unheard: true });

    for (const payload of [null, { roomId: room }, { roomId: room, patchState: { late: 1 } }]) {
      assertRefused(await ann.ask("presence:heartbeat", payload), "not_present", { changed: false });
    }
    assert.equal(ann.log.length, heard, "an expired socket still hears the room");
    assert.equal((await watcher.sync(room)).snapshot.length, 1);
    const again = await ann.join(room, "ann");
    assert.ok(again.self.epoch > self.epoch);
    assert.equal((await ann.ask("presence:heartbeat", null)).ok, true);
    await watcher.sync(room);
  });

  test("newcomers and old members see the same room all the while", async (t) => {
    const { connect, room, watcher } = await scene(t);
    const silent = await connect();
    await silent.join(room, "silent");
    let shown = true;
    while (shown) {
      const newcomer = await connect();
      await newcomer.join(room, "newcomer");
      const [fresh, old] = await Promise.all([newcomer.sync(room), watcher.sync(room)]);
      const connIds = (ack) => ack.snapshot.map((entry) => entry.connId).sort();
      if (fresh.version === old.version) assert.deepEqual(connIds(fresh), connIds(old));
      for (const { lastSeenMs } of old.snapshot) assert.ok(Date.now() - lastSeenMs <= TTL_MS + SWEEP_MS, "older than a TTL");
      shown = watcher.roster(room).users().includes("silent");
      newcomer.close();
      await watcher.sees({ type: "leave", userId: "newcomer", connId: newcomer.roster(room).self });
    }
    assert.equal(watcher.saw({ type: "leave", userId: "silent" }).length, 1);
  });

  test("a bare heartbeat and a patch both renew", async (t) => {
    const { connect, room, watcher } = await scene(t);
    const [bare, patching] = [await connect(), await connect()];
    await bare.join(room, "bare");
    await patching.join(room, "patching");
    beat(t, bare, null);
    let n = 0;
    const timer = setInterval(() => patching.socket.emit("presence:heartbeat", { patchState: { n: (n += 1) } }), TTL_MS / 5);
    t.after(() => clearInterval(timer));
    // One that joins and is silent shows twice over that a lease's time has passed.
    for (const round of ["first", "second"]) {
      const silent = await connect();
      await silent.join(room, round);
      await watcher.sees({ type: "leave", userId: round, reason: "expired" }, LATEST_MS);
    }
    const { snapshot } = await watcher.sync(room);
    assert.deepEqual(snapshot.map((entry) => entry.userId).sort(), ["bare", "patching", "watcher"]);
    for (const { lastSeenMs } of snapshot) assert.ok(Date.now() - lastSeenMs <= TTL_MS + SLACK_MS);
  });

  test("a heartbeat without a room renews all of them, one with a room only that", async (t) => {
    const { connect, room, watcher } = await scene(t);
    const other = unique("other");
    await watcher.join(other, "watcher");
    const [both, one] = [await connect(), await connect()];
    for (const roomId of [room, other]) {
      await both.join(roomId, "both");
      await one.join(roomId, "one");
    }
    beat(t, both, null);
    beat(t, one, { roomId: room });
    await watcher.sees({ type: "leave", roomId: other, userId: "one", reason: "expired" }, LATEST_MS);
    const users = async (roomId) => (await watcher.sync(roomId)).snapshot.map((entry) => entry.userId).sort();
    assert.deepEqual(await users(room), ["both", "one", "watcher"]);
    assert.deepEqual(await users(other), ["both", "watcher"]);
    assert.equal((await one.ask("presence:heartbeat", null)).ok, true);
    await one.sync(room);
  });

  test("an expired presence can be resumed while it is remembered", async (t) => {
    const { connect, room, watcher } = await scene(t);
    const ann = await connect();
    const { self } = await ann.join(room, "ann", { state: { kept: true } });
    await watcher.sees({ type: "leave", userId: "ann" }, LATEST_MS);
    await ann.hears("presence:lost");
    const ack = await ann.join(room, "ann", { resume: { connId: self.connId, key: self.key, epoch: self.epoch + 1 } });
    assert.deepEqual([ack.self.connId, ack.self.epoch], [self.connId, self.epoch + 1]);
    const event = await watcher.sees({ type: "join", userId: "ann", epoch: self.epoch + 1 });
    assert.deepEqual(event.state, { kept: true });
  });

  test("after the look-back it is forgotten", async (t) => {
    const { connect, room, watcher } = await scene(t);
    const ann = await connect();
    const { self } = await ann.join(room, "ann", { state: { kept: true } });
    ann.cut();
    await watcher.sees({ type: "leave", userId: "ann" });
    await pause(LOOKBACK_MS + SWEEP_MS + SLACK_MS);
    const next = await connect();
    const ack = await next.join(room, "ann", { resume: { connId: self.connId, key: self.key, epoch: self.epoch + 1 } });
    assert.notEqual(ack.self.connId, self.connId);
    assert.deepEqual(ack.snapshot.find((entry) => entry.userId === "ann").state, {});
  });
});
