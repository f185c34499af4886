// A failover in a Redis Cluster of three masters.
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, within } from "../protocol/support/wait.js";
import { RedisCluster } from "./support/cluster.js";
import { Troupe } from "./support/failover.js";
import { Stage } from "./support/stage.js";

const FAILOVERS = {
  "a master killed": (master) => master.kill(),
  "a master frozen": (master) => master.freeze(),
  "a failover asked for": (master, replica) => replica.cli("CLUSTER", "FAILOVER"),
};

for (const [what, begin] of Object.entries(FAILOVERS)) {
  test(`a cluster with ${what}: everybody stays, service comes back`, async (t) => {
    const cluster = await RedisCluster.start();
    const troupe = await Troupe.gather(t, cluster);
    const { master, replica } = await cluster.keeperOf(await aKey(cluster));
    const { healedMs, longestMs, refused, rooms } = await troupe.under(async () => {
      await begin(master, replica);
      await eventually("the replica's promotion", async () => {
        if ((await replica.info("replication", "role")) !== "master") throw new Error("not yet");
      }, 30_000);
      await cluster.whole();
    });
    t.diagnostic(`patches of everybody ${healedMs} ms after the failover; ${refused.length} refused in ${rooms} of 8 rooms, the slowest answered after ${longestMs} ms`);
    await troupe.mustBeWhole();
  });
}

test("a cluster replaced by servers that are none: nodes end and say why, to be started again", async (t) => {
  const stage = new Stage(t);
  const cluster = stage.own(await RedisCluster.start());
  const nodes = [await stage.node(cluster.url), await stage.node(cluster.url)];
  const all = (work) => Promise.all(cluster.servers.map(work));
  await all((server) => server.kill());
  await all((server) => server.restart([]));
  for (const node of nodes) {
    node.ended = true;
    assert.deepEqual(await within(node.exited, 30_000, "the end of a node"), { code: 1, signal: null }, node.log());
    assert.match(node.stderr, /ended for good.*cluster support disabled/);
    node.mustNotHavePanicked();
  }
});

test("a slot that moves to another master under load: nobody leaves", async (t) => {
  const cluster = await RedisCluster.start();
  const troupe = await Troupe.gather(t, cluster);
  const key = await aKey(cluster);
  const { master } = await cluster.keeperOf(key);
  const slot = Number(await master.cli("CLUSTER", "KEYSLOT", key));
  const target = (await cluster.masters()).find(({ server }) => server !== master).server;
  const { refused } = await troupe.under(() => cluster.move(slot, master, target));
  t.diagnostic(`${refused.length} refused`);
  assert.equal((await cluster.keeperOf(key)).master, target);
  await troupe.mustBeWhole();
});

/** The records of one of the rooms. */
async function aKey(cluster) {
  for (const { server } of await cluster.masters()) {
    const key = (await server.cli("--scan", "--pattern", "rtm:*:room:*")).split("\n")[0];
    if (key) return key;
  }
  throw new Error("no room has a record");
}
