// Two and three nodes on one Redis are one presence service: whoever joins on one is seen on all, and may go on on any.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { unique } from "../protocol/support/random.js";
import { assertRefused } from "../protocol/support/refusal.js";
import { cluster, essence, mustAgree, PUBLISHINGS } from "./support/cluster.js";

const resume = (self, more = 1) => ({ connId: self.connId, key: self.key, epoch: self.epoch + more });

for (const publishing of PUBLISHINGS) {
  describe(`over ${publishing} channels`, () => {
    test("a room has members on three nodes, and each change is seen once on all", async (t) => {
      const { nodes, connect } = await bound(t, { nodes: 3, publishing });
      const room = unique("room");
      const [clients, conns] = [[], []];
      for (const [at, node] of nodes.entries()) {
        const client = await connect(node);
        const { snapshot, self } = await client.join(room, `user-${at}`, { state: { at } });
        conns.push(self.connId);
        assert.equal(snapshot.length, at + 1, "who came before is in the snapshot");
        clients.push(client);
      }
      for (const [at, client] of clients.entries()) {
        const { version } = await client.patch(room, { moved: at });
        for (const other of clients) {
          const event = await other.sees({ type: "update", version });
          assert.deepEqual([event.userId, event.state], [`user-${at}`, { at, moved: at }]);
        }
      }
      assert.equal(Object.keys(await mustAgree(clients, room)).length, 3);
      await clients[0].ask("presence:leave", { roomId: room });
      for (const other of clients.slice(1)) {
        const event = await other.sees({ type: "leave" });
        assert.deepEqual([event.connId, event.reason], [conns[0], "left"]);
      }
      assert.equal(Object.keys(await mustAgree(clients.slice(1), room)).length, 2);
    });

    test("patches of two nodes to one room are all kept, in one order for all", async (t) => {
      const { nodes, connect } = await bound(t, { publishing });
      const room = unique("room");
      const writers = [await connect(nodes[0]), await connect(nodes[1])];
      for (const [at, writer] of writers.entries()) await writer.join(room, `writer-${at}`);
      const watchers = [await connect(nodes[0]), await connect(nodes[1])];
      for (const [at, watcher] of watchers.entries()) await watcher.join(room, `watcher-${at}`);
      const acks = await Promise.all(writers.flatMap((writer) => Array.from({ length: 200 }, (_, n) => writer.patch(room, { n }))));
      const versions = acks.map((ack) => ack.version).sort((a, b) => a - b);
      assert.equal(new Set(versions).size, 400, "each patch is an event of its own");
      for (const client of [...writers, ...watchers]) {
        await client.sees({ type: "update", version: versions.at(-1) });
        assert.deepEqual(client.saw({ type: "update" }).map((event) => event.version), versions);
      }
      const told = Object.values(await mustAgree([...writers, ...watchers], room));
      assert.deepEqual(told.filter(({ userId }) => userId.startsWith("writer")).map(({ state }) => state.n), [199, 199]);
    });

    test("a presence goes on from another node, and the old socket has lost it", async (t) => {
      const { nodes, connect } = await bound(t, { publishing });
      const room = unique("room");
      const [watcher, old, next] = [await connect(nodes[0]), await connect(nodes[0]), await connect(nodes[1])];
      await watcher.join(room, "watcher");
      const { self } = await old.join(room, "ann", { state: { mood: "calm" } });
      const ack = await next.join(room, "ann", { resume: resume(self) });

      assert.deepEqual([ack.self.connId, ack.self.epoch], [self.connId, self.epoch + 1]);
      assert.deepEqual(essence(ack.snapshot)[self.connId].state, { mood: "calm" });
      const lost = await old.hears("presence:lost");
      assert.deepEqual(lost, { roomId: room, connId: self.connId, reason: "replaced" });
      assertRefused(await old.ask("presence:heartbeat", { roomId: room }), "not_present");
      assertRefused(await old.ask("presence:heartbeat", { roomId: room, epoch: self.epoch, patchState: { mood: "angry" } }), "not_present");
      assertRefused(await old.ask("presence:sync", { roomId: room }), "not_present");
      assert.equal((await old.ask("presence:leave", { roomId: room })).ok, true);

      const { version } = await next.patch(room, { n: 1 });
      await watcher.sees({ version });
      old.close();
      const told = await next.patch(room, { n: 2 });
      await watcher.sees({ version: told.version });
      const types = watcher.saw({ userId: "ann" }).map((event) => [event.type, event.epoch - self.epoch]);
      assert.deepEqual(types, [["join", 0], ["join", 1], ["update", 1], ["update", 1]]);
      assert.deepEqual((await mustAgree([watcher, next], room))[self.connId].state, { mood: "calm", n: 2 });
      assert.equal(old.saw({ epoch: self.epoch + 1 }).length, 0, "the old socket hears the room no more");
    });

    test("a presence whose stream broke on one node is resumed on another", async (t) => {
      const { nodes, connect } = await bound(t, { nodes: 3, publishing });
      const room = unique("room");
      const watcher = await connect(nodes[2]);
      await watcher.join(room, "watcher");
      const old = await connect(nodes[0]);
      let { self } = await old.join(room, "ann", { state: { n: 1 } });
      old.cut();
      await watcher.sees({ type: "leave", userId: "ann", reason: "disconnected" });
      for (const node of [nodes[1], nodes[0]]) {
        const next = await connect(node);
        const ack = await next.join(room, "ann", { resume: resume(self) });
        assert.deepEqual([ack.self.connId, ack.self.epoch], [self.connId, self.epoch + 1]);
        self = ack.self;
        const event = await watcher.sees({ type: "join", epoch: self.epoch });
        assert.deepEqual(event.state, { n: 1 });
      }
    });

    test("a state of 200 KB and ids of any character reach the other node unchanged", async (t) => {
      const { nodes, connect } = await bound(t, { publishing });
      const ids = ["{}", "{1}", "{7}:events:x", "*", "a:b:c", "?[a-z]\\", "  spaces  ", "🦀é\u202e\u200b", "__proto__", "%s%n$(x)`'\"", "x".repeat(256)];
      const text = "é🦀\"\\".repeat(15_000).slice(0, 50_000) + "x".repeat(100_000);
      for (const id of ids) {
        const state = id === "{}" ? { text, __proto__: null, constructor: { "": [1.5, null, "\u0000"] } } : { [id]: id };
        const [ann, bob] = [await connect(nodes[0]), await connect(nodes[1])];
        await bob.join(id, "bob");
        const { self } = await ann.join(id, id, { state });
        const event = await bob.sees({ type: "join", connId: self.connId });
        assert.deepEqual([event.roomId, event.userId, event.state], [id, id, { ...state }]);
        const { version } = await bob.patch(id, { seen: id });
        await ann.sees({ roomId: id, version });
        const members = await mustAgree([ann, bob], id);
        assert.deepEqual(members[self.connId], { userId: id, state: { ...state }, epoch: self.epoch });
        ann.close();
        await bob.sees({ type: "leave", connId: self.connId });
      }
    });
  });
}

