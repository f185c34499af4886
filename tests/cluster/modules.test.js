// What a module's own code does with sockets of other nodes: between real processes, over a real Redis.
import assert from "node:assert/strict";
import { test } from "node:test";
import { unique } from "../protocol/support/random.js";
import { STEERED } from "../protocol/support/server.js";
import { pause, QUIET_MS } from "../protocol/support/wait.js";
import { cluster, PUBLISHINGS } from "./support/cluster.js";
import { allKnown, does, ids, sockets } from "./support/steering.js";

/** Two clients in a Socket.IO room on each of two nodes, and one on each that is not. */
async function scene(t, publishing) {
  const all = await cluster(t, { publishing, binary: STEERED });
  const room = unique("room");
  const clients = await all.connectAll(4, { track: false });
  const outside = await all.connectAll(2, { track: false });
  for (const client of clients) await does(client, "steer:enter", { room });
  for (const client of clients.slice(0, 2)) await allKnown(client, room, clients);
  return { all, room, clients, outside };
}

for (const publishing of PUBLISHINGS) {
  test(`a module's broadcast reaches the sockets of all nodes once, in order (${publishing})`, async (t) => {
    const { room, clients, outside } = await scene(t, publishing);
    const sent = Array.from({ length: 50 }, (_, n) => n);
    for (const payload of sent) await does(clients[0], "steer:emit", { room, what: "news", payload });
    for (const client of clients) {
      await client.until("the last of them", () => client.heard("news").length >= sent.length);
      assert.deepEqual(client.heard("news"), sent);
    }
    await pause(QUIET_MS);
    for (const client of clients) assert.equal(client.heard("news").length, sent.length);
    for (const client of outside) assert.deepEqual(client.heard("news"), []);
  });

  test(`a module moves, asks and disconnects the sockets of other nodes (${publishing})`, async (t) => {
    const { room, clients, outside } = await scene(t, publishing);
    const [a, b] = clients;
    for (const client of clients) client.socket.on("vote", (question, answer) => answer([question, client.socket.id]));
    const { answers } = await does(a, "steer:ask", { room, what: "vote", payload: "tea?" });
    assert.deepEqual(answers, Object.fromEntries(ids(clients).map((id) => [id, ["tea?", id]])));

    const other = unique("other");
    await does(a, "steer:join", { room, what: other });
    for (const client of [a, b]) await allKnown(client, other, clients);
    const solo = unique("solo");
    await does(b, "steer:enter", { room: solo });
    await allKnown(a, solo, [b]);
    for (const what of [other, room]) await does(a, "steer:leave", { room: solo, what });
    await allKnown(a, other, clients.filter((client) => client !== b));
    await allKnown(a, room, clients.filter((client) => client !== b));
    await does(b, "steer:disconnect", { room: other });
    for (const client of clients) {
      if (client !== b) await client.disconnected();
    }
    for (const client of [b, ...outside]) assert.deepEqual(client.disconnects, []);
    assert.deepEqual(await sockets(b, other), []);
  });
}
