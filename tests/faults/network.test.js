// The network between one node and Redis fails, while the other node's does not.
import assert from "node:assert/strict";
import { test } from "node:test";
import { unique } from "../protocol/support/random.js";
import { eventually, pause } from "../protocol/support/wait.js";
import { Proxy } from "./support/proxy.js";
import { RedisServer } from "./support/redis.js";
import { ANSWER_MAX_MS, converge, GRACE_MS, readiness, Stage, SWEEP_MS, TTL_MS, untilReady } from "./support/stage.js";

/** What a busy machine may add to a bound. */
const SLACK_MS = 3_000;
/** A connection on which answers stay out may go on renewing leases until it is given up. */
const GIVEN_UP_MS = 6_000;

/** `ann` is on the node behind the proxy, `bob` on the other. */
async function scene(t) {
  const stage = new Stage(t);
  const redis = stage.own(await RedisServer.start());
  const proxy = stage.own(await Proxy.before(redis.port));
  const [behind, beside] = [await stage.node(proxy.url), await stage.node(redis.url)];
  const room = unique("room");
  const [ann, bob] = [await stage.member(behind, room, "ann", { state: { n: 0 } }), await stage.member(beside, room, "bob")];
  await converge([ann, bob], ["ann", "bob"]);
  return { stage, proxy, behind, beside, room, ann, bob };
}

test("200 ms more each way: everything works, only later", async (t) => {
  const { stage, proxy, behind, beside, room, ann, bob } = await scene(t);
  proxy.delayMs = 200;
  const from = performance.now();
  for (let n = 1; performance.now() - from < 2 * TTL_MS; n += 1) {
    const { ack, took } = await ann.timed("presence:heartbeat", { roomId: room, patchState: { n } });
    assert.equal(ack.ok, true, JSON.stringify(ack));
    assert.ok(took >= 2 * proxy.delayMs, "the delay is not there");
    await bob.seesState("ann", { n });
  }
  const cid = await stage.member(behind, room, "cid");
  const other = await stage.member(behind, unique("other"), "cid");
  await other.patched({ there: true });
  await converge([ann, bob, cid], ["ann", "bob", "cid"]);
  for (const node of [behind, beside]) assert.equal((await readiness(node)).status, 200);
  for (const member of [ann, bob, cid]) {
    assert.deepEqual(member.room.leaves, []);
    member.mustHaveStayed();
    assert.ok(member.beats.every(({ ack }) => ack.ok), "a heartbeat refused");
  }
});

const CUTS = {
  "nothing reaches Redis": { cut: ["up"], lateMs: 0 },
  "nothing comes from Redis": { cut: ["down"], lateMs: GIVEN_UP_MS },
  "a black hole": { cut: ["up", "down"], lateMs: 0 },
};

for (const [what, { cut, lateMs }] of Object.entries(CUTS)) {
  test(`${what} for longer than the TTL: refused in time there, expired as promised here, and back by itself`, async (t) => {
    const { stage, proxy, behind, beside, room, ann, bob } = await scene(t);
    const stranger = await stage.member(behind, unique("elsewhere"), "stranger");
    stranger.silent();
    proxy.cut(...cut);
    const cutAt = performance.now();

    // Commands of all kinds, at once and again and again, until the other node has given ann up.
    const asked = [];
    let over = false;
    const asking = [
      (n) => ann.timed("presence:heartbeat", { roomId: room, patchState: { n } }),
      (n) => stranger.timed("presence:join", { roomId: unique("new"), userId: `stranger-${n}` }),
    ].map(async (ask) => {
      for (let n = 1; !over; n += 1) {
        asked.push(await ask(n));
        await pause(50);
      }
    });
    const bound = lateMs + TTL_MS + GRACE_MS + SWEEP_MS + SLACK_MS;
    const leave = await bob.client.sees({ type: "leave", userId: "ann" }, bound);
    const goneAt = performance.now();
    assert.equal(leave.reason, "expired");
    const { status, reason } = await readiness(behind);
    assert.equal(status, 503);
    assert.match(reason, /Redis/);
    assert.equal((await readiness(beside)).status, 200);
    const promise = ann.beats.findLast(({ ack }) => ack.ok);
    assert.ok(promise.sent < goneAt, "an ok after the leave");
    assert.equal(ann.beats.at(-1).ack.code, "unavailable");
    // Confirmed by the store a third of the TTL ago at worst, it ran for the TTL and its grace from then.
    assert.ok(goneAt - cutAt > TTL_MS - GRACE_MS, `gone ${goneAt - cutAt} ms after the cut`);

    over = true;
    await Promise.all(asking);
    const longest = Math.max(...asked.map(({ took }) => took));
    assert.ok(longest < ANSWER_MAX_MS, `answered after ${longest} ms`);
    assert.ok(asked.some(({ ack }) => ack.code === "unavailable"));
    assert.ok(asked.every(({ ack }) => ack.ok || ack.code === "unavailable"), "refused for another reason");

    proxy.heal();
    const healed = performance.now();
    await bob.sees(["ann", "bob"]);
    t.diagnostic(`gone ${Math.round(goneAt - cutAt)} ms after the cut, back ${Math.round(performance.now() - healed)} ms after it healed; slowest answer ${Math.round(longest)} ms`);
    await untilReady(behind);
    await ann.patched({ back: true });
    await bob.seesState("ann", { back: true });
    await bob.patched({ seen: true });
    await ann.seesState("bob", { seen: true });
    const fresh = [await stage.member(behind, room, "new-0"), await stage.member(beside, room, "new-1")];
    await converge([ann, bob, ...fresh], ["ann", "bob", "new-0", "new-1"]);
    for (const member of [ann, bob, ...fresh]) {
      for (const { self } of [ann, bob]) assert.equal(member.room.epochOf(self.connId), self.epoch, "an epoch changed");
    }
    assert.deepEqual(bob.room.leaves.map(({ userId }) => userId), ["ann"]);
    assert.ok(ann.room.leaves.every(({ userId }) => userId === "ann"), "bob was always there");
    for (const member of [ann, bob]) member.mustHaveStayed();
    await eventually("an ok heartbeat", async () => assert.equal(ann.beats.at(-1).ack.ok, true));
  });
}
