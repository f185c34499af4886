// Redis ends and comes back: empty, with its data, again and again.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, test } from "node:test";
import { unique } from "../protocol/support/random.js";
import { eventually, pause } from "../protocol/support/wait.js";
import { RedisServer } from "./support/redis.js";
import { ANSWER_MAX_MS, BEAT_MS, converge, GRACE_MS, readiness, Stage, TTL_MS, untilReady } from "./support/stage.js";

const DURABLE = ["--appendonly", "yes", "--appendfsync", "always"];
const MIB = 1024 * 1024;

/** Two nodes on one Redis, with two members each in one room. */
async function scene(t, { redisOptions = [], env = {} } = {}) {
  const stage = new Stage(t);
  const redis = stage.own(await RedisServer.start(redisOptions));
  const nodes = [await stage.node(redis.url, env), await stage.node(redis.url, env)];
  const room = unique("room");
  const users = ["ann", "bob", "cid", "dan"];
  const members = [];
  for (const [at, user] of users.entries()) {
    members.push(await stage.member(nodes[at % 2], room, user, { state: { of: user } }));
  }
  await converge(members, users);
  return { stage, redis, nodes, room, users, members };
}

function epochs(members) {
  return new Map(members.map(({ self }) => [self.connId, self.epoch]));
}

/** The room as a newcomer on each node is given it. */
async function newcomers(stage, nodes, room) {
  return Promise.all(nodes.map((node, at) => stage.member(node, room, `newcomer-${at}`)));
}

for (const publishing of ["sharded", "plain"]) {
  test(`Redis killed and back empty: all who heartbeat are there again within the TTL (${publishing})`, async (t) => {
    const { stage, redis, nodes, room, users, members } = await scene(t, { env: { REDIS_PUBLISHING: publishing } });
    const before = epochs(members);
    const version = Math.max(...members.map((member) => member.room.version));
    await redis.kill();
    assert.deepEqual(readdirSync(redis.folder), [], "it would come back with data");
    await redis.restart();
    const back = performance.now();
    // Whoever asks Redis itself sees all of them.
    await eventually("all records", async () => {
      const keys = (await redis.cli("KEYS", `*:room:${room}`)).split("\n").filter(Boolean);
      assert.equal(keys.length, 1);
      assert.equal(await redis.cli("HLEN", keys[0]), String(users.length));
    }, TTL_MS);
    const took = performance.now() - back;
    assert.ok(took < TTL_MS, `after ${took} ms`);
    t.diagnostic(`all records back ${Math.round(took)} ms after Redis`);

    const fresh = await newcomers(stage, nodes, room);
    const everyone = [...users, ...fresh.map((member) => member.userId)];
    await converge([...members, ...fresh], everyone);
    for (const member of [...members, ...fresh]) {
      for (const [connId, epoch] of before) assert.equal(member.room.epochOf(connId), epoch, "an epoch changed");
      assert.ok(member.room.version > version, "a version fell");
      assert.deepEqual(member.room.leaves, [], `false leaves shown to ${member.userId}`);
      member.mustHaveStayed();
    }
    for (const member of members) {
      assert.equal((await member.patched({ again: true })).ok, true);
      await fresh[0].seesState(member.userId, { again: true, of: member.userId });
    }
  });
}

test("Redis away for two TTLs, back with its data: nobody leaves, and nodes say meanwhile what is wrong", async (t) => {
  const { stage, redis, nodes, room, users, members } = await scene(t, { redisOptions: DURABLE });
  const before = epochs(members);
  for (const node of nodes) assert.equal((await readiness(node)).status, 200);
  await redis.kill();
  const gone = performance.now();
  for (const node of nodes) {
    const { status, reason } = await untilReady(node, false);
    assert.equal(status, 503);
    assert.match(reason, /Redis/);
    assert.ok(!reason.includes("redis://"), reason);
  }
  // The fault itself lasts this long.
  await pause(2 * TTL_MS - (performance.now() - gone));
  for (const member of members) {
    const { ack, took } = member.beats.at(-1);
    assert.equal(ack.code, "unavailable", `a heartbeat with no lease ahead: ${JSON.stringify(ack)}`);
    assert.ok(took < ANSWER_MAX_MS, `answered after ${took} ms`);
    // Confirmed leases run for another TTL and its grace at most.
    const ok = member.beats.findLast(({ ack }) => ack.ok);
    assert.ok(ok.sent - gone < TTL_MS + GRACE_MS + BEAT_MS, `still ok ${ok.sent - gone} ms after Redis went`);
  }
  await redis.restart();
  const back = performance.now();
  for (const node of nodes) await untilReady(node);
  t.diagnostic(`ready ${Math.round(performance.now() - back)} ms after Redis was back`);
  await Promise.all(members.map((member) => eventually("an ok heartbeat", async () => assert.equal(member.beats.at(-1).ack.ok, true), TTL_MS)));
  t.diagnostic(`heartbeats ok ${Math.round(performance.now() - back)} ms after Redis was back`);
  // Long enough for every sweeper to be armed again, and to sweep.
  await pause(TTL_MS + GRACE_MS + TTL_MS);
  const fresh = await newcomers(stage, nodes, room);
  await converge([...members, ...fresh], [...users, "newcomer-0", "newcomer-1"]);
  for (const member of members) {
    assert.deepEqual(member.room.leaves, [], `leaves shown to ${member.userId}`);
    for (const [connId, epoch] of before) assert.equal(member.room.epochOf(connId), epoch);
    member.mustHaveStayed();
  }
});

