// PRESENCE_LINGER_MS: a broken stream is forgiven for a while.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { clientsOf } from "./support/client.js";
import { unique } from "./support/random.js";
import { RawSocket } from "./support/raw.js";
import { serve } from "./support/server.js";

const LINGER_MS = 1_500;
const SLACK_MS = 1_000;
/** Both sides round to milliseconds. */
const ROUNDING_MS = 2;
const server = await serve({ PRESENCE_LINGER_MS: String(LINGER_MS) });

async function scene(t, from = server) {
  const { connect } = clientsOf(t, from);
  const room = unique("room");
  const [watcher, ann] = [await connect(), await connect()];
  await watcher.join(room, "watcher");
  const { self } = await ann.join(room, "ann", { state: { n: 1 } });
  return { connect, room, watcher, ann, self };
}

/** Milliseconds from now until the watcher is told that `ann` left. */
async function untilLeave(watcher, reason, from = performance.now()) {
  const event = await watcher.sees({ type: "leave", userId: "ann" }, 10_000);
  assert.equal(event.reason, reason);
  return performance.now() - from;
}

describe("with a linger", { concurrency: true }, () => {
  test("a presence resumed in time was never away", async (t) => {
    const { connect, room, watcher, ann, self } = await scene(t);
    ann.cut();
    const newcomer = await connect();
    const { snapshot } = await newcomer.join(room, "newcomer");
    assert.deepEqual(snapshot.find((entry) => entry.userId === "ann").state, { n: 1 }, "still shown");

    const next = await connect();
    const ack = await next.join(room, "ann", { resume: { connId: self.connId, key: self.key, epoch: self.epoch + 1 } });
    assert.equal(ack.self.connId, self.connId);
    await next.patch(room, { n: 2 });
    await watcher.sees({ type: "update" });
    assert.deepEqual(watcher.saw({ userId: "ann" }).map((event) => event.type), ["join", "join", "update"]);

    // Past the moment at which the first stream's linger would have ended it.
    await assert.rejects(watcher.sees({ type: "leave", userId: "ann" }, LINGER_MS + SLACK_MS));
    await watcher.sync(room);
  });

  test("a presence that nobody resumes leaves as disconnected when the linger is over", async (t) => {
    const { connect, room, watcher, ann, self } = await scene(t);
    const cutAt = performance.now();
    ann.cut();
    const took = await untilLeave(watcher, "disconnected", cutAt);
    assert.ok(took >= LINGER_MS - ROUNDING_MS, `after ${took} ms`);
    assert.ok(took < LINGER_MS + SLACK_MS, `after ${took} ms`);

    const next = await connect();
    const ack = await next.join(room, "ann", { resume: { connId: self.connId, key: self.key, epoch: self.epoch + 1 } });
    assert.equal(ack.self.connId, self.connId, "it is remembered longer than it is shown");
    await watcher.sees({ type: "join", userId: "ann", epoch: self.epoch + 1 });
    assert.deepEqual(watcher.saw({ userId: "ann" }).map((event) => event.type), ["join", "leave", "join"]);
  });

  test("a client's own disconnect packet ends it at once", async (t) => {
    const { room, watcher, ann } = await scene(t);
    const from = performance.now();
    ann.close();
    await watcher.sees({ type: "leave", userId: "ann" });
    assert.ok(performance.now() - from < LINGER_MS / 2);

    const raw = await RawSocket.enter(server);
    await raw.ask("presence:join", { roomId: room, userId: "raw" });
    const again = performance.now();
    raw.send("41");
    await watcher.sees({ type: "leave", userId: "raw" });
    assert.ok(performance.now() - again < LINGER_MS / 2);
    raw.cut();
  });

  test("a leave ends it at once", async (t) => {
    const { watcher, ann } = await scene(t);
    const from = performance.now();
    await ann.ask("presence:leave", null);
    assert.ok((await untilLeave(watcher, "left", from)) < LINGER_MS / 2);
  });

  test("each linger is its own: one resumed, one not, on one broken stream", async (t) => {
    const { connect, room, watcher, ann, self } = await scene(t);
    const other = unique("other");
    await watcher.join(other, "watcher");
    await ann.join(other, "ann");
    ann.cut();
    const next = await connect();
    await next.join(room, "ann", { resume: { connId: self.connId, key: self.key, epoch: self.epoch + 1 } });
    await watcher.sees({ type: "leave", roomId: other, reason: "disconnected" });
    assert.equal(watcher.saw({ type: "leave", roomId: room }).length, 0);
    await watcher.sync(room);
  });
});

test("a linger longer than the TTL replaces the lease", async (t) => {
  const ttlMs = 2_000;
  const lingerMs = 3_500;
  const patient = await serve({ PRESENCE_TTL_MS: String(ttlMs), PRESENCE_LINGER_MS: String(lingerMs), PRESENCE_REAPER_INTERVAL_MS: "500" });
  const { watcher, ann } = await scene(t, patient);
  const beat = setInterval(() => watcher.socket.emit("presence:heartbeat", null), ttlMs / 4);
  t.after(() => clearInterval(beat));
  const cutAt = performance.now();
  ann.cut();
  const took = await untilLeave(watcher, "disconnected", cutAt);
  assert.ok(took >= lingerMs - ROUNDING_MS && took < lingerMs + SLACK_MS, `after ${took} ms`);
});
