// Chat, relay and revocation over a Redis Cluster and behind Sentinels: on two nodes, before and after a failover.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { Client } from "../protocol/support/client.js";
import { unique } from "../protocol/support/random.js";
import { BINARY } from "../protocol/support/server.js";
import { SECRET, secondsFromNow, token } from "../protocol/support/tokens.js";
import { eventually, QUIET_MS } from "../protocol/support/wait.js";
import { RedisCluster } from "./support/cluster.js";
import { HEAL_MS } from "./support/member.js";
import { SentinelGroup } from "./support/sentinel.js";
import { Stage, untilReady } from "./support/stage.js";

/** Enough to live on every master of a cluster. */
const ROOMS = 12;
const ENV = { AUTH_JWT_SECRET: SECRET, RELAY_EVENTS: "cursor:move", PRESENCE_TTL_MS: "60000" };

const TOPOLOGIES = {
  "a cluster": {
    start: () => RedisCluster.start(),
    /** The master of what concerns users, then another: a majority of masters is needed for each. */
    async fail(cluster) {
      const masters = (await cluster.masters()).map(({ server }) => server);
      const found = await Promise.all(masters.map((master) => master.cli("--scan", "--pattern", "rtm:*:revoked:*")));
      const users = masters.find((_, at) => found[at] !== "");
      assert.ok(users, "nobody is shut out");
      for (const master of [users, masters.find((master) => master !== users)]) {
        await master.kill();
        await eventually("another master in its place", async () => {
          const now = (await cluster.masters()).filter(({ server, slots }) => slots.length > 0 && cluster.alive.includes(server));
          assert.equal(now.length, masters.length);
        }, HEAL_MS);
        await cluster.whole();
      }
    },
  },
  Sentinel: {
    start: () => SentinelGroup.start(),
    async fail(group) {
      const old = await group.primary();
      await old.kill();
      await group.failedOver(old);
    },
  },
};

/** Two nodes with a client each, and rooms with both. `enter` connects more. */
async function scene(t, group, more = {}) {
  const stage = new Stage(t);
  stage.own(group);
  const env = { ...ENV, ...more };
  const nodes = [await stage.node(group.url, env), await stage.node(group.url, env)];
  const clients = [];
  t.after(() => clients.forEach((client) => client.close()));
  const enter = async (at, user, iat) => {
    const client = new Client(nodes[at].url, { track: false, auth: { token: token({ sub: user, iat }) } });
    clients.push(client);
    client.heardOf = [];
    client.socket.offAny();
    client.socket.onAny((name, payload, sender) => client.heardOf.push({ name, ...payload, ...(typeof sender === "object" ? sender : {}) }));
    return client.connected();
  };
  const [ann, bob] = [await enter(0, "ann"), await enter(1, "bob")];
  const rooms = Array.from({ length: ROOMS }, () => unique("room"));
  for (const room of rooms) for (const [user, client] of [["ann", ann], ["bob", bob]]) await client.join(room, user);
  return { env, nodes, enter, ann, bob, rooms };
}

for (const [what, { start, fail }] of Object.entries(TOPOLOGIES)) {
  for (const publishing of ["sharded", "plain"]) {
    test(`chat, relay and revocation over ${what}, before and after a failover (${publishing})`, async (t) => {
      const group = await start();
      const { env, nodes, enter, ann, bob, rooms } = await scene(t, group, { REDIS_PUBLISHING: publishing });
      await Promise.all(rooms.map((room) => talk(room, ann, bob)));
      await revoke(group, env, enter);

      await fail(group);
      await Promise.all(nodes.map((node) => untilReady(node)));
      await Promise.all(rooms.map((room) => eventually(`all of ${room} again`, () => talk(room, bob, ann), HEAL_MS)));
      await revoke(group, env, enter);
      for (const client of [ann, bob]) assert.deepEqual(client.disconnects, []);
    });
  }
}

