// What `/metrics` says is what happened: connections, events, answers, refusals by limit, cuts, changes, fan-out.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { clientsOf } from "./support/client.js";
import { Polling, request } from "./support/http.js";
import { scrape } from "./support/metrics.js";
import { unique } from "./support/random.js";
import { RawSocket } from "./support/raw.js";
import { serve } from "./support/server.js";
import { frame, Tcp, TEXT } from "./support/tcp.js";
import { eventually } from "./support/wait.js";

const server = await serve({
  MAX_ID_BYTES: "32",
  MAX_STATE_BYTES: "2000",
  MAX_CHAT_BYTES: "500",
  MAX_RELAY_BYTES: "500",
  MAX_NESTING: "20",
  MAX_ROOMS_PER_CONNECTION: "2",
  MAX_CONNECTIONS_PER_ROOM: "3",
  RELAY_EVENTS: "cursor:move",
  RELAY_EVENTS_PER_SECOND: "5",
});

/** What was counted while `work` ran. */
async function counted(server, work) {
  const before = await scrape(server);
  await work();
  const after = await scrape(server);
  return (name, labels) => after.of(name, labels) - before.of(name, labels);
}

test("connections by transport, rooms and presences are what there is", async (t) => {
  const own = await serve();
  const { connect } = clientsOf(t, own);
  const [ann, bob] = [await connect(), await connect({ transports: ["polling"] })];
  const room = unique("room");
  await ann.join(room, "ann");
  await bob.join(room, "bob");
  await ann.join(unique("other"), "ann");
  const now = await scrape(own);
  assert.equal(now.of("rtm_connections", { transport: "websocket" }), 1);
  assert.equal(now.of("rtm_connections", { transport: "polling" }), 1);
  assert.deepEqual([now.of("rtm_rooms"), now.of("rtm_presences"), now.of("rtm_ready")], [2, 3, 1]);
  assert.equal(now.of("rtm_connects_total"), 2);
  assert.ok(now.of("process_resident_memory_bytes") > 1e6);
  assert.ok(now.of("process_cpu_seconds_total") >= 0);
  bob.close();
  await eventually("the end of a connection", async () => (await scrape(own)).of("rtm_connections") === 1);
  assert.equal((await scrape(own)).of("rtm_presences"), 2);
});

test("events, answers, changes and fan-out", async (t) => {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const [ann, bob] = [await connect(), await connect()];
  const grown = await counted(server, async () => {
    await ann.join(room, "ann");
    await bob.join(room, "bob");
    const { version } = await ann.patch(room, { n: 1 });
    await bob.sees({ version });
    await ann.ask("presence:heartbeat", null);
    await bob.ask("presence:leave", null);
    await bob.ask("no:such", {});
  });
  assert.equal(grown("rtm_events_total", { module: "presence" }), 5);
  assert.equal(grown("rtm_events_total", { module: "none" }), 1);
  assert.equal(grown("rtm_answer_seconds_count", { module: "presence" }), 5);
  assert.equal(grown("rtm_refusals_total", { module: "none", code: "bad_request" }), 1);
  for (const [kind, count] of [["join", 2], ["update", 1], ["leave", 1]]) {
    assert.equal(grown("rtm_changes_total", { kind }), count, kind);
  }
  assert.equal(grown("rtm_changes_total", { kind: "leave", reason: "left" }), 1);
  // Bob's join to ann, the update to both, bob's leave to ann: a joiner gets its own join alone.
  assert.equal(grown("rtm_fan_out_members_count"), 3);
  assert.equal(grown("rtm_fan_out_members_sum"), 4);
  assert.equal(grown("rtm_fan_out_seconds_count"), 3);
  // Six answers, six events: the two own joins, and what was fanned out.
  assert.equal(grown("rtm_packets_sent_total"), 12);
  assert.ok(grown("rtm_bytes_sent_total") > 12 * 20);
  assert.ok(grown("rtm_store_seconds_count", { call: "commit" }) >= 4);
  assert.ok(grown("rtm_store_seconds_count", { call: "read" }) >= 1);
});

