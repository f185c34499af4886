// A node that dies takes its members with it, once each and in time, and nobody else.
import assert from "node:assert/strict";
import { test } from "node:test";
import { below, unique } from "../protocol/support/random.js";
import { pause } from "../protocol/support/wait.js";
import { Actor, Witnesses } from "./support/churn.js";
import { cluster, mustAgree } from "./support/cluster.js";

const TTL_MS = 2_000;
const BEAT_MS = TTL_MS / 4;
const INTERVAL_MS = 500;
const DEFAULT_INTERVAL_MS = 3_000;
const KILLS = Number(process.env.RTM_KILLS ?? 3);
const KILLS_UNDER_LOAD = Number(process.env.RTM_KILLS_UNDER_LOAD ?? 1);
const MEMBERS = 6;
const LOAD = 30;
/** How long a test waits before it gives up; what counts is the bound of `boundMs`. */
const PATIENCE_MS = 30_000;

const isDoomed = ({ userId }) => userId.startsWith("doomed");
const boundMs = (intervalMs) => TTL_MS + TTL_MS / 3 + intervalMs + 1_000;

/** Two nodes that stay, each with members in both rooms who heartbeat and watch, and a third that is killed. */
async function scene(t, { publishing, intervalMs }) {
  const env = { PRESENCE_TTL_MS: String(TTL_MS), ...(intervalMs === DEFAULT_INTERVAL_MS ? {} : { PRESENCE_REAPER_INTERVAL_MS: String(intervalMs) }) };
  const all = await cluster(t, { nodes: 3, publishing, env });
  const rooms = [unique("room"), unique("room")];
  const stay = [];
  for (const node of [all.nodes[0], all.nodes[1], all.nodes[0], all.nodes[1]]) {
    const client = await all.connect(node);
    for (const room of rooms) await client.join(room, unique("stays"));
    all.beat(client, BEAT_MS);
    stay.push(client);
  }
  return { all, rooms, stay };
}

/** Members on the third node, each in one room or both, seen by all. Returns their presences. */
async function populate({ all, rooms, stay }) {
  const doomed = [];
  for (let nth = 0; nth < MEMBERS; nth += 1) {
    const client = await all.connect(all.nodes[2]);
    for (const room of nth % 2 ? rooms : rooms.slice(0, 1)) {
      const { self } = await client.join(room, unique("doomed"));
      doomed.push({ room, connId: self.connId });
    }
    all.beat(client, BEAT_MS);
  }
  for (const { room, connId } of doomed) {
    for (const client of stay) await client.sees({ roomId: room, type: "join", connId });
  }
  return doomed;
}

/** Waits for each presence's leave on all who stay; returns how long the last took to come. */
async function leaves({ stay }, doomed, killedAt) {
  const took = await Promise.all(
    stay.flatMap((client) =>
      doomed.map(async ({ room, connId }) => {
        const event = await client.sees({ roomId: room, type: "leave", connId }, PATIENCE_MS);
        assert.equal(event.reason, "expired");
        return performance.now() - killedAt;
      }),
    ),
  );
  return Math.max(...took);
}

for (const [publishing, intervalMs, kills] of [
  ["sharded", INTERVAL_MS, KILLS],
  ["plain", INTERVAL_MS, Math.ceil(KILLS / 3)],
  ["sharded", DEFAULT_INTERVAL_MS, Math.ceil(KILLS / 5)],
]) {
  test(`after kill -9 each member leaves once within ${Math.round(boundMs(intervalMs))} ms, ${kills} times (${publishing}, interval ${intervalMs} ms)`, async (t) => {
    const it = await scene(t, { publishing, intervalMs });
    const { all, rooms, stay } = it;
    const everyone = [];
    const took = [];
    for (let kill = 0; kill < kills; kill += 1) {
      if (kill > 0) await all.start(2);
      const doomed = await populate(it);
      everyone.push(...doomed);
      // At any point between two heartbeats.
      await pause(below(BEAT_MS));
      took.push(await leaves(it, doomed, await all.crash(all.nodes[2])));
      assert.ok(took.at(-1) <= boundMs(intervalMs), `kill ${kill + 1}: the last leave came after ${Math.round(took.at(-1))} ms`);
    }
    for (const client of stay) {
      const left = client.saw({ type: "leave" }).map(({ roomId, connId }) => `${roomId} ${connId}`);
      assert.deepEqual(left.sort(), everyone.map(({ room, connId }) => `${room} ${connId}`).sort(), "once each, and nobody else");
      assert.equal(client.heard("presence:lost").length, 0);
      for (const roomId of rooms) assert.equal((await client.ask("presence:heartbeat", { roomId })).ok, true);
    }
    for (const room of rooms) assert.equal(Object.keys(await mustAgree(stay, room)).length, stay.length);
    console.log(`${kills} kills, ${publishing}, interval ${intervalMs} ms: the last leave after ${took.map(Math.round).join(", ")} ms`);
  });
}

test(`kill -9 under load takes only the dead node's members, once each, ${KILLS_UNDER_LOAD} times`, async (t) => {
  const env = { PRESENCE_TTL_MS: String(TTL_MS), PRESENCE_REAPER_INTERVAL_MS: String(INTERVAL_MS), PRESENCE_LEASE: "transport", PING_TIMEOUT_MS: "20000" };
  const all = await cluster(t, { nodes: 3, env });
  const rooms = Array.from({ length: 5 }, () => unique("room"));
  const stays = { nodes: all.nodes.slice(0, 2), connect: all.connect.bind(all) };
  const witnesses = await Witnesses.enter(stays, rooms);
  const [took, everyone] = [[], []];
  for (let kill = 0; kill < KILLS_UNDER_LOAD; kill += 1) {
    if (kill > 0) await all.start(2);
    const actors = Array.from({ length: LOAD }, () => new Actor(stays, rooms));
    everyone.push(...actors);
    const load = Promise.all(actors.map((actor) => actor.run(40)));
    // On the third node too everybody joins and writes without waiting for any answer, while it dies.
    const doomed = await Promise.all(Array.from({ length: LOAD }, () => all.connect(all.nodes[2], { track: false })));
    const writing = setInterval(() => {
      for (const [nth, { socket }] of doomed.entries()) {
        const roomId = rooms[(nth + below(2)) % rooms.length];
        socket.emit("presence:join", { roomId, userId: `doomed-${kill}-${nth}` });
        socket.emit("presence:heartbeat", { roomId, patchState: { n: below(1_000) } });
      }
    }, 100);
    t.after(() => clearInterval(writing));
    await Promise.all(witnesses.clients.map((witness) => witness.sees({ type: "update", userId: `doomed-${kill}-${LOAD - 1}` })));
    const killedAt = await all.crash(all.nodes[2]);
    clearInterval(writing);
    await witnesses.mustLose(isDoomed, PATIENCE_MS);
    took.push(performance.now() - killedAt);
    assert.ok(took.at(-1) <= boundMs(INTERVAL_MS), `kill ${kill + 1}: the last leave came after ${Math.round(took.at(-1))} ms`);
    await load;
    await witnesses.mustShow(everyone);
    for (const actor of actors) actor.go(true);
    await witnesses.mustShow(everyone);
    witnesses.mustHaveSeen(everyone, { besides: isDoomed });
  }
  console.log(`${KILLS_UNDER_LOAD} kills under load: the last leave after ${took.map(Math.round).join(", ")} ms`);
});