test("a resume that another node has answered with a higher epoch is stale everywhere", async (t) => {
  const { nodes, connect } = await bound(t, { nodes: 3 });
  const room = unique("room");
  const old = await connect(nodes[0]);
  const { self } = await old.join(room, "ann");
  const [first, late] = [await connect(nodes[1]), await connect(nodes[2])];
  await first.join(room, "ann", { resume: resume(self, 2) });
  for (const more of [1, 2]) {
    const ack = await late.ask("presence:join", { roomId: room, userId: "ann", resume: resume(self, more) });
    assertRefused(ack, "stale_epoch", { epoch: self.epoch + 2 });
  }
  await old.hears("presence:lost", { reason: "replaced" });
  assert.equal((await first.patch(room, { n: 1 })).epoch, self.epoch + 2);
});

test("of resumes that two nodes are asked for at once, exactly one lives on", async (t) => {
  const { nodes, connect } = await bound(t);
  for (let round = 0; round < 20; round += 1) {
    const room = unique("room");
    const [old, watcher] = [await connect(nodes[round % 2]), await connect(nodes[(round + 1) % 2])];
    const { self } = await old.join(room, "ann");
    await watcher.join(room, "watcher");
    const rivals = [await connect(nodes[0]), await connect(nodes[1])];
    const ask = (client, more) => client.ask("presence:join", { roomId: room, userId: "ann", resume: resume(self, more) });
    const acks = await Promise.all([ask(rivals[0], 1), ask(rivals[1], 2)]);
    assert.equal(acks[1].ok, true, JSON.stringify(acks[1]));
    if (!acks[0].ok) assert.ok(["stale_epoch", "not_present"].includes(acks[0].code), JSON.stringify(acks[0]));
    await old.hears("presence:lost", { reason: "replaced" });
    await watcher.sees({ type: "join", epoch: self.epoch + 2 });
    if (acks[0].ok) await rivals[0].hears("presence:lost", { reason: "replaced" });
    assertRefused(await rivals[0].ask("presence:heartbeat", { roomId: room }), "not_present");
    assert.equal((await rivals[1].patch(room, { n: 1 })).epoch, self.epoch + 2);
    assert.deepEqual(Object.keys(await mustAgree([watcher, rivals[1]], room)).length, 2);
    assert.equal(watcher.saw({ type: "leave" }).length, 0);
  }
});

async function bound(t, options) {
  const all = await cluster(t, options);
  return { nodes: all.nodes, connect: all.connect.bind(all) };
}
