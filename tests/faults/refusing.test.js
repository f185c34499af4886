// Redis answers, but takes no writes.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";
import { unique } from "../protocol/support/random.js";
import { eventually, pause } from "../protocol/support/wait.js";
import { RedisServer } from "./support/redis.js";
import { ANSWER_MAX_MS, converge, GRACE_MS, Stage, TTL_MS, untilReady } from "./support/stage.js";

const REFUSALS = {
  NOREPLICAS: {
    begin: (redis) => redis.cli("CONFIG", "SET", "min-replicas-to-write", 1),
    end: (redis) => redis.cli("CONFIG", "SET", "min-replicas-to-write", 0),
  },
  OOM: {
    begin: (redis) => redis.cli("CONFIG", "SET", "maxmemory", 1),
    end: (redis) => redis.cli("CONFIG", "SET", "maxmemory", 0),
  },
  MISCONF: {
    // It cannot save into a folder that is gone.
    begin: async (redis) => {
      await redis.cli("CONFIG", "SET", "save", "3600 1000");
      rmSync(redis.folder, { recursive: true });
      await redis.cli("BGSAVE");
    },
    end: (redis) => redis.cli("CONFIG", "SET", "stop-writes-on-bgsave-error", "no"),
  },
};

for (const [word, { begin, end }] of Object.entries(REFUSALS)) {
  test(`Redis takes no writes (${word}): nodes say so, nobody leaves, and it heals`, async (t) => {
    const stage = new Stage(t);
    const redis = stage.own(await RedisServer.start());
    const nodes = [await stage.node(redis.url), await stage.node(redis.url)];
    const room = unique("room");
    const members = [await stage.member(nodes[0], room, "ann"), await stage.member(nodes[1], room, "bob")];
    await converge(members, ["ann", "bob"]);
    await begin(redis);
    const began = performance.now();
    for (const node of nodes) {
      const { status, reason } = await untilReady(node, false);
      assert.equal(status, 503);
      assert.ok(reason.includes(word), reason);
    }
    // Longer than any lease, and than sweepers take to be armed.
    for (let n = 0; performance.now() - began < 2 * TTL_MS + GRACE_MS; n += 1) {
      for (const member of members) {
        const { ack, took } = await member.timed("presence:heartbeat", { roomId: room, patchState: { n } });
        assert.equal(ack.code, "unavailable", JSON.stringify(ack));
        assert.ok(took < ANSWER_MAX_MS, `answered after ${took} ms`);
      }
      await pause(100);
    }
    for (const member of members) assert.equal(member.beats.at(-1).ack.code, "unavailable");
    await end(redis);
    await Promise.all(nodes.map((node) => untilReady(node)));
    for (const member of members) await member.patched({ healed: true });
    await eventually("ok heartbeats", async () => members.forEach((member) => assert.equal(member.beats.at(-1).ack.ok, true)));
    const fresh = [await stage.member(nodes[0], room, "new-0"), await stage.member(nodes[1], room, "new-1")];
    await converge([...members, ...fresh], ["ann", "bob", "new-0", "new-1"]);
    for (const member of members) {
      assert.deepEqual(member.room.leaves, []);
      member.mustHaveStayed();
    }
  });
}
