// A user who is shut out is out on all nodes within a second, and whoever signs in again later is let in.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { Client } from "../protocol/support/client.js";
import { unique } from "../protocol/support/random.js";
import { assertRefused } from "../protocol/support/refusal.js";
import { BINARY } from "../protocol/support/server.js";
import { SECRET, secondsFromNow, token } from "../protocol/support/tokens.js";
import { pause } from "../protocol/support/wait.js";
import { cluster, PUBLISHINGS } from "./support/cluster.js";

const env = { AUTH_JWT_SECRET: SECRET };

function revoke(all, user) {
  const settings = { PATH: process.env.PATH, REDIS_URL: all.redis.url, ...all.env };
  return promisify(execFile)(BINARY, ["token", "revoke", user], { env: settings, cwd: "/" });
}

async function refused(node, auth) {
  const client = new Client(node.url, { auth });
  const error = await client.until("a refusal", () => client.refusal);
  client.close();
  return JSON.parse(error.message).code;
}

for (const publishing of PUBLISHINGS) {
  test(`a revoked user is out on all nodes within a second (${publishing})`, async (t) => {
    const all = await cluster(t, { nodes: 3, publishing, env });
    const room = unique("room");
    const old = { token: token({ sub: "ann", iat: secondsFromNow(-5) }) };
    const undated = { token: token({ sub: "ann", iat: undefined }) };
    const bob = await all.connect(all.nodes[1], { auth: { token: token({ sub: "bob" }) } });
    await bob.join(room, "bob");
    const anns = [];
    for (const [at, node] of [...all.nodes, ...all.nodes].entries()) anns.push(await all.connect(node, { auth: at < 3 ? old : undated, track: false }));
    for (const ann of anns) await ann.join(room, "ann");
    const began = performance.now();
    const { stdout } = await revoke(all, "ann");
    assert.match(stdout, /ann is shut out/);
    const commanded = performance.now() - began;
    for (const ann of anns) assert.equal(await ann.disconnected(), "transport close");
    const took = performance.now() - began - commanded;
    assert.ok(took < 1_000, `${took} ms after the command was done`);
    for (let n = 0; n < anns.length; n += 1) await bob.until("all to leave", () => bob.saw({ type: "leave", userId: "ann" }).length === anns.length);
    assert.equal(bob.disconnects.length, 0);
    for (const node of all.nodes) for (const auth of [old, undated]) assert.equal(await refused(node, auth), "unauthorized");
    assertRefused(await bob.ask("auth:refresh", { token: old.token }), "unauthorized");

    await pause(1_001);
    const again = { token: token({ sub: "ann" }) };
    for (const node of all.nodes) await (await all.connect(node, { auth: again })).join(room, "ann");
  });
}

test("who was shut out stays so when nodes come later or did not hear it", async (t) => {
  const all = await cluster(t, { nodes: 1, env });
  const old = { token: token({ sub: "ann", iat: secondsFromNow(-5) }) };
  await revoke(all, "ann");
  const late = await all.start();
  assert.equal(await refused(late, old), "unauthorized");
  // As a revocation whose message is lost with the channels that carry it.
  const eve = { token: token({ sub: "eve", iat: secondsFromNow(-5) }) };
  const eves = [await all.connect(all.nodes[0], { auth: eve }), await all.connect(late, { auth: eve })];
  await all.redis.with(async (resp) => {
    const [set] = (await resp.ask("KEYS", "*revoked*"));
    await resp.ask("ZADD", set, `${Date.now()}`, "eve");
    await resp.ask("CLIENT", "KILL", "TYPE", "pubsub");
  });
  for (const client of eves) assert.equal(await client.disconnected(), "transport close");
});
