// Under churn each client gets each change exactly once and in order, whichever nodes it and the others are on.
import assert from "node:assert/strict";
import { test } from "node:test";
import { unique } from "../protocol/support/random.js";
import { Actor, Witnesses } from "./support/churn.js";
import { cluster } from "./support/cluster.js";

const ACTORS = Number(process.env.RTM_CHURN_ACTORS ?? 220);
const STEPS = Number(process.env.RTM_CHURN_STEPS ?? 16);
const ROOMS = 20;
const DELIVERED_MIN = 50_000;
/** Nobody expires, however slow the machine is. */
const ENV = { PRESENCE_TTL_MS: "600000", PRESENCE_REAPER_INTERVAL_MS: "1000" };

for (const [nodes, publishing] of [[2, "sharded"], [3, "sharded"], [2, "plain"], [3, "plain"]]) {
  test(`${nodes} nodes over ${publishing} channels tell ${ACTORS} clients each change once and in order`, async (t) => {
    const all = await cluster(t, { nodes, publishing, env: ENV });
    const rooms = Array.from({ length: ROOMS }, () => unique("room"));
    const witnesses = await Witnesses.enter(all, rooms);
    const actors = Array.from({ length: ACTORS }, () => new Actor(all, rooms));
    const from = performance.now();
    await Promise.all(actors.map((actor) => actor.run(STEPS)));
    const took = performance.now() - from;

    await witnesses.mustShow(actors);
    witnesses.mustHaveSeen(actors);
    const { clients, events } = all.delivered();
    const changes = actors.reduce((sum, actor) => sum + actor.done.length, 0);
    console.log(`${nodes} nodes, ${publishing}: ${clients} connections, ${changes} changes, ${events} events delivered, ${Math.round(took)} ms`);
    assert.ok(events >= DELIVERED_MIN, `only ${events} events`);
    assert.ok(clients >= 200, `only ${clients} connections`);
  });
}
