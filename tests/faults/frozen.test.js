// Redis stops answering for a while, its connections staying open.
import assert from "node:assert/strict";
import { test } from "node:test";
import { unique } from "../protocol/support/random.js";
import { eventually, pause } from "../protocol/support/wait.js";
import { RedisServer } from "./support/redis.js";
import { ANSWER_MAX_MS, converge, Stage, untilReady } from "./support/stage.js";

const FROZEN_MS = 3_000;
/** Sends of each kind: at once on one connection, and on as many connections. */
const MANY = 20;

async function scene(t) {
  const stage = new Stage(t);
  const redis = stage.own(await RedisServer.start());
  const nodes = [await stage.node(redis.url), await stage.node(redis.url)];
  const room = unique("room");
  const members = [await stage.member(nodes[0], room, "ann"), await stage.member(nodes[1], room, "bob")];
  return { stage, redis, nodes, room, members };
}

/** Runs `during` while Redis is frozen, then waits for all answers that it asked for. */
async function frozen(redis, during) {
  redis.freeze();
  const answers = during();
  await pause(FROZEN_MS);
  redis.thaw();
  return Promise.all(answers);
}

function mustBeInTime(answers, what) {
  const longest = Math.max(...answers.map(({ took }) => took));
  const late = answers.filter(({ took }) => took > ANSWER_MAX_MS);
  assert.equal(late.length, 0, `${late.length} of ${answers.length} ${what} answered late, the last after ${longest} ms`);
  for (const { ack } of answers) assert.ok(ack.ok === true || ack.code === "unavailable", `${what}: ${JSON.stringify(ack)}`);
  return longest;
}

/** Commands of every kind, as they are sent: `{ name: (nth) => payload }`. */
const KINDS = {
  "joins into new rooms": (it, nth) => it.timed("presence:join", { roomId: `${it.roomId}-${nth}`, userId: it.userId }),
  "joins into one room": (it) => it.timed("presence:join", { roomId: `${it.roomId}-same`, userId: it.userId }),
  rejoins: (it) => it.timed("presence:join", { roomId: it.roomId, userId: it.userId }),
  patches: (it, nth) => it.timed("presence:heartbeat", { roomId: it.roomId, patchState: { nth } }),
  heartbeats: (it) => it.timed("presence:heartbeat", { roomId: it.roomId }),
  resumes: (it) => it.timed("presence:join", { roomId: it.roomId, userId: it.resumed.userId, resume: it.resumed.resume }),
  leaves: (it) => it.timed("presence:leave", { roomId: it.roomId }),
};

for (const [what, send] of Object.entries(KINDS)) {
  test(`frozen: ${what} are answered in time, on one connection and on many`, async (t) => {
    const { stage, redis, nodes, room, members } = await scene(t);
    const crowd = await Promise.all(Array.from({ length: MANY }, (_, at) => stage.member(nodes[at % 2], unique("crowd"), `user-${at}`)));
    const one = await stage.member(nodes[0], unique("one"), "one");
    for (const it of [one, ...crowd]) {
      // What a new socket of the same client would resume: a presence of another connection.
      if (what !== "resumes") break;
      const earlier = await stage.member(nodes[1], it.roomId, `${it.userId}-earlier`);
      const { connId, key, epoch } = earlier.self;
      it.resumed = { userId: earlier.userId, resume: { connId, key, epoch: epoch + 1 } };
      await it.timed("presence:leave", { roomId: it.roomId });
    }
    for (const member of [one, ...crowd]) member.silent();

    const answers = await frozen(redis, () => [
      ...Array.from({ length: MANY }, (_, nth) => send(one, nth)),
      ...crowd.map((it, nth) => send(it, nth)),
    ]);
    t.diagnostic(`${what}: the last answered after ${Math.round(mustBeInTime(answers, what))} ms`);
    assert.ok(answers.some(({ ack }) => ack.code === "unavailable") || what === "heartbeats", "Redis was never missed");

    await Promise.all(nodes.map((node) => untilReady(node)));
    await members[0].patched({ healed: true });
    await members[1].seesState("ann", { healed: true });
    await converge(members, ["ann", "bob"]);
    for (const member of members) {
      assert.deepEqual(member.room.leaves, []);
      member.mustHaveStayed();
    }
    // Whoever was refused gets what it wants by asking again.
    const newcomer = await stage.member(nodes[0], room, "newcomer");
    await converge([...members, newcomer], ["ann", "bob", "newcomer"]);
    await eventually("a join again", async () => {
      const { ack } = await one.timed("presence:join", { roomId: unique("again"), userId: "one" });
      assert.equal(ack.ok, true, JSON.stringify(ack));
    });
  });
}

test("frozen for longer than connections are trusted: it heals, and nobody leaves", async (t) => {
  const { redis, nodes, members } = await scene(t);
  redis.freeze();
  await Promise.all(nodes.map((node) => untilReady(node, false)));
  await pause(8_000);
  redis.thaw();
  const thawed = performance.now();
  await Promise.all(nodes.map((node) => untilReady(node)));
  t.diagnostic(`ready ${Math.round(performance.now() - thawed)} ms after the thaw`);
  await members[1].patched({ healed: true });
  await members[0].seesState("bob", { healed: true });
  await converge(members, ["ann", "bob"]);
  for (const member of members) {
    assert.deepEqual(member.room.leaves, []);
    member.mustHaveStayed();
  }
});
