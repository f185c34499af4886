// Type tests: `npm run check` compiles this, and fails if a line that must not compile does.
import { expectTypeOf } from "vitest";
import { type Members, RealtimeClient, type State } from "../../src/index.ts";
import { createChatModule } from "../../src/modules/chat.ts";
import { createRelayModule } from "../../src/modules/relay.ts";

interface Board {
  state: { name: string; cursor?: [number, number] };
  events: { wave: { at: number } };
  calls: { vote: { in: { option: number }; out: { ok: true; total: number } } };
  chat: { text: string };
}

export async function typed(client: RealtimeClient<Board>): Promise<void> {
  const { channel, response } = await client.joinRoom({ roomId: "r", userId: "u", state: { name: "Ada" } });
  // @ts-expect-error a state without its name
  await client.joinRoom({ roomId: "r", userId: "u", state: { cursor: [1, 2] } });
  expectTypeOf(channel.members).toEqualTypeOf<Members<Board["state"]>>();
  if (response.ok) expectTypeOf(response.snapshot[0].state).toEqualTypeOf<Board["state"]>();
  else expectTypeOf(response.error).toBeString();

  await channel.updateState({ cursor: [1, 2] });
  // @ts-expect-error a key that the state has not
  await channel.updateState({ colour: "red" });

  channel.on("presenceEvent", ({ state }) => expectTypeOf(state).toEqualTypeOf<Board["state"] | null>());
  channel.on("members", ({ joined, members }) => {
    expectTypeOf(joined[0].connections[0].state).toEqualTypeOf<Board["state"]>();
    expectTypeOf(members).toEqualTypeOf<Members<Board["state"]>>();
  });
  channel.on("wave", ({ at }, sender) => {
    expectTypeOf(at).toBeNumber();
    expectTypeOf(sender?.userId).toEqualTypeOf<string | undefined>();
  });
  // @ts-expect-error an event that the schema does not know
  channel.on("wavee", () => undefined);

  channel.emit("wave", { at: 1 });
  // @ts-expect-error a payload of another event
  channel.emit("wave", { option: 1 });
  expectTypeOf(await channel.emit("vote", { option: 1 }, { ack: true })).toEqualTypeOf<{ ok: true; total: number }>();
  // @ts-expect-error a call without what it takes
  await channel.emit("vote", {}, { ack: true });

  const chat = createChatModule<Board>().api;
  chat.onMessage(({ message }) => expectTypeOf(message).toEqualTypeOf<{ text: string }>());
  // @ts-expect-error a message of another shape
  await chat.sendMessage("r", "hi");

  const relay = createRelayModule<Board>().api.in("r");
  relay.on("wave", ({ at }) => expectTypeOf(at).toBeNumber());
  // @ts-expect-error a payload of another shape
  await relay.emit("wave", { at: "now" });
}

export async function untyped(client: RealtimeClient): Promise<void> {
  const { channel } = await client.joinRoom({ roomId: "r", userId: "u", state: { anything: 1 } });
  expectTypeOf(channel.members).toEqualTypeOf<Members<State>>();
  channel.on("whatever", (payload: { x: number }) => expectTypeOf(payload.x).toBeNumber());
  channel.on("unknown", (payload) => expectTypeOf(payload).toBeUnknown());
  const answer = await channel.emit<{ ok: boolean }>("ask", {}, { ack: true, timeoutMs: 1 });
  expectTypeOf(answer).toEqualTypeOf<{ ok: boolean }>();
}
