// What modules do with Socket.IO while Redis is frozen, or away.
import assert from "node:assert/strict";
import { test } from "node:test";
import { allKnown, does, ids, sockets } from "../cluster/support/steering.js";
import { Client } from "../protocol/support/client.js";
import { unique } from "../protocol/support/random.js";
import { STEERED } from "../protocol/support/server.js";
import { eventually, pause, QUIET_MS } from "../protocol/support/wait.js";
import { HEAL_MS } from "./support/member.js";
import { RedisServer } from "./support/redis.js";
import { Stage, untilReady } from "./support/stage.js";

const AWAY = {
  frozen: [(redis) => redis.freeze(), (redis) => redis.thaw()],
  away: [(redis) => redis.kill(), (redis) => redis.restart()],
};

for (const publishing of ["sharded", "plain"]) {
  test(`Redis frozen, then away: a module's broadcast reaches its own node at once, and with Redis all nodes again (${publishing})`, async (t) => {
    const stage = new Stage(t);
    const redis = stage.own(await RedisServer.start());
    const nodes = [];
    for (let at = 0; at < 2; at += 1) nodes.push(await stage.node(redis.url, { REDIS_PUBLISHING: publishing }, STEERED));
    const room = unique("room");
    const clients = await Promise.all([0, 1, 0, 1].map((at) => new Client(nodes[at].url, { track: false }).connected()));
    t.after(() => clients.forEach((client) => client.close()));
    const [here, there] = [[clients[0], clients[2]], [clients[1], clients[3]]];
    for (const client of clients) await does(client, "steer:enter", { room });
    for (const client of [here[0], there[0]]) await allKnown(client, room, clients);

    for (const [what, [fail, heal]] of Object.entries(AWAY)) {
      await fail(redis);
      for (const payload of [unique(what), unique(what)]) {
        await does(here[0], "steer:emit", { room, what: "news", payload });
        for (const client of here) await client.until("its own node's", () => client.heard("news").includes(payload));
        for (const client of there) assert.ok(!client.heard("news").includes(payload), "Redis is there");
        // Longer than the node takes to find out that Redis is away.
        await Promise.all(nodes.map((node) => untilReady(node, false)));
      }
      assert.deepEqual(await sockets(here[0], room), ids(here));
      await heal(redis);
      const back = performance.now();
      for (const from of [here[0], there[0]]) {
        await eventually("a broadcast that reaches all", async () => {
          const payload = unique("back");
          await does(from, "steer:emit", { room, what: "news", payload });
          for (const client of clients) await client.until("it", () => client.heard("news").includes(payload), QUIET_MS);
        }, HEAL_MS);
      }
      t.diagnostic(`${what}: heard everywhere ${Math.round(performance.now() - back)} ms after Redis was back`);
      await pause(QUIET_MS);
      for (const client of clients) assert.equal(new Set(client.heard("news")).size, client.heard("news").length, "something came twice");
    }
  });
}
