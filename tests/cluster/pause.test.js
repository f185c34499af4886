// A node that stands still is taken for dead, and its members are back when it goes on.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { unique } from "../protocol/support/random.js";
import { assertRefused } from "../protocol/support/refusal.js";
import { STEERED } from "../protocol/support/server.js";
import { eventually, pause } from "../protocol/support/wait.js";
import { cluster, mustAgree, PUBLISHINGS } from "./support/cluster.js";

const TTL_MS = 2_000;
const INTERVAL_MS = 500;
const BEAT_MS = TTL_MS / 4;
const GONE_MS = TTL_MS + TTL_MS / 3 + INTERVAL_MS + 1_000;
/** After going on: answers that wait for Redis to be asked again, then for a lease that is confirmed. */
const BACK_MS = 15_000;
// Nobody's connection breaks because its node stands still.
const ENV = { PRESENCE_TTL_MS: String(TTL_MS), PRESENCE_REAPER_INTERVAL_MS: String(INTERVAL_MS), PING_INTERVAL_MS: "60000", PING_TIMEOUT_MS: "60000" };

/** `ann` and `bob` on a node that will stand still, `carl` on another. All heartbeat without ever waiting. */
async function scene(t, { publishing, env = {} } = {}) {
  const all = await cluster(t, { publishing, env: { ...ENV, ...env }, binary: STEERED });
  const [frozen, other] = all.nodes;
  t.after(() => frozen.child.kill("SIGCONT"));
  const room = unique("room");
  const members = {};
  for (const [name, node] of [["carl", other], ["ann", frozen], ["bob", frozen]]) {
    const client = await all.connect(node, { repairs: true });
    const { self } = await client.join(room, name, { state: { name } });
    all.beat(client, BEAT_MS);
    members[name] = { client, self };
  }
  for (const { client } of Object.values(members)) await client.sees({ type: "join", userId: "bob" });
  return { all, frozen, room, ...members };
}

async function standStill(frozen, ms, meanwhile) {
  frozen.signal("SIGSTOP");
  const from = performance.now();
  await meanwhile(from);
  await pause(ms - (performance.now() - from));
  frozen.signal("SIGCONT");
}

describe("a node that stands still", { concurrency: 2 }, () => {
  for (const publishing of PUBLISHINGS) {
    test(`for two TTLs: its heartbeating members leave and come back with their epoch, doing nothing (${publishing})`, async (t) => {
      const { frozen, room, ann, bob, carl } = await scene(t, { publishing });
      await standStill(frozen, 2 * TTL_MS, async (from) => {
        for (const { self } of [ann, bob]) {
          const event = await carl.client.sees({ type: "leave", connId: self.connId }, BACK_MS);
          assert.equal(event.reason, "expired");
        }
        const took = performance.now() - from;
        assert.ok(took <= GONE_MS, `gone after ${took} ms`);
      });
      for (const { self, client } of [ann, bob]) {
        const back = () => carl.client.saw({ type: "join", connId: self.connId })[1];
        const event = await carl.client.until("the member's return", back, BACK_MS);
        assert.deepEqual([event.epoch, event.state.name], [self.epoch, event.userId]);
        await eventually("a heartbeat that is answered ok", async () => {
          const ack = await client.ask("presence:heartbeat", { roomId: room, epoch: self.epoch });
          assert.equal(ack.ok, true, JSON.stringify(ack));
        }, BACK_MS);
        assert.deepEqual(client.heard("presence:lost"), []);
        assert.equal((await client.patch(room, { after: true })).epoch, self.epoch);
        assert.deepEqual(carl.client.saw({ connId: self.connId, type: "leave" }).length, 1);
      }
      const shown = await mustAgree([ann.client, bob.client, carl.client], room);
      for (const { self } of [ann, bob, carl]) assert.equal(shown[self.connId].epoch, self.epoch);
      assert.deepEqual(carl.client.heard("presence:lost"), []);
    });

    test(`does not bring back whom a module on another node kicked meanwhile (${publishing})`, async (t) => {
      const { frozen, room, ann, bob, carl } = await scene(t, { publishing });
      const whom = publishing === "plain" ? { userId: "bob" } : { connId: bob.self.connId };
      await standStill(frozen, 2 * TTL_MS, async () => {
        assert.deepEqual(await carl.client.ask("steer:kick", { room, ...whom }), { ok: true, kicked: 1 });
        await carl.client.sees({ type: "leave", connId: bob.self.connId, reason: "kicked" });
        assert.deepEqual(await carl.client.ask("steer:kick", { room, ...whom }), { ok: true, kicked: 0 });
        await carl.client.sees({ type: "leave", connId: ann.self.connId, reason: "expired" }, BACK_MS);
      });
      const lost = await bob.client.hears("presence:lost", {}, BACK_MS);
      assert.deepEqual(lost, { roomId: room, connId: bob.self.connId, reason: "kicked" });
      const back = () => carl.client.saw({ type: "join", connId: ann.self.connId })[1];
      const event = await carl.client.until("the other's return", back, BACK_MS);
      assert.equal(event.epoch, ann.self.epoch);
      assert.deepEqual(ann.client.heard("presence:lost"), []);
      assertRefused(await bob.client.ask("presence:heartbeat", { roomId: room, epoch: bob.self.epoch }), "not_present");
      const shown = await mustAgree([ann.client, carl.client], room);
      assert.deepEqual(Object.values(shown).map(({ userId, epoch }) => [userId, epoch]).sort(), [["ann", ann.self.epoch], ["carl", carl.self.epoch]]);
      assert.equal(carl.client.saw({ type: "join", connId: bob.self.connId }).length, 1);
      const resume = { connId: bob.self.connId, key: bob.self.key, epoch: bob.self.epoch + 1 };
      assert.notEqual((await bob.client.join(room, "bob", { resume })).self.connId, bob.self.connId);
    });
  }

  test("for longer than the look-back: nobody remembers its members, who are told and may join again", async (t) => {
    const { all, frozen, room, ann, bob, carl } = await scene(t, { env: { PRESENCE_REAPER_LOOKBACK_MS: String(TTL_MS) } });
    const remembered = () => all.redis.with((resp) => resp.ask("EVAL", HAS_RECORD, 0, room, ann.self.connId));
    await standStill(frozen, 2 * TTL_MS, async () => {
      await carl.client.sees({ type: "leave", connId: ann.self.connId, reason: "expired" }, BACK_MS);
      assert.equal(await remembered(), 1);
      await eventually("the end of the look-back", async () => assert.equal(await remembered(), 0), BACK_MS);
    });
    for (const [name, { self, client }] of Object.entries({ ann, bob })) {
      assert.deepEqual(await client.hears("presence:lost", {}, BACK_MS), { roomId: room, connId: self.connId, reason: "expired" });
      assertRefused(await client.ask("presence:heartbeat", { roomId: room, epoch: self.epoch }), "not_present");
      assert.equal(carl.client.saw({ type: "join", connId: self.connId }).length, 1);
      const again = await client.join(room, name);
      assert.notEqual(again.self.connId, self.connId);
    }
    const shown = await mustAgree([ann.client, bob.client, carl.client], room);
    assert.deepEqual(Object.values(shown).map(({ userId }) => userId).sort(), ["ann", "bob", "carl"]);
  });
});

/** 1 if any part keeps a record, a tombstone among them, of a connection in a room. */
const HAS_RECORD = `
  for _, key in ipairs(redis.call('KEYS', '*:room:*')) do
    if key:sub(-#ARGV[1]) == ARGV[1] and redis.call('HEXISTS', key, ARGV[2]) == 1 then return 1 end
  end
  return 0`;
