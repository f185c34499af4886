// What clients have the module of `tests/external-module/src/steering.rs` do.
import assert from "node:assert/strict";
import { eventually } from "../../protocol/support/wait.js";

/** How long a channel may take to be heard on the other node. */
const HEARD_MS = 15_000;

/** A node hears of a room a round trip after its first socket enters. Returns when `from`'s node knows all of `clients` there. */
export async function allKnown(from, room, clients) {
  await eventually(`all sockets of ${room}`, async () => assert.deepEqual(await sockets(from, room), ids(clients)), HEARD_MS);
}

export async function sockets(client, room) {
  const ack = await client.ask("steer:sockets", { room });
  assert.equal(ack.ok, true, JSON.stringify(ack));
  return ack.sockets.sort();
}

export function ids(clients) {
  return clients.map(({ socket }) => socket.id).sort();
}

export async function does(client, event, order) {
  const ack = await client.ask(event, order);
  assert.equal(ack.ok, true, JSON.stringify(ack));
  return ack;
}
