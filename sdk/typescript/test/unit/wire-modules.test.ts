// As wire.test.ts, for chat and identity.
import { describe, expect, it } from "vitest";
import type { AuthRefreshReply, ChatHistoryReply, ChatMessage, ChatRead, ChatReceiptsReply, ChatSendReply, ChatSinceReply, ChatTyping } from "../../src/index.ts";
import { type ChatModuleApi, createChatModule } from "../../src/modules/chat.ts";
import { createAuthModule } from "../../src/modules/auth.ts";
import { connected, fakeTime } from "../support/setup.ts";
import { FakeSocket, settled } from "../support/fake.ts";
import { fixtures, messages, shape, shapes } from "../support/wire.ts";
import { jwt } from "../support/jwt.ts";

fakeTime();

/** Each is read by a test below. */
const KNOWN = ["auth-refresh", "chat-history", "chat-read", "chat-receipts", "chat-send", "chat-since", "chat-typing"].flatMap((name) => [`${name}.reply.json`, `${name}.request.json`]);
const HEARD = ["chat-message.json", "chat-read.json", "chat-typing.json"];

it("every fixture is known", () => {
  expect(fixtures().filter((name) => /^(chat|auth|relay)-/.test(name)).sort()).toEqual([...KNOWN, ...HEARD].sort());
});

async function chatting() {
  const chat = createChatModule();
  return { ...(await connected({}, [chat])), chat: chat.api };
}

/** What the module asks with `ask` is of a shape that the server is tested with; what the fixture answers becomes `take`'s result. */
function asks<R>(event: string, ask: (chat: ChatModuleApi<unknown>) => Promise<unknown>, take: (reply: R) => unknown): void {
  const file = event.replace(":", "-");
  it.each(messages<R>(`${file}.reply.json`))(`${event}: %s`, async (_, reply) => {
    const { socket, chat } = await chatting();
    const answer = ask(chat);
    const { payload, answer: give } = socket.next(event);
    expect(shapes(`${file}.request.json`)).toContain(shape(payload));
    give(reply);
    expect(await answer).toEqual(take(reply));
  });
}

describe("chat asks, and takes the answer", () => {
  asks<ChatSendReply>("chat:send", (chat) => chat.sendMessage("r", null), ({ msgId, ts }) => ({ msgId, ts }));
  asks<ChatSendReply>("chat:send", (chat) => chat.sendMessage("r", 1, { clientMsgId: "k" }), ({ msgId, ts }) => ({ msgId, ts }));
  asks<ChatHistoryReply>("chat:history", (chat) => chat.getHistory("r", 7, { before: "m" }), (reply) => reply.messages);
  asks<ChatSinceReply>("chat:since", (chat) => chat.getSince("r", "m"), ({ messages, complete, more = false }) => ({ messages, complete, more }));
  asks<object>("chat:typing", (chat) => chat.setTyping("r", true), () => undefined);
  asks<object>("chat:read", (chat) => chat.markRead("r", "m"), () => undefined);
  asks<ChatReceiptsReply>("chat:receipts", (chat) => chat.getReceipts("r"), ({ receipts }) => receipts);
});

describe("chat hears", () => {
  it.each(messages<ChatMessage>("chat-message.json"))("message: %s", async (_, message) => {
    const { socket, chat } = await chatting();
    const heard: unknown[] = [];
    chat.onMessage((it) => heard.push(it));
    socket.hear("chat:message", message);
    expect(heard).toEqual([message]);
  });

  it.each(messages<ChatTyping>("chat-typing.json"))("typing: %s", async (_, typing) => {
    const { socket, chat } = await chatting();
    const heard: unknown[] = [];
    chat.onTyping((it) => heard.push(it));
    socket.hear("chat:typing", typing);
    expect(heard).toEqual([typing]);
  });

  it.each(messages<ChatRead>("chat-read.json"))("read: %s", async (_, read) => {
    const { socket, chat } = await chatting();
    const heard: unknown[] = [];
    chat.onRead((it) => heard.push(it));
    socket.hear("chat:read", read);
    expect(heard).toEqual([read]);
  });
});

it.each(messages<AuthRefreshReply>("auth-refresh.reply.json"))("auth:refresh: %s", async (_, reply) => {
  const { client, socket } = await connected({ authProvider: () => jwt({ exp: Date.now() / 1_000 + 2 }) }, [createAuthModule()]);
  const errors: unknown[] = [];
  client.on("error", (error) => errors.push(error));
  const { vi } = await import("vitest");
  await vi.advanceTimersByTimeAsync(1_000);
  const { payload, answer } = (socket as FakeSocket).next("auth:refresh");
  expect(shapes("auth-refresh.request.json")).toContain(shape(payload));
  answer(reply);
  await settled();
  expect(errors).toEqual([]);
  await client.shutdown();
});
