// Chat while Redis is frozen, or away: answered in time, nothing queued without limit, nothing lost or told twice, and well again by itself.
import assert from "node:assert/strict";
import { test } from "node:test";
import { unique } from "../protocol/support/random.js";
import { eventually, pause } from "../protocol/support/wait.js";
import { HEAL_MS } from "./support/member.js";
import { Proxy } from "./support/proxy.js";
import { RedisServer } from "./support/redis.js";
import { ANSWER_MAX_MS, Stage, untilReady } from "./support/stage.js";

const AWAY_MS = 3_000;
/** Events of each kind: at once on one connection, and on as many connections. */
const MANY = 20;
const MIB = 1024 * 1024;
const GROWTH_MAX = 64 * MIB;

const AWAY = {
  frozen: [(redis) => redis.freeze(), (redis) => redis.thaw()],
  away: [(redis) => redis.kill(), (redis) => redis.restart()],
};

/** All that chat is asked: `{ name: (member) => payload }`. */
const KINDS = {
  "chat:send": () => ({ message: unique("said") }),
  "chat:history": () => ({}),
  "chat:since": ({ msgId }) => ({ msgId }),
  "chat:read": ({ msgId }) => ({ msgId }),
  "chat:receipts": () => ({}),
  "chat:typing": () => ({ typing: true }),
};

async function scene(t) {
  const stage = new Stage(t);
  // It keeps what was said, so that no message is lost where it is killed.
  const redis = stage.own(await RedisServer.start(["--appendonly", "yes", "--appendfsync", "always"]));
  const nodes = [await stage.node(redis.url), await stage.node(redis.url)];
  const room = unique("room");
  const members = await Promise.all(Array.from({ length: MANY }, (_, at) => stage.member(nodes[at % 2], room, `user-${at}`)));
  for (const member of members) {
    const { ack } = await member.timed("chat:send", { roomId: room, message: unique("before") });
    assert.equal(ack.ok, true, JSON.stringify(ack));
    member.msgId = ack.msgId;
  }
  return { redis, nodes, room, members };
}

/** Says something until that is answered `ok`, and waits until all have heard it; then all have heard the same, in one order. */
async function mustTalk(members, room) {
  for (const member of [members[0], members[1]]) {
    const message = unique("healed");
    await eventually("a message that is taken", async () => {
      const { ack } = await member.timed("chat:send", { roomId: room, message, clientMsgId: message });
      assert.equal(ack.ok, true, JSON.stringify(ack));
    }, HEAL_MS);
    for (const { client } of members) await client.hears("chat:message", { message }, HEAL_MS);
  }
  // Who joined first has heard all; what others have heard is the end of that.
  const [all, ...rest] = members.map(({ client }) => client.heard("chat:message").map(({ msgId }) => msgId));
  assert.deepEqual(all, [...new Set(all)].sort(byId), "out of order, or twice");
  for (const heard of rest) assert.deepEqual(heard, all.slice(-heard.length));
  return all;
}

function byId(a, b) {
  const [[ms, place], [msOther, placeOther]] = [a, b].map((id) => id.split("-").map(Number));
  return ms - msOther || place - placeOther;
}

for (const [what, [fail, heal]] of Object.entries(AWAY)) {
  test(`Redis ${what}: whatever is asked of chat is answered in time, on one connection and on many, on both nodes`, async (t) => {
    const { redis, nodes, room, members } = await scene(t);
    await fail(redis);
    for (const [name, payload] of Object.entries(KINDS)) {
      const ask = (member) => member.timed(name, { roomId: room, ...payload(member) });
      const asked = [members[0], members[1]].flatMap((one) => Array.from({ length: MANY }, () => ask(one)));
      const answers = await Promise.all([...asked, ...members.map(ask)]);
      const longest = Math.max(...answers.map(({ took }) => took));
      assert.ok(longest < ANSWER_MAX_MS, `${name}: the last answer after ${longest} ms`);
      for (const { ack } of answers) assert.equal(ack.code, "unavailable", `${name}: ${JSON.stringify(ack)}`);
      t.diagnostic(`${name}: the last of ${answers.length} answered after ${Math.round(longest)} ms`);
    }
    await heal(redis);
    await Promise.all(nodes.map((node) => untilReady(node)));
    const heard = await mustTalk(members, room);
    const { ack } = await members[1].timed("chat:history", { roomId: room, limit: 100 });
    assert.deepEqual(ack.messages.map(({ msgId }) => msgId), heard.slice(-ack.messages.length), "what was kept is not what was heard");
    for (const member of members) member.mustHaveStayed();
  });
}

test("subscriptions that cannot be made again refuse no message", async (t) => {
  const stage = new Stage(t);
  const redis = stage.own(await RedisServer.start());
  const proxy = stage.own(await Proxy.before(redis.port));
  const node = await stage.node(proxy.url);
  const room = unique("room");
  const member = await stage.member(node, room, "ann");
  proxy.hold("SUBSCRIBE");
  await redis.cli("CLIENT", "KILL", "TYPE", "pubsub");
  await untilReady(node, false);
  const said = [];
  for (const end = performance.now() + AWAY_MS; performance.now() < end; await pause(20)) {
    const message = unique("said");
    const { ack } = await member.timed("chat:send", { roomId: room, message });
    assert.equal(ack.ok, true, JSON.stringify(ack));
    said.push(message);
  }
  proxy.heal();
  await untilReady(node);
  for (const message of said) await member.client.hears("chat:message", { message }, HEAL_MS);
});

test("Redis frozen while everybody talks: all that was taken is heard once, and nothing piles up", async (t) => {
  const { redis, nodes, room, members } = await scene(t);
  const start = nodes.map((node) => node.rss());
  let [over, refused] = [false, 0];
  const taken = [];
  const talk = members.map(async (member) => {
    for (; !over; ) {
      const message = { said: unique("said"), pad: "x".repeat(4_000) };
      const { ack, took } = await member.timed("chat:send", { roomId: room, message });
      assert.ok(took < ANSWER_MAX_MS, `a message answered after ${took} ms`);
      if (ack.ok) taken.push(ack.msgId);
      else assert.equal(ack.code, "unavailable", JSON.stringify(ack));
      refused += ack.ok ? 0 : 1;
      await pause(ack.ok ? 20 : 2);
    }
  });
  for (let time = 0; time < 2; time += 1) {
    const before = taken.length;
    await eventually("messages that are taken", async () => assert.ok(taken.length > before + MANY), HEAL_MS);
    redis.freeze();
    await pause(AWAY_MS);
    redis.thaw();
  }
  const before = taken.length;
  await eventually("messages that are taken", async () => assert.ok(taken.length > before + MANY), HEAL_MS);
  over = true;
  await Promise.all(talk);
  assert.ok(refused > MANY, `only ${refused} were refused`);
  const heard = new Set(await mustTalk(members, room));
  assert.deepEqual(taken.filter((id) => !heard.has(id)), [], "taken, and not heard");
  const grown = nodes.map((node, at) => node.rss() - start[at]);
  t.diagnostic(`${taken.length} taken, ${refused} refused; ${grown.map((bytes) => (bytes / MIB).toFixed(1))} MiB more`);
  for (const bytes of grown) assert.ok(bytes < GROWTH_MAX, `${bytes / MIB} MiB more`);
});