test("every limit of an event has its counter", async (t) => {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const ann = await connect();
  await ann.join(room, "ann");
  const alone = unique("alone");
  await ann.join(alone, "ann");
  const x = (bytes) => "x".repeat(bytes);
  const others = [await connect(), await connect(), await connect()];
  for (const other of others.slice(0, 2)) await other.join(room, "other");
  const causes = {
    MAX_ID_BYTES: () => ann.ask("presence:join", { roomId: x(33), userId: "ann" }),
    MAX_STATE_BYTES: () => ann.ask("presence:heartbeat", { roomId: room, patchState: { text: x(2_000) } }),
    MAX_CHAT_BYTES: () => ann.ask("chat:send", { roomId: room, message: x(600) }),
    MAX_RELAY_BYTES: () => ann.ask("cursor:move", { roomId: alone, text: x(600) }),
    MAX_NESTING: () => ann.ask("presence:heartbeat", JSON.parse("[".repeat(30) + "]".repeat(30))),
    MAX_ROOMS_PER_CONNECTION: () => ann.ask("presence:join", { roomId: unique("third"), userId: "ann" }),
    MAX_CONNECTIONS_PER_ROOM: () => others[2].ask("presence:join", { roomId: room, userId: "fourth" }),
    RELAY_EVENTS_PER_SECOND: () => Promise.all(Array.from({ length: 30 }, () => ann.ask("cursor:move", { roomId: alone }))),
  };
  for (const [limit, cause] of Object.entries(causes)) {
    const grown = await counted(server, async () => {
      const [ack] = [await cause()].flat().slice(-1);
      assert.equal(ack.ok, false, limit);
      assert.equal(ack.limit.name, limit);
    });
    assert.ok(grown("rtm_refusals_total", { limit }) >= 1, limit);
  }
});

test("floods are counted by the limit that stops them", async (t) => {
  const strict = await serve({ MAX_EVENTS_PER_SECOND: "5", MAX_EVENTS_BURST: "5", MAX_CONNECTIONS: "2" });
  const { connect, create } = clientsOf(t, strict);
  const ann = await connect();
  await ann.join("room", "ann");
  await Promise.all(Array.from({ length: 20 }, () => ann.ask("presence:heartbeat", null)));
  await connect();
  await assert.rejects(create().connected());
  const now = await scrape(strict);
  assert.ok(now.of("rtm_refusals_total", { code: "rate_limited", limit: "MAX_EVENTS_PER_SECOND" }) >= 10);
  assert.ok(now.of("rtm_turned_away_total", { reason: "MAX_CONNECTIONS" }) >= 1);
});

test("cuts are counted by their reason, and refused requests by status", async () => {
  const small = await serve({ MAX_MESSAGE_BYTES: "2000" });
  const raw = await RawSocket.enter(small);
  raw.send("nonsense");
  await eventually("a cut", async () => (await scrape(small)).of("rtm_cuts_total", { reason: "bad_packet" }) === 1);
  const polling = await (await Polling.open(small)).enter();
  assert.equal((await polling.post("x".repeat(5_000))).status, 413);
  assert.equal((await scrape(small)).of("rtm_requests_refused_total", { status: 413 }), 1);
  raw.cut();
});

test("what had to make room is counted by the limit", async () => {
  const crowded = await serve({ MAX_PENDING_SESSIONS: "3", MAX_PARTIAL_BYTES: "20000" });
  for (let n = 0; n < 5; n += 1) await Polling.open(crowded);
  assert.equal((await scrape(crowded)).of("rtm_crowded_out_total", { limit: "MAX_PENDING_SESSIONS" }), 2);
  const unfinished = [];
  for (let n = 0; n < 3; n += 1) {
    const tcp = await Tcp.webSocket(crowded);
    tcp.send(frame(TEXT, "4".repeat(9_000), { claim: 10_000n }));
    unfinished.push(tcp);
  }
  const given = async () => (await scrape(crowded)).of("rtm_crowded_out_total", { limit: "MAX_PARTIAL_BYTES" }) === 1;
  await eventually("a message that is given up", given);
  for (const tcp of unfinished) tcp.destroy();
});

test("METRICS_TOKEN must be shown, METRICS_ENABLED=false shows nothing", async () => {
  const METRICS_TOKEN = "a-token-nobody-guesses";
  const guarded = await serve({ METRICS_TOKEN });
  assert.equal((await request(guarded, "/metrics")).status, 401);
  assert.equal((await request(guarded, "/metrics", { headers: { authorization: "Bearer wrong" } })).status, 401);
  await scrape(guarded, { headers: { authorization: `Bearer ${METRICS_TOKEN}` } });
  const silent = await serve({ METRICS_ENABLED: "false" });
  assert.equal((await request(silent, "/metrics")).status, 404);
});

test("the page and the dashboard name every metric, and no other", async () => {
  // Shown once they have something to count.
  const TROUBLE = ["rtm_cuts", "rtm_turned_away", "rtm_requests_refused", "rtm_store_failures", "rtm_crowded_out"];
  const names = new Set([...(await scrape(server)).names, ...TROUBLE]);
  const file = (path) => readFileSync(new URL(`../../docs/${path}`, import.meta.url), "utf8");
  const described = new Set([...file("metrics.md").matchAll(/^\| `((?:rtm|process)_[a-z_]+)`/gm)].map(([, name]) => name));
  assert.deepEqual([...described].toSorted(), [...names].toSorted());
  const shown = new Set();
  for (const [name] of file("grafana.json").matchAll(/\b(?:rtm|process)_[a-z_]+/g)) {
    shown.add(names.has(name) ? name : name.replace(/_(total|bucket|count|sum)$/, ""));
  }
  assert.deepEqual([...shown].toSorted(), [...names].toSorted());
});
