// A replica that lags behind is made the primary, and the address of Redis moves to it. The old primary lives on as its replica, with the
// connections that it has.
import assert from "node:assert/strict";
import { test } from "node:test";
import { unique } from "../protocol/support/random.js";
import { eventually } from "../protocol/support/wait.js";
import { Proxy } from "./support/proxy.js";
import { follows, RedisServer } from "./support/redis.js";
import { BEAT_MS, converge, GRACE_MS, Stage, SWEEP_MS, TTL_MS, untilReady } from "./support/stage.js";

/** What a busy machine may add to a bound. */
const SLACK_MS = 3_000;

async function scene(t, env = {}) {
  const stage = new Stage(t);
  const primary = stage.own(await RedisServer.start());
  // What the replica is told goes through a proxy that can hold it back.
  const replication = stage.own(await Proxy.before(primary.port));
  const replica = stage.own(await RedisServer.start(["--replicaof", "127.0.0.1", replication.port, "--repl-diskless-sync-delay", "0"]));
  await follows(replica);
  const address = stage.own(await Proxy.before(primary.port));
  const nodes = [await stage.node(address.url, env), await stage.node(address.url, env)];
  const room = unique("room");
  const members = [await stage.member(nodes[0], room, "ann"), await stage.member(nodes[1], room, "bob")];
  await converge(members, ["ann", "bob"]);
  await eventually("the replica in step", async () => {
    const [here, there] = [await primary.info("replication", "master_repl_offset"), await replica.info("replication", "slave_repl_offset")];
    if (here !== there) throw new Error(`${there} of ${here}`);
  });

  /** The replica hears nothing more from its primary. */
  const lag = () => replication.cut("down");
  const promote = async () => {
    address.target = replica.port;
    await replica.cli("REPLICAOF", "NO", "ONE");
    await primary.cli("REPLICAOF", "127.0.0.1", replica.port);
    await eventually("the old primary's demotion", async () => assert.equal(await primary.info("replication", "role"), "slave"));
  };
  return { stage, primary, replica, nodes, room, members, lag, promote };
}

test("what the new primary does not know is written again: states, epochs and newcomers", async (t) => {
  const { stage, primary, replica, nodes, room, members, lag, promote } = await scene(t);
  const [ann, bob] = members;
  lag();
  await ann.patched({ late: 1 });
  const { ack } = await bob.timed("presence:join", { roomId: room, userId: "bob", state: { again: true } });
  assert.equal(ack.ok, true);
  bob.self = ack.self;
  const cid = await stage.member(nodes[0], room, "cid", { state: { late: 2 } });
  await bob.seesState("cid", { late: 2 });
  const versions = new Map([ann, bob, cid].map((member) => [member, member.room.version]));
  await promote();
  const promoted = performance.now();

  const everyone = [ann, bob, cid];
  await Promise.all(everyone.map((member) => member.patched({ after: member.userId })));
  t.diagnostic(`patches of everybody ${Math.round(performance.now() - promoted)} ms after the promotion`);
  for (const other of everyone) for (const member of everyone) await other.seesState(member.userId, { after: member.userId });
  await Promise.all(nodes.map((node) => untilReady(node)));
  const fresh = [await stage.member(nodes[0], room, "new-0"), await stage.member(nodes[1], room, "new-1")];
  await converge([...everyone, ...fresh], ["ann", "bob", "cid", "new-0", "new-1"]);
  for (const member of [...everyone, ...fresh]) {
    for (const { self } of everyone) assert.equal(member.room.epochOf(self.connId), self.epoch, "an epoch changed");
    assert.deepEqual(member.room.leaves, [], `leaves shown to ${member.userId}`);
  }
  await ann.seesState("ann", { late: 1, after: "ann" });
  await fresh[1].seesState("bob", { again: true, after: "bob" });
  for (const member of everyone) {
    assert.ok(member.room.version > versions.get(member), "a version fell");
    member.mustHaveStayed();
  }
  // Nobody listens or writes at the old primary any more.
  await eventually("the old primary left alone", async () => {
    const clients = (await primary.cli("CLIENT", "LIST")).split("\n").filter((line) => /name=fred/.test(line));
    assert.equal(clients.length, 0, clients.join("\n"));
  }, 20_000);
  assert.equal(await replica.info("replication", "role"), "master");
});

test("nobody writes: heartbeats alone move to the new primary, and feeds with them", async (t) => {
  const { primary, nodes, members, promote } = await scene(t, { PRESENCE_TTL_MS: "60000" });
  await promote();
  // Leases need no renewal for a long while; that the old primary takes no writes is noticed anyway.
  await eventually("the old primary left alone", async () => {
    const clients = (await primary.cli("CLIENT", "LIST")).split("\n").filter((line) => /name=fred/.test(line));
    assert.equal(clients.length, 0, `${clients.length} connections`);
  }, 15_000);
  await Promise.all(nodes.map((node) => untilReady(node)));
  await members[0].patched({ heard: true });
  await members[1].seesState("ann", { heard: true });
  await converge(members, ["ann", "bob"]);
  for (const member of members) {
    assert.deepEqual(member.room.leaves, []);
    member.mustHaveStayed();
  }
});

test("a leave that the new primary does not know is shown undone for a lease at most", async (t) => {
  const { stage, nodes, room, members, lag, promote } = await scene(t);
  const cid = await stage.member(nodes[0], room, "cid");
  await Promise.all(members.map((member) => member.sees(["ann", "bob", "cid"])));
  await eventually("cid on the replica", async () => assert.ok(cid.beats.length > 1), 2 * TTL_MS);
  lag();
  cid.silent();
  const { ack } = await cid.timed("presence:leave", { roomId: room });
  assert.equal(ack.ok, true);
  const left = performance.now();
  await Promise.all(members.map((member) => member.sees(["ann", "bob"])));
  await promote();
  const bound = TTL_MS + GRACE_MS + SWEEP_MS + SLACK_MS + TTL_MS;
  // The sweeper is armed again one TTL after the failover; by then the leave has been repeated.
  await eventually("the last of cid", async () => {
    const fresh = await stage.member(nodes[1], room, unique("fresh"));
    const shown = [...fresh.room.members.values()].some(({ connId }) => connId === cid.self.connId);
    await fresh.timed("presence:leave", { roomId: room });
    fresh.close();
    assert.ok(!shown, "still shown to newcomers");
    assert.ok(performance.now() - left > TTL_MS + GRACE_MS, "its lease may still run");
  }, bound);
  t.diagnostic(`gone for good ${Math.round(performance.now() - left)} ms after its leave`);
  await Promise.all(members.map((member) => member.sees(["ann", "bob"])));
  for (const member of members) {
    const leaves = member.room.leaves.filter(({ userId }) => !userId.startsWith("fresh"));
    assert.ok(leaves.every(({ userId }) => userId === "cid"), `false leaves: ${JSON.stringify(leaves)}`);
    member.mustHaveStayed();
  }
  assert.ok(BEAT_MS < TTL_MS);
});
