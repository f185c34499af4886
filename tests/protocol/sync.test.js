// presence:sync: the room again, whole, at a version that the events continue from.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clientsOf, TRANSPORTS } from "./support/client.js";
import { unique } from "./support/random.js";
import { assertBadRequest } from "./support/refusal.js";
import { serve } from "./support/server.js";

const server = await serve();

for (const [name, options] of Object.entries(TRANSPORTS)) {
  test(`a sync gives version and snapshot, and the next event continues from it (${name})`, async (t) => {
    const { connect } = clientsOf(t, server);
    const room = unique("room");
    const [ann, bob] = [await connect(options), await connect(options)];
    const joined = await ann.join(room, "ann", { state: { a: 1 } });
    await bob.join(room, "bob", { state: { b: 1 } });
    const patch = await bob.patch(room, { b: 2 });

    const ack = await ann.sync(room);
    assert.deepEqual(Object.keys(ack).sort(), ["ok", "snapshot", "version"]);
    assert.equal(ack.version, patch.version);
    const entries = ack.snapshot.map((entry) => [entry.userId, entry.state]).sort();
    assert.deepEqual(entries, [["ann", { a: 1 }], ["bob", { b: 2 }]]);
    assert.deepEqual(Object.keys(ack.snapshot[0]).sort(), ["connId", "epoch", "lastSeenMs", "state", "userId"]);
    assert.equal(ack.snapshot.find((entry) => entry.userId === "ann").connId, joined.self.connId);

    const next = await bob.patch(room, { b: 3 });
    const event = await ann.sees({ type: "update", version: next.version });
    assert.equal(event.prev, ack.version);
  });
}

test("a sync in the midst of changes holds all that were heard before it and none that come after", async (t) => {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const [ann, bob] = [await connect(), await connect()];
  await ann.join(room, "ann");
  await bob.join(room, "bob");
  // Rosters compare each answer with the events before it and fault any that repeat, lack or contradict it.
  for (let round = 0; round < 100; round += 1) {
    const patched = bob.patch(room, { round });
    const synced = [ann.sync(room), ann.sync(room), bob.sync(room)];
    await Promise.all([patched, ...synced]);
  }
  const { snapshot } = await ann.sync(room);
  assert.deepEqual(snapshot.find((entry) => entry.userId === "bob").state, { round: 99 });
  assert.equal(ann.saw({ type: "update" }).length, 100);
});

test("lastSeenMs is not ahead and at most one TTL old", async (t) => {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const [ann, bob] = [await connect(), await connect()];
  await ann.join(room, "ann");
  await bob.join(room, "bob");
  for (const { lastSeenMs } of (await ann.sync(room)).snapshot) {
    assert.ok(lastSeenMs <= Date.now() + 1_000, `${lastSeenMs} lies ahead`);
    assert.ok(lastSeenMs > Date.now() - 30_000, `${lastSeenMs} is older than one TTL`);
  }
});

test("only members may ask", async (t) => {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const [ann, eve] = [await connect(), await connect()];
  await ann.join(room, "ann", { state: { secret: 1 } });
  const refused = async () => {
    const ack = await eve.ask("presence:sync", { roomId: room });
    assert.equal(ack.ok, false);
    assert.ok(["not_present", "forbidden"].includes(ack.code), JSON.stringify(ack));
    assert.ok(!("snapshot" in ack));
  };
  await refused();
  await eve.join(room, "eve");
  await eve.sync(room);
  await eve.ask("presence:leave", { roomId: room });
  await refused();
});

test("a sync names its room", async (t) => {
  const { connect } = clientsOf(t, server);
  const ann = await connect();
  await ann.join(unique("room"), "ann");
  for (const payload of [null, undefined, {}, "room", 5, []]) {
    assertBadRequest(await ann.ask("presence:sync", payload));
  }
  assertBadRequest(await ann.ask("presence:sync", { roomId: 5 }), "roomId");
});
