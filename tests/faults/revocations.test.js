// Who is shut out stays so: also when Redis forgets it, and when it does not answer just as a node reads it.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { Monitor } from "../cluster/support/monitor.js";
import { Resp } from "../cluster/support/resp.js";
import { Client } from "../protocol/support/client.js";
import { BINARY } from "../protocol/support/server.js";
import { SECRET, secondsFromNow, token } from "../protocol/support/tokens.js";
import { eventually } from "../protocol/support/wait.js";
import { HEAL_MS } from "./support/member.js";
import { Proxy } from "./support/proxy.js";
import { RedisServer } from "./support/redis.js";
import { Stage, untilReady } from "./support/stage.js";

const ENV = { AUTH_JWT_SECRET: SECRET };
const HOUR_MS = 3_600_000;
/** More than nodes write back at a time. */
const MANY = 1_200;

const old = (user) => ({ token: token({ sub: user, iat: secondsFromNow(-5) }) });

async function scene(t, env = ENV) {
  const stage = new Stage(t);
  const redis = stage.own(await RedisServer.start());
  const start = () => stage.node(redis.url, env);
  const enter = async (node, user) => {
    const client = new Client(node.url, { track: false, auth: old(user) });
    t.after(() => client.close());
    return client.connected();
  };
  const mustBeRefused = (node, user) => assert.rejects(enter(node, user), /unauthorized/);
  return { stage, redis, start, enter, mustBeRefused, nodes: [await start(), await start()] };
}

function revoke(redis, user, env) {
  const settings = { PATH: process.env.PATH, REDIS_URL: redis.url, ...env };
  return promisify(execFile)(BINARY, ["token", "revoke", user], { env: settings, cwd: "/" });
}

/** The key of those who are shut out, once there is one. */
function untilKept(redis) {
  return eventually("a key of those who are shut out", async () => {
    const key = await redis.cli("--scan", "--pattern", "rtm:*:revoked:*");
    assert.notEqual(key, "");
    return key;
  }, HEAL_MS);
}

for (const publishing of ["sharded", "plain"]) {
  test(`Redis restarts empty: a user who was shut out is refused by a node that starts later (${publishing})`, async (t) => {
    const env = { ...ENV, REDIS_PUBLISHING: publishing };
    const { redis, nodes, start, mustBeRefused } = await scene(t, env);
    await revoke(redis, "eve", env);
    const until = Number(await redis.cli("ZSCORE", await untilKept(redis), "eve"));
    await eventually("both nodes to know", () => Promise.all(nodes.map((node) => mustBeRefused(node, "eve"))));
    await redis.kill();
    await redis.restart();
    const back = performance.now();
    const key = await untilKept(redis);
    t.diagnostic(`kept again ${Math.round(performance.now() - back)} ms after Redis`);
    assert.equal(Number(await redis.cli("ZSCORE", key, "eve")), until);
    assert.ok(Number(await redis.cli("PTTL", key)) > HOUR_MS, "it is forgotten too early");
    for (const node of [...nodes, await start()]) await mustBeRefused(node, "eve");
  });
}

test("a node that starts before Redis is told again is told too", async (t) => {
  const { redis, nodes, start, enter } = await scene(t);
  await revoke(redis, "eve", ENV);
  await nodes[1].stop();
  nodes[0].signal("SIGSTOP");
  await redis.kill();
  await redis.restart();
  const late = await start();
  const eve = await enter(late, "eve");
  nodes[0].signal("SIGCONT");
  assert.equal(await eve.disconnected(), "transport close");
  await untilReady(nodes[0]);
});

test("what is written back is all, never weaker than what is there, and written once", async (t) => {
  const { redis, nodes, mustBeRefused } = await scene(t);
  const resp = await Resp.connect(redis.port);
  t.after(() => resp.close());
  // Each node reads who is shut out when its subscriptions are made again.
  const read = () => resp.ask("CLIENT", "KILL", "TYPE", "pubsub");
  await revoke(redis, "eve", ENV);
  const key = await untilKept(redis);
  const now = Date.now();
  for (let nth = 0; nth < MANY; nth += 1) await resp.ask("ZADD", key, now + nth, `user-${nth}`);
  await read();
  const known = () => Promise.all(nodes.flatMap((node) => [0, MANY - 1].map((nth) => mustBeRefused(node, `user-${nth}`))));
  await eventually("both nodes to know", known);

  await resp.ask("MULTI");
  await resp.ask("FLUSHALL");
  await resp.ask("ZADD", key, now + HOUR_MS, "user-0");
  await resp.ask("ZADD", key, 1, "user-1");
  await resp.ask("EXEC");
  await read();
  await eventually("all of them", async () => assert.equal(await resp.ask("ZCARD", key), MANY + 1), HEAL_MS);
  const score = async (user) => Number(await resp.ask("ZSCORE", key, user));
  assert.equal(await score("user-0"), now + HOUR_MS);
  for (const nth of [1, MANY - 1]) assert.equal(await score(`user-${nth}`), now + nth);

  const monitor = await Monitor.start({ connect: () => Resp.connect(redis.port) });
  t.after(() => monitor.close());
  // Of both nodes, each of which reads all of them with so many commands.
  const pages = Math.ceil((MANY + 2) / 1_000) * nodes.length;
  const asked = await monitor.during(async () => {
    await read();
    const isRead = (line) => /"ZRANGEBYSCORE"/i.test(line);
    await eventually("both nodes to have read", () => assert.ok(monitor.watching.lines.filter(isRead).length >= pages), HEAL_MS);
  });
  assert.ok(!asked.includes("shut_out"), `written again: ${asked}`);
});

test("a node whose question goes unanswered asks again at once, not at its next turn", async (t) => {
  const stage = new Stage(t);
  const redis = stage.own(await RedisServer.start());
  const proxy = stage.own(await Proxy.before(redis.port));
  const node = await stage.node(proxy.url, ENV);
  const client = new Client(node.url, { track: false, auth: old("eve") });
  t.after(() => client.close());
  await client.connected();
  await revoke(redis, "ann", ENV);
  const key = await untilKept(redis);
  proxy.hold("ZRANGEBYSCORE");
  // As a revocation whose message is lost with the channels that carry it.
  await redis.cli("ZADD", key, Date.now(), "eve");
  await redis.cli("CLIENT", "KILL", "TYPE", "pubsub");
  await node.says(/who is shut out cannot be read/);
  assert.deepEqual(client.disconnects, []);
  proxy.heal();
  assert.equal(await client.disconnected(), "transport close");
});
