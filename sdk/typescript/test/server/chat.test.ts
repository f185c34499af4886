import { expect, it } from "vitest";
import { createChatModule } from "../../src/modules/chat.ts";
import { Heard } from "../support/heard.ts";
import { Proxy } from "../support/proxy.ts";
import { client, serve, until } from "../support/real.ts";

async function chatter(url: string, userId: string) {
  const { api: chat, ...module } = createChatModule<{ chat: string }>();
  const it = client(url);
  it.use(module);
  const [texts, typing, reads, gaps] = [new Heard<string>(), new Heard<string>(), new Heard<string>(), new Heard<string>()];
  chat.onMessage(({ message }) => texts.add(message));
  chat.onTyping((told) => typing.add(`${told.userId} ${told.typing}`));
  chat.onRead((told) => reads.add(`${told.userId} ${told.msgId}`));
  chat.onGap(({ roomId }) => gaps.add(roomId));
  await it.connect();
  const { channel, response } = await it.joinRoom({ roomId: "r", userId });
  expect(response.ok).toBe(true);
  return { chat, channel, texts, typing, reads, gaps };
}

const numbered = (name: string, from: number, to: number): string[] => Array.from({ length: to - from }, (_, n) => `${name} ${from + n}`);

it("what is said around and during an outage is heard by all, once and in one order", async () => {
  const { url, port } = await serve({ PRESENCE_LINGER_MS: "10000", CHAT_MAX_HISTORY: "1000" });
  const proxy = await Proxy.start(port);
  const [ann, bob] = [await chatter(url, "ann"), await chatter(proxy.url, "bob")];
  const say = (who: typeof ann, text: string) => who.chat.sendMessage("r", text, { clientMsgId: text });

  await Promise.all([...numbered("ann", 0, 20).map((text) => say(ann, text)), ...numbered("bob", 0, 20).map((text) => say(bob, text))]);
  await bob.texts.until("the first", (all) => all.length === 40);
  const back = new Promise((resolve) => bob.channel.on("connected", resolve));
  proxy.down = true;
  proxy.cutAll();
  await until(bob.channel, "the cut", () => !bob.channel.joined);
  // More than one answer of the server holds.
  for (const text of numbered("ann", 20, 300)) await say(ann, text);
  await expect(say(bob, "unsent")).rejects.toMatchObject({ code: "disconnected" });
  proxy.down = false;
  const during = numbered("ann", 300, 340).map((text) => say(ann, text));
  await back;
  await Promise.all([...during, say(bob, "back")]);
  // Said again under its name after a failure, as an application does: it is said once.
  const [first, second] = [await say(bob, "again"), await say(bob, "again")];
  expect(second).toEqual(first);

  const count = 40 + 280 + 40 + 2;
  for (const it of [ann, bob]) await it.texts.until("all of it", (all) => all.length >= count);
  expect(new Set(bob.texts.all).size).toBe(count);
  expect(bob.texts.all).toEqual(ann.texts.all);
  expect((await ann.chat.getHistory("r", 1_000)).map(({ message }) => message)).toEqual(ann.texts.all);
  expect(bob.gaps.all).toEqual([]);
  await proxy.stop();
});

it("what a history of that length no longer holds is told as a gap", async () => {
  const { url, port } = await serve({ PRESENCE_LINGER_MS: "10000", CHAT_MAX_HISTORY: "3" });
  const proxy = await Proxy.start(port);
  const [ann, bob] = [await chatter(url, "ann"), await chatter(proxy.url, "bob")];
  await ann.chat.sendMessage("r", "known");
  await bob.texts.until("the first", (all) => all.length === 1);
  proxy.down = true;
  proxy.cutAll();
  await until(bob.channel, "the cut", () => !bob.channel.joined);
  for (const text of numbered("ann", 0, 9)) await ann.chat.sendMessage("r", text);
  proxy.down = false;
  await bob.gaps.until("a gap", (all) => all.length === 1);
  await bob.texts.until("the last", (all) => all.at(-1) === "ann 8");
  expect(bob.texts.all).toEqual(["known", ...numbered("ann", 6, 9)]);
  await proxy.stop();
});

it("typing and receipts reach the others, and receipts outlast a reconnect", async () => {
  const { url, port } = await serve({ PRESENCE_LINGER_MS: "10000", CHAT_TYPING_MS: "300" });
  const proxy = await Proxy.start(port);
  const [ann, bob] = [await chatter(url, "ann"), await chatter(proxy.url, "bob")];
  const { msgId, ts } = await ann.chat.sendMessage("r", "read me");
  await bob.chat.setTyping("r", true);
  // It ends by itself.
  expect(await ann.typing.until("an end of typing", (all) => all.length === 2)).toEqual(["bob true", "bob false"]);
  expect(bob.typing.all).toEqual([]);
  await bob.chat.markRead("r", msgId);
  expect(await ann.reads.until("a receipt", (all) => all.length === 1)).toEqual([`bob ${msgId}`]);
  const back = new Promise((resolve) => bob.channel.on("connected", resolve));
  proxy.cutAll();
  await back;
  expect(await bob.chat.getReceipts("r")).toContainEqual({ userId: "bob", msgId, ts });
  await ann.chat.setTyping("r", true);
  await bob.typing.until("typing after the reconnect", (all) => all[0] === "ann true");
  await proxy.stop();
});
