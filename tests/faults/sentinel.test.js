// A failover in a group that Sentinels watch.
import { test } from "node:test";
import { Troupe } from "./support/failover.js";
import { SentinelGroup } from "./support/sentinel.js";

const FAILOVERS = {
  "its primary killed": (group, old) => old.kill(),
  "a failover asked for": (group) => group.failOver(),
};

for (const [what, begin] of Object.entries(FAILOVERS)) {
  test(`a Sentinel group with ${what}: everybody stays, service comes back`, async (t) => {
    const group = await SentinelGroup.start();
    const troupe = await Troupe.gather(t, group);
    const old = await group.primary();
    const { healedMs, longestMs, refused, rooms } = await troupe.under(async () => {
      await begin(group, old);
      await group.failedOver(old);
    });
    t.diagnostic(`patches of everybody ${healedMs} ms after the failover; ${refused.length} refused in ${rooms} of 8 rooms, the slowest answered after ${longestMs} ms`);
    await troupe.mustBeWhole();
  });
}
