import { expect, it, vi } from "vitest";
import { fakeTime, logger, reconnect } from "../support/setup.ts";
import { FakeSocket, refusal, settled } from "../support/fake.ts";
import { RealtimeClient } from "../../src/index.ts";
import { createRelayModule } from "../../src/modules/relay.ts";

fakeTime();

async function relaying() {
  const relay = createRelayModule();
  const client = new RealtimeClient({ baseUrl: "http://fake", logger }).use(relay);
  const socket = FakeSocket.latest;
  const connecting = client.connect();
  await settled();
  socket.accept();
  await connecting;
  return { client, socket, relay: relay.api };
}

it("an event is sent with its room, and rejected if the server refuses it", async () => {
  const { socket, relay } = await relaying();
  const sending = relay.in("r").emit("cursor", { x: 1 });
  const { payload, answer } = socket.next("cursor");
  expect(payload).toEqual({ x: 1, roomId: "r" });
  answer({ ok: true });
  await sending;
  const refused = expect(relay.in("r").emit("cursor", {})).rejects.toMatchObject({ code: "not_present" });
  socket.next("cursor").answer(refusal("not_present"));
  await refused;
});

it("an event reaches the handlers of its room and name, once, also after a reconnect", async () => {
  const { socket, relay } = await relaying();
  const handler = vi.fn();
  const off = relay.in("r").on("cursor", handler);
  socket.lose("transport close");
  await reconnect(socket);
  const sender = { roomId: "r", userId: "bob", connId: "b" };
  socket.hear("cursor", { x: 1 }, sender);
  socket.hear("cursor", { x: 2 }, { ...sender, roomId: "s" });
  socket.hear("other", { x: 3 }, sender);
  socket.hear("cursor", { x: 4 });
  expect(handler.mock.calls).toEqual([[{ x: 1 }, sender]]);
  off();
  socket.hear("cursor", { x: 5 }, sender);
  expect(handler).toHaveBeenCalledOnce();
});
