import { describe, expect, it, vi } from "vitest";
import { fakeTime, logger, reconnect } from "../support/setup.ts";
import { FakeSocket, refusal, settled } from "../support/fake.ts";
import { RealtimeClient } from "../../src/index.ts";
import { type ChatMessage, createChatModule } from "../../src/modules/chat.ts";

fakeTime();

const message = (n: number, roomId = "r"): ChatMessage => ({ msgId: `m${n}`, roomId, userId: "bob", message: { n }, ts: n });

async function chatting() {
  const chat = createChatModule();
  const client = new RealtimeClient({ baseUrl: "http://fake", logger }).use(chat);
  const socket = FakeSocket.latest;
  const connecting = client.connect();
  await settled();
  socket.accept();
  await connecting;
  const heard: string[] = [];
  chat.api.onMessage(({ msgId }) => heard.push(msgId));
  return { client, socket, chat: chat.api, heard };
}

describe("chat", () => {
  it("sends, and answers with what the server gave", async () => {
    const { socket, chat } = await chatting();
    const sending = chat.sendMessage("r", { text: "hi" }, { clientMsgId: "mine" });
    const { payload, answer } = socket.next("chat:send");
    expect(payload).toEqual({ roomId: "r", message: { text: "hi" }, clientMsgId: "mine" });
    answer({ ok: true, msgId: "m1", ts: 5 });
    expect(await sending).toEqual({ msgId: "m1", ts: 5 });
  });

  it("rejects what the server refuses, and what is asked without a connection", async () => {
    const { socket, chat } = await chatting();
    const refused = expect(chat.sendMessage("r", "x")).rejects.toMatchObject({ code: "not_present" });
    socket.next("chat:send").answer(refusal("not_present"));
    await refused;
    socket.lose("transport close");
    await expect(chat.sendMessage("r", "x")).rejects.toMatchObject({ code: "disconnected" });
    await expect(createChatModule().api.getHistory("r")).rejects.toMatchObject({ code: "disconnected" });
  });

  it("asks for history, what came after, and receipts", async () => {
    const { socket, chat } = await chatting();
    const history = chat.getHistory("r", 10, { before: "m9" });
    const asked = socket.next("chat:history");
    expect(asked.payload).toEqual({ roomId: "r", limit: 10, before: "m9" });
    asked.answer({ ok: true, messages: [message(1)] });
    expect(await history).toEqual([message(1)]);
    const since = chat.getSince("r", "m1");
    socket.next("chat:since").answer({ ok: true, messages: [], complete: true });
    expect(await since).toEqual({ messages: [], complete: true, more: false });
    const receipts = chat.getReceipts("r");
    socket.next("chat:receipts").answer({ ok: true, receipts: [{ userId: "bob", msgId: "m1", ts: 1 }] });
    expect(await receipts).toHaveLength(1);
  });

  it("tells of typing and reading, both ways", async () => {
    const { socket, chat } = await chatting();
    const typing = vi.fn();
    const read = vi.fn();
    chat.onTyping(typing);
    chat.onRead(read);
    const sent = [chat.setTyping("r", true), chat.markRead("r", "m1")];
    for (const event of ["chat:typing", "chat:read"]) socket.next(event).answer({ ok: true });
    await Promise.all(sent);
    socket.hear("chat:typing", { roomId: "r", userId: "bob", connId: "b", typing: true });
    socket.hear("chat:read", { roomId: "r", userId: "bob", msgId: "m1" });
    expect([typing.mock.calls.length, read.mock.calls.length]).toEqual([1, 1]);
  });

  it("fetches what was said during an outage, and tells everything once and in order", async () => {
    const { socket, heard } = await chatting();
    socket.hear("chat:message", message(1));
    socket.lose("transport close");
    await reconnect(socket);
    const { payload, answer } = socket.next("chat:since");
    expect(payload).toEqual({ roomId: "r", msgId: "m1" });
    socket.hear("chat:message", message(4));
    socket.hear("chat:message", message(5));
    expect(heard).toEqual(["m1"]);
    answer({ ok: true, messages: [message(2), message(3), message(4)], complete: true });
    await settled();
    expect(heard).toEqual(["m1", "m2", "m3", "m4", "m5"]);
    socket.hear("chat:message", message(6));
    expect(heard.at(-1)).toBe("m6");
  });

  it("asks again while there is more than one answer holds", async () => {
    const { socket, heard } = await chatting();
    socket.hear("chat:message", message(1));
    socket.lose("transport close");
    await reconnect(socket);
    socket.hear("chat:message", message(5));
    socket.next("chat:since").answer({ ok: true, messages: [message(2), message(3)], complete: true, more: true });
    await settled();
    const { payload, answer } = socket.next("chat:since");
    expect([payload, heard]).toEqual([{ roomId: "r", msgId: "m3" }, ["m1", "m2", "m3"]]);
    answer({ ok: true, messages: [message(4)], complete: true });
    await settled();
    expect(heard).toEqual(["m1", "m2", "m3", "m4", "m5"]);
  });

  it("says so when not all of it can be fetched, and goes on when none can", async () => {
    const { socket, chat, heard } = await chatting();
    const gap = vi.fn();
    chat.onGap(gap);
    socket.hear("chat:message", message(1));
    socket.lose("transport close");
    await reconnect(socket);
    socket.next("chat:since").answer({ ok: true, messages: [message(7)], complete: false });
    await settled();
    expect(gap.mock.calls).toEqual([[{ roomId: "r" }]]);
    socket.lose("transport close");
    await reconnect(socket);
    socket.hear("chat:message", message(9));
    socket.next("chat:since").answer(refusal("not_present"));
    await settled();
    expect(heard).toEqual(["m1", "m7", "m9"]);
  });

  it("starts anew when a fetch was cut off", async () => {
    const { socket, heard } = await chatting();
    socket.hear("chat:message", message(1));
    socket.lose("transport close");
    await reconnect(socket);
    socket.lose("transport close");
    await reconnect(socket);
    socket.hear("chat:message", message(3));
    const answers = [socket.next("chat:since"), socket.next("chat:since")];
    answers[1].answer({ ok: true, messages: [message(2)], complete: true });
    await settled();
    expect(heard).toEqual(["m1", "m2", "m3"]);
  });

  it("loses nothing when the next outage comes while messages are held back", async () => {
    const { socket, heard } = await chatting();
    socket.hear("chat:message", message(1));
    socket.lose("transport close");
    await reconnect(socket);
    socket.next("chat:since");
    socket.hear("chat:message", message(5));
    socket.lose("transport close");
    await reconnect(socket);
    const { payload, answer } = socket.next("chat:since");
    expect([payload, heard]).toEqual([{ roomId: "r", msgId: "m1" }, ["m1"]]);
    answer({ ok: true, messages: [2, 3, 4, 5].map((n) => message(n)), complete: true });
    await settled();
    expect(heard).toEqual(["m1", "m2", "m3", "m4", "m5"]);
  });

  it("is told of a gap when the server refuses what was missed, and is not held up by nonsense", async () => {
    const { socket, chat, heard } = await chatting();
    const gap = vi.fn();
    chat.onGap(gap);
    for (const nonsense of [null, undefined]) socket.hear("chat:message", nonsense);
    socket.hear("chat:message", message(1));
    socket.lose("transport close");
    await reconnect(socket);
    socket.hear("chat:message", message(9));
    socket.next("chat:since").answer(refusal("unavailable", { retryable: true }));
    await settled();
    expect([gap.mock.calls, heard]).toEqual([[[{ roomId: "r" }]], ["m1", "m9"]]);
    socket.lose("transport close");
    await reconnect(socket);
    // More of the same for ever.
    for (let page = 0; page < 2; page += 1) {
      socket.next("chat:since").answer({ ok: true, messages: [message(10)], complete: true, more: true });
      await settled();
    }
    expect([socket.count("chat:since"), heard.at(-1)]).toEqual([0, "m10"]);
  });

  it("remembers the latest rooms, and no more than there may be", async () => {
    const { socket } = await chatting();
    for (let room = 0; room < 200; room += 1) socket.hear("chat:message", message(1, `r${room}`));
    socket.lose("transport close");
    await reconnect(socket);
    const asked = socket.sent.filter(({ event }) => event === "chat:since").map(({ payload }) => (payload as { roomId: string }).roomId);
    expect(asked).toHaveLength(128);
    expect(asked.at(-1)).toBe("r199");
  });
});
