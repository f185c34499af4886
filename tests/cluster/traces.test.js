// What a room leaves in Redis when its members are gone: no subscription after a few seconds, no key after the look-back.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { unique } from "../protocol/support/random.js";
import { eventually } from "../protocol/support/wait.js";
import { cluster, PUBLISHINGS } from "./support/cluster.js";

/** A room is kept open for 5 s after its last member on a node, and looked at once a second. */
const IDLE_MS = 5_000 + 1_000;
const SLACK_MS = 5_000;

/** What a node subscribes to for a room: presence, chat and relay. */
const OF_A_ROOM = /\}:(events|of-room:chat-channel|of-room:relay-channel):(.*)$/;
const KINDS = 3;

/** How many nodes are subscribed to each room, by room; fails if they are to one of its channels and not to the others. */
function subscribers(redis, publishing) {
  const [list, count] = publishing === "plain" ? ["CHANNELS", "NUMSUB"] : ["SHARDCHANNELS", "SHARDNUMSUB"];
  return redis.with(async (resp) => {
    const channels = (await resp.ask("PUBSUB", list)).filter((channel) => OF_A_ROOM.test(channel));
    const counted = channels.length ? await resp.ask("PUBSUB", count, ...channels) : [];
    const rooms = {};
    for (const [nth] of channels.entries()) (rooms[OF_A_ROOM.exec(counted[2 * nth])[2]] ??= []).push(counted[2 * nth + 1]);
    for (const [room, counts] of Object.entries(rooms)) assert.deepEqual(counts, Array(KINDS).fill(counts[0]), room);
    return Object.fromEntries(Object.entries(rooms).map(([room, [nodes]]) => [room, nodes]));
  });
}

describe("traces in Redis", { concurrency: 2 }, () => {
  for (const publishing of PUBLISHINGS) {
    test(`only nodes with members in a room are subscribed to it (${publishing})`, async (t) => {
      const all = await cluster(t, { nodes: 3, publishing, env: { RELAY_EVENTS: "cursor:move" } });
      assert.deepEqual(await subscribers(all.redis, publishing), {});
      const rooms = Array.from({ length: 60 }, () => unique("room"));
      const [a, b] = [await all.connect(all.nodes[0]), await all.connect(all.nodes[1])];
      await Promise.all(rooms.map((room) => a.join(room, "a")));
      await Promise.all(rooms.slice(0, 20).map((room) => b.join(room, "b")));
      const expected = (nodesOf) => Object.fromEntries(rooms.map((room, nth) => [room, nodesOf(nth)]).filter(([, nodes]) => nodes > 0));
      assert.deepEqual(await subscribers(all.redis, publishing), expected((nth) => (nth < 20 ? 2 : 1)));

      // One leaves room by room, one breaks off; one room is entered again before it is closed.
      const stays = await all.connect(all.nodes[0]);
      await stays.join(rooms[1], "stays");
      await Promise.all(rooms.slice(1).map((roomId) => a.ask("presence:leave", { roomId })));
      b.cut();
      await eventually("the end of subscriptions that nobody needs", async () => {
        assert.deepEqual(await subscribers(all.redis, publishing), expected((nth) => (nth < 2 ? 1 : 0)));
      }, IDLE_MS + SLACK_MS);
      const again = await all.connect(all.nodes[1]);
      await again.join(rooms[0], "again");
      await a.sees({ roomId: rooms[0], type: "join", userId: "again" });
      assert.deepEqual(await subscribers(all.redis, publishing), expected((nth) => [2, 1][nth] ?? 0));
    });
  }

  test("after the look-back nothing is left of members who left, broke off, were resumed, expired or died with their node", async (t) => {
    const lookbackMs = 1_500;
    const env = { PRESENCE_TTL_MS: "1500", PRESENCE_REAPER_INTERVAL_MS: "250", PRESENCE_REAPER_LOOKBACK_MS: String(lookbackMs), PING_INTERVAL_MS: "60000" };
    const all = await cluster(t, { nodes: 3, env });
    const start = await all.redis.keys();
    const rooms = Array.from({ length: 30 }, () => unique("room"));
    const clients = await all.connectAll(60);
    const joined = await Promise.all(clients.map((client, nth) => client.join(rooms[nth % rooms.length], `user-${nth}`, { state: { nth } })));
    const during = await all.redis.keys();
    assert.ok(during.length >= start.length + rooms.length, `${during.length} keys`);
    const ways = [
      (client) => client.ask("presence:leave", null),
      (client) => client.close(),
      (client) => client.cut(),
      async (client, nth) => {
        const { connId, key, epoch } = joined[nth].self;
        const next = await all.connect(all.nodes[1]);
        await next.join(rooms[nth % rooms.length], `user-${nth}`, { resume: { connId, key, epoch: epoch + 1 } });
        next.close();
      },
      // Silent from now on.
      () => {},
    ];
    await Promise.all(clients.map((client, nth) => ways[nth % ways.length](client, nth)));
    await all.crash(all.nodes[2]);
    await eventually("the number of keys at the start", async () => assert.deepEqual(await all.redis.keys(), start), 20_000);
  });
});
