// What presences and chat cost Redis: idle ones nothing each, a join, a patch and a message one script call each.
import assert from "node:assert/strict";
import { test } from "node:test";
import { unique } from "../protocol/support/random.js";
import { RawSocket } from "../protocol/support/raw.js";
import { pause } from "../protocol/support/wait.js";
import { cluster, PUBLISHINGS } from "./support/cluster.js";
import { asked, counts, Monitor } from "./support/monitor.js";
import { loadScripts } from "./support/scripts.js";

const PARTITIONS = 64;
const NODES = 2;
const TTL_MS = 6_000;
const INTERVAL_MS = 1_000;
/** The lower of the interval, a sixth of the TTL and a second. */
const TICK_MS = 1_000;
/** Connections of a node that it asks once a second whether they still are: two each of the feed, the bus, chat, and what concerns users. */
const PINGED = 8;
/** How often a node asks each part with open rooms whether it has heard their last messages. */
const CHAT_CHECK_MS = 2_000;
/** The relay has two more connections of a node, and a channel of each room. */
const WITHOUT_RELAY = { RELAY_EVENTS: "none" };
const FEW = 10;
const MANY = 1_000;
const WATCH_MS = TTL_MS;
/** What scripts call is counted as well, but is no command of a client. */
const CALLED_BY_SCRIPTS = ["exists", "hdel", "hget", "hgetall", "hset", "info", "publish", "spublish", "time", "zadd", "zrangebyscore", "zrem", "zrevrangebyscore", "zscore"];

/** Calls of each command of clients since the server started. */
async function commandStats(redis) {
  const stats = await redis.with((resp) => resp.info("commandstats"));
  const calls = Object.entries(stats).map(([name, text]) => [name.replace("cmdstat_", ""), Number(/calls=(\d+)/.exec(text)[1])]);
  return Object.fromEntries(calls.filter(([name]) => !CALLED_BY_SCRIPTS.includes(name)));
}

/** Commands of clients per second while nothing happens but heartbeats. */
async function commandsPerSecond(redis) {
  const [before, from] = [await commandStats(redis), performance.now()];
  await pause(WATCH_MS);
  const [after, seconds] = [await commandStats(redis), (performance.now() - from) / 1_000];
  const rates = Object.entries(after).map(([name, calls]) => [name, (calls - (before[name] ?? 0)) / seconds]);
  return Object.fromEntries(rates.filter(([, rate]) => rate > 0));
}

test(`${MANY} idle connections cost Redis no more commands than ${FEW}`, async (t) => {
  const env = { ...WITHOUT_RELAY, PRESENCE_TTL_MS: String(TTL_MS), PRESENCE_REAPER_INTERVAL_MS: String(INTERVAL_MS) };
  const all = await cluster(t, { nodes: NODES, env });
  await loadScripts(all.redis);
  const sockets = [];
  t.after(() => sockets.forEach((socket) => socket.cut()));
  const fill = async (count) => {
    while (sockets.length < count) {
      const socket = await RawSocket.enter(all.nodes[sockets.length % NODES]);
      await socket.ask("presence:join", { roomId: `room-${sockets.length % 100}`, userId: `user-${sockets.length}` });
      sockets.push(socket);
    }
  };
  const beat = setInterval(() => sockets.forEach((socket) => socket.emit("presence:heartbeat", null)), TTL_MS / 4);
  t.after(() => clearInterval(beat));

  await fill(FEW);
  const few = await commandsPerSecond(all.redis);
  await fill(MANY);
  const many = await commandsPerSecond(all.redis);
  console.log(`commands per second: ${JSON.stringify(few)} for ${FEW} connections, ${JSON.stringify(many)} for ${MANY}`);
  // Every node asks every part at each tick and at each sweep. A sweep or tick more or less falls into what was watched.
  const expected = NODES * PARTITIONS * (1_000 / TICK_MS + 1_000 / INTERVAL_MS + 1_000 / CHAT_CHECK_MS);
  const edge = (3 * NODES * PARTITIONS * 1_000) / WATCH_MS;
  for (const rates of [few, many]) {
    const { evalsha, ping, ...rest } = rates;
    assert.ok(evalsha > 0 && evalsha <= expected + edge, `${evalsha} script calls per second, not ${expected}`);
    assert.ok(ping <= NODES * PINGED * (1 + 1_000 / WATCH_MS), `${ping} pings per second of ${NODES} nodes`);
    assert.deepEqual(rest, {}, "nothing but scripts and pings is called");
  }
  for (const socket of sockets) {
    assert.ok(!socket.closed && !socket.received.some((text) => text.startsWith('42["presence:lost"')), "not idle but lost");
  }
  const { ok, snapshot } = await sockets[0].ask("presence:sync", { roomId: "room-0" });
  assert.deepEqual([ok, snapshot.length], [true, MANY / 100]);
});

for (const publishing of PUBLISHINGS) {
  test(`a join and a patch are one script call each, a plain heartbeat and a sync none (${publishing})`, async (t) => {
    const all = await cluster(t, { nodes: NODES, publishing, env: WITHOUT_RELAY });
    const monitor = await Monitor.start(all.redis);
    t.after(() => monitor.close());
    // Over plain channels a ping follows, which confirms it; pings are upkeep as well and not told apart.
    const subscribe = publishing === "plain" ? ["subscribe"] : ["ssubscribe"];
    const room = unique("room");
    const [here, there, more] = [await all.connect(all.nodes[0]), await all.connect(all.nodes[1]), await all.connect(all.nodes[0])];
    await loadScripts(all.redis);

    const first = await monitor.during(() => here.join(room, "here"));
    // One channel of presence, one of chat.
    const opening = [...subscribe, ...subscribe, "read", "commit"].sort();
    assert.deepEqual(asked(first).sort(), opening, "the first member on a node opens the room");
    assert.deepEqual(asked(await monitor.during(() => there.join(room, "there"))).sort(), opening);

    assert.deepEqual(asked(await monitor.during(() => more.join(room, "more"))), ["commit"], "a join into a room with local members");
    const patches = () => Promise.all(Array.from({ length: 50 }, (_, n) => [here, there][n % 2].patch(room, { n })));
    assert.deepEqual(counts(asked(await monitor.during(patches))), { commit: 50 });
    const beats = () => Promise.all(Array.from({ length: 200 }, (_, n) => [here, there, more][n % 3].ask("presence:heartbeat", { roomId: room })));
    assert.deepEqual(asked(await monitor.during(beats)), []);
    const nothing = () => Promise.all(Array.from({ length: 20 }, () => here.patch(room, { n: 48 })));
    assert.deepEqual(asked(await monitor.during(nothing)), [], "a patch that changes nothing");
    assert.deepEqual(asked(await monitor.during(() => here.sync(room))), []);
    const talk = () => Promise.all(Array.from({ length: 50 }, (_, n) => [here, there][n % 2].ask("chat:send", { roomId: room, message: n })));
    assert.deepEqual(counts(asked(await monitor.during(talk))), { "chat:append": 50 }, "a message is one script call");
    assert.deepEqual(asked(await monitor.during(() => more.join(room, "more", { state: { again: 1 } }))), ["commit"], "a join again");
    assert.deepEqual(asked(await monitor.during(() => more.ask("presence:leave", { roomId: room }))), ["commit"]);
    const upkeep = await monitor.during(() => pause(1_500));
    assert.deepEqual(asked(upkeep), [], "nothing is asked for when nobody asks");
    assert.ok(upkeep.length > 0, "the nodes keep looking after their leases");
  });
}
