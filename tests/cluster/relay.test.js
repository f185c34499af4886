// The relay over nodes that share one Redis.
import assert from "node:assert/strict";
import { test } from "node:test";
import { unique } from "../protocol/support/random.js";
import { cluster, PUBLISHINGS } from "./support/cluster.js";

for (const publishing of PUBLISHINGS) {
  test(`relayed events reach the members on all nodes once, in each sender's order (${publishing})`, async (t) => {
    const all = await cluster(t, { nodes: 3, publishing, env: { RELAY_EVENTS: "cursor:move", RELAY_EVENTS_PER_SECOND: "10000" } });
    const [room, other] = [unique("room"), unique("room")];
    const heard = [];
    const members = [];
    for (const [at, node] of [...all.nodes, all.nodes[0]].entries()) {
      const client = await all.connect(node, { track: false });
      client.socket.offAny();
      heard.push([]);
      client.socket.on("cursor:move", (payload, sender) => heard[at].push({ ...payload, ...sender }));
      const { self } = await client.join(at < 4 ? room : other, `user-${at}`);
      members.push({ client, connId: self.connId });
    }
    const outsider = await all.connect(all.nodes[1]);
    await outsider.join(other, "outsider");
    const count = 300;
    await Promise.all(members.map(async ({ client }) => {
      const acks = await Promise.all(Array.from({ length: count }, (_, n) => client.ask("cursor:move", { n })));
      for (const ack of acks) assert.deepEqual(ack, { ok: true });
    }));
    const expected = (members.length - 1) * count;
    for (const [at, { client }] of members.entries()) {
      const watch = setInterval(() => client.socket.emit("presence:heartbeat", null), 50);
      await new Promise((resolve, reject) => {
        const end = setTimeout(() => reject(new Error(`heard ${heard[at].length} of ${expected}`)), 10_000);
        const look = setInterval(() => {
          if (heard[at].length < expected) return;
          clearInterval(look);
          clearTimeout(end);
          resolve();
        }, 10);
      });
      clearInterval(watch);
      for (const [from, { connId }] of members.entries()) {
        const of = heard[at].filter((event) => event.connId === connId);
        assert.deepEqual(of.map(({ n }) => n), from === at ? [] : Array.from({ length: count }, (_, n) => n));
        for (const event of of) assert.deepEqual([event.roomId, event.userId], [room, `user-${from}`]);
      }
    }
    assert.deepEqual(outsider.heard("cursor:move"), []);
  });
}
