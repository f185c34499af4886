// SIGTERM of one of several nodes: its members leave at once, or go on elsewhere without anybody noticing.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { unique } from "../protocol/support/random.js";
import { QUIET_MS } from "../protocol/support/wait.js";
import { cluster, mustAgree, PUBLISHINGS } from "./support/cluster.js";

const SEEN_MS = 2_000;
const EXIT_MS = 5_000;
const LINGER_MS = 1_500;
const INTERVAL_MS = 500;
/** Sweepers act when they have known Redis for a TTL. */
const TTL_MS = 3_000;
const MEMBERS = 100;
const ROOMS = 5;

/** Members of several rooms on the first node, and a watcher of each room on both others. */
async function scene(t, { publishing, env = {}, members = MEMBERS }) {
  const all = await cluster(t, { nodes: 3, publishing, env: { PRESENCE_REAPER_INTERVAL_MS: String(INTERVAL_MS), ...env } });
  const rooms = Array.from({ length: ROOMS }, () => unique("room"));
  const [watchers, going] = [[], []];
  for (const node of all.nodes.slice(1)) {
    const client = await all.connect(node);
    for (const room of rooms) await client.join(room, unique("watcher"));
    watchers.push(client);
  }
  for (let nth = 0; nth < members; nth += 1) {
    const [client, room] = [await all.connect(all.nodes[0]), rooms[nth % ROOMS]];
    const userId = unique("going");
    const { self } = await client.join(room, userId, { state: { nth } });
    going.push({ client, room, userId, self });
  }
  for (const { self } of going) for (const watcher of watchers) await watcher.sees({ type: "join", connId: self.connId });
  return { all, rooms, watchers, going };
}

/** Stops the first node, which must end in time and cleanly. */
async function terminate({ all }) {
  const [node] = all.nodes;
  node.signal("SIGTERM");
  node.ended = true;
  const from = performance.now();
  const exited = node.mustExit(EXIT_MS).then(() => performance.now() - from);
  exited.catch(() => {});
  return { from, exited };
}

describe("SIGTERM", { concurrency: false }, () => {
  for (const publishing of PUBLISHINGS) {
    test(`is seen by the others as leaves within 2 s, and the process ends within 5 s (${publishing})`, async (t) => {
      const it = await scene(t, { publishing });
      const { watchers, going, rooms } = it;
      const { from, exited } = await terminate(it);
      for (const { self } of going) {
        for (const watcher of watchers) {
          const event = await watcher.sees({ type: "leave", connId: self.connId });
          assert.equal(event.reason, "disconnected");
        }
      }
      const seen = performance.now() - from;
      assert.ok(seen <= SEEN_MS, `the last leave came after ${seen} ms`);
      console.log(`${publishing}: ${going.length} leaves within ${Math.round(seen)} ms, exit after ${Math.round(await exited)} ms`);
      for (const watcher of watchers) assert.equal(watcher.saw({ type: "leave" }).length, going.length);
      for (const room of rooms) assert.equal(Object.keys(await mustAgree(watchers, room)).length, watchers.length);
    });

    test(`is not noticed by others when everyone goes on elsewhere, with a linger (${publishing})`, async (t) => {
      const it = await scene(t, { publishing, env: { PRESENCE_LINGER_MS: "60000" } });
      const { all, watchers, going, rooms } = it;
      const told = going.map(async (member, nth) => {
        await member.client.hears("server:draining");
        const next = await all.connect(all.nodes[1 + (nth % 2)]);
        const { connId, key, epoch } = member.self;
        const { self } = await next.join(member.room, member.userId, { resume: { connId, key, epoch: epoch + 1 } });
        assert.deepEqual([self.connId, self.epoch], [connId, epoch + 1]);
      });
      const { exited } = await terminate(it);
      await Promise.all(told);
      await exited;
      for (const [nth, { self }] of going.entries()) {
        for (const watcher of watchers) {
          await watcher.sees({ type: "join", connId: self.connId, epoch: self.epoch + 1 });
          assert.deepEqual(watcher.saw({ connId: self.connId }).map(({ type, state }) => [type, state]), Array(2).fill(["join", { nth }]));
        }
      }
      for (const watcher of watchers) {
        await assert.rejects(watcher.sees({ type: "leave" }, QUIET_MS), /not within/);
      }
      for (const room of rooms) {
        const shown = await mustAgree(watchers, room);
        assert.equal(Object.keys(shown).length, watchers.length + MEMBERS / ROOMS);
      }
    });
  }

  test("leaves those whom nobody resumes to the others, who end them when the linger is over", async (t) => {
    const env = { PRESENCE_LINGER_MS: String(LINGER_MS), PRESENCE_TTL_MS: String(TTL_MS) };
    const it = await scene(t, { env, members: 10 });
    const { all, watchers, going } = it;
    for (const client of [...watchers, ...going.map((member) => member.client)]) all.beat(client, TTL_MS / 4);
    const { from, exited } = await terminate(it);
    await exited;
    for (const { self } of going) {
      for (const watcher of watchers) {
        const event = await watcher.sees({ type: "leave", connId: self.connId }, EXIT_MS + TTL_MS + LINGER_MS);
        assert.equal(event.reason, "disconnected");
      }
    }
    const took = performance.now() - from;
    assert.ok(took >= LINGER_MS, `after ${took} ms`);
    for (const watcher of watchers) assert.equal(watcher.saw({ type: "leave" }).length, going.length);
  });
});