test("whoever goes silent while Redis is away leaves when it is back, once, and nobody else", async (t) => {
  const { redis, users, members } = await scene(t, { redisOptions: DURABLE });
  await redis.kill();
  members[3].silent();
  await eventually("its loss", async () => assert.equal(members[3].lost.length, 1), 4 * TTL_MS);
  assert.equal(members[3].lost[0].reason, "expired");
  await redis.restart();
  await converge(members.slice(0, 3), users.slice(0, 3));
  for (const member of members.slice(0, 3)) {
    assert.deepEqual(member.room.leaves.map(({ userId }) => userId), ["dan"]);
    member.mustHaveStayed();
  }
});

test("scripts forgotten by the server are told again, in the middle of a load", async (t) => {
  const { redis, users, members } = await scene(t);
  let patches = 0;
  const until = performance.now() + TTL_MS;
  const flood = members.map(async (member) => {
    for (let n = 0; performance.now() < until; n += 1, patches += 1) {
      const ack = await member.patch({ n });
      assert.equal(ack.ok, true, JSON.stringify(ack));
    }
  });
  const flushing = (async () => {
    for (; performance.now() < until; ) await redis.cli("SCRIPT", "FLUSH", "SYNC");
  })();
  await Promise.all([...flood, flushing]);
  assert.ok(patches > 20, `only ${patches} patches`);
  await converge(members, users);
  for (const member of members) {
    assert.deepEqual(member.room.leaves, []);
    member.mustHaveStayed();
    assert.ok(member.beats.every(({ ack }) => ack.ok), "a heartbeat refused");
  }
});

describe("under load", () => {
  const KILLS = 5;
  const CROWD = 30;

  test(`${KILLS} kills in a row: service back each time, and memory too`, async (t) => {
    const stage = new Stage(t);
    const redis = stage.own(await RedisServer.start());
    const nodes = [await stage.node(redis.url), await stage.node(redis.url)];
    const rooms = [unique("room"), unique("room"), unique("room")];
    const members = await Promise.all(
      Array.from({ length: CROWD }, (_, at) => stage.member(nodes[at % 2], rooms[at % rooms.length], `user-${at}`)),
    );
    let over = false;
    let answered = 0;
    const load = members.map(async (member) => {
      for (let n = 0; !over; n += 1) {
        const { ack, took } = await member.timed("presence:heartbeat", { roomId: member.roomId, patchState: { n, pad: "x".repeat(500) } });
        assert.ok(ack.ok || ack.code === "unavailable", JSON.stringify(ack));
        assert.ok(took < ANSWER_MAX_MS, `a patch answered after ${took} ms`);
        answered += ack.ok ? 1 : 0;
        await pause(ack.ok ? 2 : 20);
      }
    });
    // What starts and buffers on first use is there by now.
    await eventually("the first patches", async () => assert.ok(answered > 20 * CROWD), 20_000);
    const start = nodes.map((node) => node.rss());
    for (let kill = 1; kill <= KILLS; kill += 1) {
      await redis.kill();
      await Promise.all(nodes.map((node) => untilReady(node, false)));
      await redis.restart();
      const back = performance.now();
      await Promise.all(nodes.map((node) => untilReady(node)));
      const before = answered;
      await eventually("patches again", async () => assert.ok(answered > before + 5 * CROWD), 20_000);
      t.diagnostic(`kill ${kill}: patches again ${Math.round(performance.now() - back)} ms after Redis was back`);
    }
    over = true;
    await Promise.all(load);
    for (const room of rooms) {
      const inside = members.filter((member) => member.roomId === room);
      await converge(inside, inside.map((member) => member.userId));
      for (const member of inside) {
        assert.deepEqual(member.room.leaves, []);
        member.mustHaveStayed();
      }
    }
    for (const [at, node] of nodes.entries()) {
      const grown = (node.rss() - start[at]) / MIB;
      t.diagnostic(`node ${at}: ${(start[at] / MIB).toFixed(1)} MiB at the start, ${grown.toFixed(1)} MiB more at the end`);
      assert.ok(grown < 64, `${grown} MiB more than at the start`);
    }
  });
});