test("a slot that is half moved to another master: chat in its rooms is refused, all others go on", async (t) => {
  const cluster = await RedisCluster.start();
  const { ann, bob, rooms } = await scene(t, cluster);
  await Promise.all(rooms.map((room) => talk(room, ann, bob)));
  const slots = new Map();
  for (const { server } of await cluster.masters()) {
    for (const key of (await server.cli("--scan", "--pattern", "rtm:*:of-room:chat:*")).split("\n").filter(Boolean)) {
      slots.set(key.split(":of-room:chat:")[1], Number(await server.cli("CLUSTER", "KEYSLOT", key)));
    }
  }
  const [moving] = rooms;
  const last = ann.heardOf.findLast(({ name, roomId }) => name === "chat:message" && roomId === moving).msgId;
  const others = rooms.filter((room) => slots.get(room) !== slots.get(moving));
  assert.ok(others.length > 0, "all rooms are in one slot");
  const masters = await cluster.masters();
  const fits = ({ slots: ranges }) => ranges.some(([first, last]) => first <= slots.get(moving) && slots.get(moving) <= last);
  const [from, to] = [masters.find(fits).server, masters.find((master) => !fits(master)).server];
  await cluster.move(slots.get(moving), from, to, async () => {
    for (let time = 0; time < 10; time += 1) {
      const asked = ["chat:send", "chat:history", "chat:receipts", "chat:read"].map((name) => ann.ask(name, { roomId: moving, message: "nowhere", msgId: last }));
      for (const ack of await Promise.all(asked)) assert.ok(ack.ok || ack.code === "unavailable", JSON.stringify(ack));
      await Promise.all(others.map((room) => talk(room, ann, bob)));
    }
  });
  await Promise.all(rooms.map((room) => eventually(`all of ${room} again`, () => talk(room, bob, ann), HEAL_MS)));
});

/** All that two clients on two nodes do in a room: each is answered, and heard by the other once. */
async function talk(room, one, other) {
  const ask = async (client, name, payload) => {
    const ack = await client.ask(name, { roomId: room, ...payload });
    assert.equal(ack.ok, true, `${name}: ${JSON.stringify(ack)}`);
    return ack;
  };
  const hears = async (client, fields, ms = 2_000) => {
    const fits = (event) => Object.entries(fields).every(([key, value]) => event[key] === value);
    const heard = () => client.heardOf.filter(fits);
    await eventually(JSON.stringify(fields), async () => assert.ok(heard().length > 0), ms);
    assert.equal(heard().length, 1, JSON.stringify(heard()));
  };
  const [message, n] = [unique("said"), unique("n")];
  const { msgId } = await ask(one, "chat:send", { message, clientMsgId: message });
  for (const client of [one, other]) await hears(client, { name: "chat:message", roomId: room, message });
  assert.deepEqual(await ask(one, "chat:send", { message, clientMsgId: message }).then((ack) => ack.msgId), msgId, "said twice");
  const { messages } = await ask(other, "chat:history", { limit: 1 });
  assert.deepEqual(messages.map((kept) => kept.msgId), [msgId]);
  await ask(other, "chat:read", { msgId });
  await hears(one, { name: "chat:read", roomId: room, msgId });
  const { receipts } = await ask(one, "chat:receipts", {});
  assert.ok(receipts.some((receipt) => receipt.msgId === msgId), "the receipt is not kept");
  const relayed = await one.ask("cursor:move", { n, roomId: room });
  assert.equal(relayed.ok, true, JSON.stringify(relayed));
  await hears(other, { name: "cursor:move", n }, QUIET_MS * 4);
}

/** A user who is shut out by the command is out on both nodes, and is not let in again. */
async function revoke(group, env, enter) {
  const user = unique("eve");
  const old = secondsFromNow(-5);
  const eves = [await enter(0, user, old), await enter(1, user, old)];
  const settings = { PATH: process.env.PATH, ...env, REDIS_URL: group.url };
  await promisify(execFile)(BINARY, ["token", "revoke", user], { env: settings, cwd: "/" });
  for (const eve of eves) await eve.disconnected();
  for (const at of [0, 1]) await assert.rejects(enter(at, user, old), /unauthorized/);
}
