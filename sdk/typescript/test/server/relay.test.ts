import { expect, it } from "vitest";
import { createRelayModule } from "../../src/modules/relay.ts";
import { Heard } from "../support/heard.ts";
import { Proxy } from "../support/proxy.ts";
import { client, serve } from "../support/real.ts";

interface Draw {
  events: { cursor: { x: number } };
}

async function painter(url: string, userId: string, rooms: string[]) {
  const relay = createRelayModule<Draw>();
  const it = client(url);
  it.use(relay);
  await it.connect();
  const channels = [];
  for (const roomId of rooms) channels.push((await it.joinRoom({ roomId, userId })).channel);
  return { client: it, relay: relay.api, channels };
}

it("events reach the others of their room alone, also in several rooms and after a reconnect", async () => {
  const { url, port } = await serve({ RELAY_EVENTS: "cursor", PRESENCE_LINGER_MS: "10000" });
  const proxy = await Proxy.start(port);
  const ann = await painter(url, "ann", ["r", "s"]);
  const bob = await painter(proxy.url, "bob", ["r", "s"]);
  const heard = { r: new Heard<string>(), s: new Heard<string>(), own: new Heard<number>() };
  for (const room of ["r", "s"] as const) {
    bob.relay.in(room).on("cursor", ({ x }, { userId, roomId }) => heard[room].add(`${userId} ${roomId} ${x}`));
    ann.relay.in(room).on("cursor", ({ x }) => heard.own.add(x));
  }
  const direct = new Heard<unknown>();
  bob.channels[0].on("cursor", direct.add);

  await ann.relay.in("r").emit("cursor", { x: 1 });
  await ann.relay.in("s").emit("cursor", { x: 2 });
  await heard.s.until("the second", (all) => all.length === 1);
  const back = Promise.all(bob.channels.map((channel) => new Promise((resolve) => channel.on("connected", resolve))));
  proxy.cutAll();
  await back;
  await ann.relay.in("r").emit("cursor", { x: 3 });
  await ann.relay.in("s").emit("cursor", { x: 4 });
  await heard.s.until("the fourth", (all) => all.length === 2);
  expect([heard.r.all, heard.s.all]).toEqual([["ann r 1", "ann r 3"], ["ann s 2", "ann s 4"]]);
  expect(direct.all).toMatchObject([{ x: 1 }, { x: 3 }]);
  expect(heard.own.all).toEqual([]);
  await bob.relay.in("r").emit("cursor", { x: 5 });
  expect(await heard.own.until("an answer", (all) => all.length === 1)).toEqual([5]);
  await proxy.stop();
});

it("a name that the server does not relay is refused", async () => {
  const { url } = await serve({ RELAY_EVENTS: "cursor" });
  const relay = createRelayModule();
  const ann = client(url);
  ann.use(relay);
  await ann.connect();
  await ann.joinRoom({ roomId: "r", userId: "ann" });
  await expect(relay.api.in("r").emit("other", {})).rejects.toMatchObject({ code: "bad_request" });
});
