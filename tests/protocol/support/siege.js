// A server under attack: after every blow it must serve a newcomer within a second, keep its old members, and stay small.
import assert from "node:assert/strict";
import { after } from "node:test";
import { Client } from "./client.js";
import { unique } from "./random.js";
import { serve } from "./server.js";
import { within } from "./wait.js";

const SERVE_MS = 1_000;
const GROWTH_BYTES = 64 * 1024 * 1024;

export async function besiege(env = {}) {
  const server = await serve(env);
  const room = unique("bystanders");
  const bystander = await new Client(server.url).connected();
  await bystander.join(room, "bystander");
  const idle = server.rss();
  let highest = idle;
  after(() => {
    bystander.close();
    bystander.check();
    console.log(`resident memory: idle ${mib(idle)}, at most ${mib(highest)}`);
  });

  async function mustServe(blow) {
    server.mustBeAlive();
    const beat = await bystander.ask("presence:heartbeat", { roomId: room });
    assert.equal(beat.ok, true, `after ${blow}: ${JSON.stringify(beat)}`);
    const newcomer = new Client(server.url);
    const served = newcomer.connected().then(() => newcomer.join(room, "newcomer"));
    const { self } = await within(served, SERVE_MS, `a fresh join after ${blow}`);
    await bystander.sees({ type: "join", connId: self.connId }, SERVE_MS);
    newcomer.close();
    await bystander.sees({ type: "leave", connId: self.connId }, SERVE_MS);
    const rss = server.rss();
    highest = Math.max(highest, rss);
    assert.ok(rss < idle + GROWTH_BYTES, `after ${blow}: ${mib(rss)}, idle ${mib(idle)}`);
  }

  return { server, mustServe };
}

function mib(bytes) {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
