// A failover in a Redis Cluster of three masters.
import { test } from "node:test";
import { RedisCluster } from "./support/cluster.js";
import { Troupe } from "./support/failover.js";
import { eventually } from "../protocol/support/wait.js";

const FAILOVERS = {
  "a master killed": (master) => master.kill(),
  "a failover asked for": (master, replica) => replica.cli("CLUSTER", "FAILOVER"),
};

for (const [what, begin] of Object.entries(FAILOVERS)) {
  test(`a cluster with ${what}: everybody stays, service comes back`, async (t) => {
    const cluster = await RedisCluster.start();
    const troupe = await Troupe.gather(t, cluster);
    const { master, replica } = await cluster.keeperOf(await aKey(cluster));
    const { healedMs, longestMs, refused } = await troupe.under(async () => {
      await begin(master, replica);
      await eventually("the replica's promotion", async () => {
        if ((await replica.info("replication", "role")) !== "master") throw new Error("not yet");
      }, 30_000);
      await cluster.whole();
    });
    t.diagnostic(`patches of everybody ${healedMs} ms after the failover; ${refused.length} refused, the slowest answered after ${longestMs} ms`);
    await troupe.mustBeWhole();
  });
}

/** The records of one of the rooms. */
async function aKey(cluster) {
  for (const { server } of await cluster.masters()) {
    const key = (await server.cli("--scan", "--pattern", "rtm:*:room:*")).split("\n")[0];
    if (key) return key;
  }
  throw new Error("no room has a record");
}
