// Presences that change nodes while something else happens: nothing acked is lost, and nobody else sees more than the new epoch.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { below, unique } from "../protocol/support/random.js";
import { assertRefused } from "../protocol/support/refusal.js";
import { eventually, pause } from "../protocol/support/wait.js";
import { cluster, mustAgree, PUBLISHINGS } from "./support/cluster.js";

const TTL_MS = 2_000;
const INTERVAL_MS = 500;
const LINGER_MS = 2_500;
const ROUNDS = 30;
const TRAVELLERS = 40;
const ROOMS = 4;
const PATIENCE_MS = 30_000;

const next = (self) => ({ connId: self.connId, key: self.key, epoch: self.epoch + 1 });

for (const publishing of PUBLISHINGS) {
  test(`patches that were acked before a resume on another node are kept, the others refused (${publishing})`, async (t) => {
    const all = await cluster(t, { publishing });
    const room = unique("room");
    const watcher = await all.connect(all.nodes[0]);
    await watcher.join(room, "watcher");
    let [refused, repeated] = [0, 0];
    for (let round = 0; round < ROUNDS; round += 1) {
      const [from, to] = [all.nodes[round % 2], all.nodes[(round + 1) % 2]];
      const [old, heir] = [await all.connect(from), await all.connect(to)];
      const { self } = await old.join(room, "ann");
      const kept = {};
      const patching = Array.from({ length: 40 }, async (_, n) => {
        const ack = await old.ask("presence:heartbeat", { roomId: room, epoch: self.epoch, patchState: { [`k${n}`]: n } });
        if (ack.ok) kept[`k${n}`] = n;
        else assertRefused(ack, "not_present");
        refused += ack.ok ? 0 : 1;
      });
      // Somewhere in the middle of them.
      for (let n = below(40); n > 0; n -= 1) await patching[n];
      // An owner who writes without pause may be in its own way: `unavailable` says to repeat it.
      let ack;
      do ack = await heir.ask("presence:join", { roomId: room, userId: "ann", resume: next(self) });
      while (ack.code === "unavailable" && (repeated += 1) < ROUNDS);
      assert.deepEqual([ack.ok, ack.self?.connId], [true, self.connId], JSON.stringify(ack));
      await Promise.all(patching);
      const { version } = await heir.patch(room, { heir: true });
      await watcher.sees({ version });
      const shown = (await mustAgree([watcher, heir], room))[self.connId];
      assert.deepEqual(shown, { userId: "ann", epoch: ack.self.epoch, state: { ...kept, heir: true } }, `round ${round}, ${repeated} repeated`);
      await old.hears("presence:lost", { reason: "replaced" });
      heir.close();
      await watcher.sees({ type: "leave", connId: self.connId });
    }
    console.log(`${publishing}: ${ROUNDS} resumes among patches, of which ${refused} of ${40 * ROUNDS} were refused, ${repeated} resumes repeated`);
  });
}

