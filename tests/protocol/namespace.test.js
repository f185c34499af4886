// Names: a room's name is no way into another's socket, and no one's socket.id is ever told.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clientsOf, TRANSPORTS } from "./support/client.js";
import { unique } from "./support/random.js";
import { serve } from "./support/server.js";
import { ANSWER_MS, within } from "./support/wait.js";

const server = await serve();

/** Each id under which the server might know a client. */
function idsOf(client) {
  return [client.socket.id, client.socket.io.engine.id];
}

test("a room named like another's socket sees nothing of that socket", async (t) => {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const [victim, friend, eve] = [await connect(), await connect(), await connect()];
  const { self } = await victim.join(room, "victim");
  await friend.join(room, "friend");
  const names = new Set([...idsOf(victim), ...idsOf(victim).map((id) => `/#${id}`), self.connId, `${room}:events`, `presence:${room}`]);
  for (const name of names) await eve.join(name, "eve");

  await victim.patch(room, { secret: 1 });
  await friend.patch(room, { secret: 2 });
  await victim.ask("presence:heartbeat", null);
  await victim.ask("presence:leave", { roomId: room });
  await victim.join(room, "victim", { state: { secret: 3 } });
  for (const name of names) assert.deepEqual((await eve.sync(name)).snapshot.map((entry) => entry.userId), ["eve"]);
  assert.ok(!JSON.stringify(eve.log).includes("secret"));
  for (const { args: [event] } of eve.log) assert.equal(event.userId, "eve");
});

test("nothing said in such a room reaches the socket it is named after", async (t) => {
  const { connect } = clientsOf(t, server);
  const [victim, eve] = [await connect(), await connect()];
  for (const name of new Set(idsOf(victim))) {
    await eve.join(name, "eve");
    await eve.patch(name, { spam: true });
    await eve.ask("presence:leave", { roomId: name });
  }
  // The victim's own join comes behind whatever was sent to it before.
  await victim.join(unique("room"), "victim");
  assert.deepEqual(victim.log.map(({ args: [event] }) => event.userId), ["victim"]);
});

for (const [name, options] of Object.entries(TRANSPORTS)) {
  test(`a connId is never a socket.id, and no socket.id is told to others (${name})`, async (t) => {
    const { connect } = clientsOf(t, server);
    const room = unique("room");
    const clients = [await connect(options), await connect(options), await connect(options)];
    if (name === "upgrade") for (const client of clients) await client.upgraded();
    const connIds = new Set();
    const acks = [];
    for (const client of clients) {
      for (const roomId of [room, unique("room")]) {
        const ack = await client.join(roomId, "user");
        connIds.add(ack.self.connId);
        acks.push(ack);
      }
      await client.patch(room, { n: connIds.size });
      acks.push(await client.sync(room));
    }
    assert.equal(connIds.size, 6);
    const told = JSON.stringify([acks, clients.map((client) => client.log)]);
    for (const id of clients.flatMap(idsOf)) assert.ok(!told.includes(id), `${id} was told`);
  });
}

test("there is no other namespace", async (t) => {
  const { connect } = clientsOf(t, server);
  const ann = await connect();
  const admin = ann.socket.io.socket("/admin");
  const answer = new Promise((resolve) => {
    admin.once("connect", () => resolve("entered"));
    admin.once("connect_error", resolve);
  });
  const outcome = await within(answer, ANSWER_MS, "an answer for /admin");
  assert.ok(outcome instanceof Error, String(outcome));
  assert.equal((await ann.join(unique("room"), "ann")).ok, true);
});