describe("a presence changes nodes", { concurrency: 2 }, () => {
  test("after its node died while it lingered: resumed in time it was never away, else it leaves as disconnected", async (t) => {
    const env = { PRESENCE_TTL_MS: String(TTL_MS), PRESENCE_REAPER_INTERVAL_MS: String(INTERVAL_MS), PRESENCE_LINGER_MS: String(LINGER_MS) };
    const all = await cluster(t, { nodes: 3, env });
    const room = unique("room");
    const watcher = await all.connect(all.nodes[1]);
    await watcher.join(room, "watcher");
    all.beat(watcher, TTL_MS / 4);
    const members = {};
    for (const name of ["resumes", "stays away"]) {
      const client = await all.connect(all.nodes[0]);
      const { self } = await client.join(room, name, { state: { name } });
      members[name] = self;
      client.cut();
    }
    await eventually("the marks of closed connections", async () => {
      assert.equal(await all.redis.with((resp) => resp.ask("EVAL", COUNT_CLOSING, 0)), 2);
    });
    await all.crash(all.nodes[0]);
    const heir = await all.connect(all.nodes[2]);
    const { self } = await heir.join(room, "resumes", { resume: next(members.resumes) });
    assert.equal(self.connId, members.resumes.connId);
    all.beat(heir, TTL_MS / 4);
    const event = await watcher.sees({ type: "leave" }, PATIENCE_MS);
    assert.deepEqual([event.connId, event.reason], [members["stays away"].connId, "disconnected"]);
    assert.deepEqual(watcher.saw({ userId: "resumes" }).map(({ type, state }) => [type, state.name]), Array(2).fill(["join", "resumes"]));
    assert.equal(Object.keys(await mustAgree([watcher, heir], room)).length, 2);
  });

  test("while its old node stands still: that one learns of it and does not take it back", async (t) => {
    const env = { PRESENCE_TTL_MS: String(TTL_MS), PRESENCE_REAPER_INTERVAL_MS: String(INTERVAL_MS), PING_INTERVAL_MS: "60000", PING_TIMEOUT_MS: "60000" };
    const all = await cluster(t, { env });
    const [frozen, other] = all.nodes;
    t.after(() => frozen.child.kill("SIGCONT"));
    const room = unique("room");
    const watcher = await all.connect(other);
    await watcher.join(room, "watcher");
    all.beat(watcher, TTL_MS / 4);
    const olds = {};
    for (const name of ["early", "late", "gone"]) {
      const client = await all.connect(frozen, { repairs: true });
      const { self } = await client.join(room, name, { state: { name } });
      all.beat(client, TTL_MS / 4);
      olds[name] = { client, self };
    }
    frozen.signal("SIGSTOP");
    const resume = async (name) => {
      const heir = await all.connect(other);
      const { self } = await heir.join(room, name, { resume: next(olds[name].self) });
      assert.equal(self.connId, olds[name].self.connId);
      all.beat(heir, TTL_MS / 4);
      return heir;
    };
    // One goes on before it is taken for dead, one after that, one breaks off for good.
    const heirs = [await resume("early")];
    await watcher.sees({ type: "leave", userId: "late", reason: "expired" }, PATIENCE_MS);
    heirs.push(await resume("late"));
    olds.gone.client.cut();
    await pause(TTL_MS);
    frozen.signal("SIGCONT");
    for (const name of ["early", "late"]) {
      const { client, self } = olds[name];
      assert.deepEqual(await client.hears("presence:lost", {}, PATIENCE_MS), { roomId: room, connId: self.connId, reason: "replaced" });
      assertRefused(await client.ask("presence:heartbeat", { roomId: room, patchState: { late: true } }), "not_present");
      client.close();
    }
    const newcomer = await all.connect(frozen);
    await newcomer.join(room, "newcomer");
    const left = () => !Object.values(Object.fromEntries(watcher.roster(room).members)).some(({ userId }) => userId === "gone");
    await watcher.until("the end of who broke off", left, PATIENCE_MS);
    const shown = Object.values(await mustAgree([watcher, newcomer, ...heirs], room));
    assert.deepEqual(shown.map(({ userId }) => userId).sort(), ["early", "late", "newcomer", "watcher"]);
    for (const { userId, state } of shown.filter((member) => olds[member.userId])) assert.deepEqual(state, { name: userId });
    assert.equal(watcher.saw({ userId: "early", type: "leave" }).length, 0);
    assert.equal(watcher.saw({ userId: "late", type: "leave" }).length, 1);
  });

  test("in a rolling restart of all nodes nobody leaves, with a linger", async (t) => {
    const all = await cluster(t, { nodes: 3, env: { PRESENCE_LINGER_MS: "60000" } });
    const rooms = Array.from({ length: ROOMS }, () => unique("room"));
    const travellers = [];
    for (let nth = 0; nth < TRAVELLERS; nth += 1) {
      const traveller = { userId: unique("user"), room: rooms[nth % ROOMS], node: all.nodes[nth % 3], state: { nth } };
      traveller.client = await all.connect(traveller.node);
      ({ self: traveller.self } = await traveller.client.join(traveller.room, traveller.userId, { state: traveller.state }));
      travellers.push(traveller);
    }
    for (let at = 0; at < 3; at += 1) {
      const stopping = all.nodes[at];
      const staying = all.nodes.filter((node) => node !== stopping);
      const moves = travellers.map(async (traveller) => {
        if (traveller.node === stopping) {
          await traveller.client.hears("server:draining");
          traveller.node = staying[below(2)];
          traveller.client = await all.connect(traveller.node);
          ({ self: traveller.self } = await traveller.client.join(traveller.room, traveller.userId, { resume: next(traveller.self) }));
        }
        traveller.state = { ...traveller.state, [`restart${at}`]: true };
        await traveller.client.patch(traveller.room, { [`restart${at}`]: true });
      });
      await Promise.all([stopping.stop(), ...moves]);
      await all.start(at);
    }
    for (const room of rooms) {
      const here = travellers.filter((traveller) => traveller.room === room);
      const shown = await mustAgree(here.map(({ client }) => client), room);
      const expected = here.map(({ self, userId, state }) => [self.connId, { userId, state, epoch: self.epoch }]);
      assert.deepEqual(shown, Object.fromEntries(expected));
      for (const { client } of here) assert.equal(client.saw({ type: "leave" }).length, 0);
    }
  });
});

/** How many records are marked as those of a closed connection. */
const COUNT_CLOSING = `
  local count = 0
  for _, key in ipairs(redis.call('KEYS', '*:room:*')) do
    for _, record in ipairs(redis.call('HVALS', key)) do
      if record:find('"phase":"closing"', 1, true) then count = count + 1 end
    end
  end
  return count`;
