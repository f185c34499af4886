import assert from "node:assert/strict";
import { test } from "node:test";
import { Conversation } from "../chat/conversation.js";
import { cut, seen, stage } from "../support/stage.js";

const enter = await stage();

async function talker(t, room, userId) {
  const module = Conversation.module();
  const { client } = await enter(t, room, userId, {}, [module]);
  const conversation = new Conversation(module.api, room);
  await conversation.open();
  return { client, conversation };
}

test("what is said through broken connections is said once, in one order for all", async (t) => {
  const room = crypto.randomUUID();
  const [ann, bob] = [await talker(t, room, "ann"), await talker(t, room, "bob")];
  const said = [];
  for (let n = 0; n < 30; n += 1) {
    const { client, conversation } = n % 2 ? ann : bob;
    if (n % 5 === 0) {
      const back = new Promise((resolve) => client.getSocket().once("connect", resolve));
      cut(client);
      await back;
    }
    await conversation.say(`${n}`);
    said.push(`${n}`);
  }
  for (const { conversation } of [ann, bob]) {
    await seen(conversation, "onChange", () => conversation.messages.length >= said.length);
    assert.deepEqual(conversation.messages.map(({ message }) => message.text), said);
  }
  const late = await talker(t, room, "cid");
  assert.deepEqual(late.conversation.messages.map(({ message }) => message.text), said);
});

test("typing ends when it is not repeated, and when the typist is gone", async (t) => {
  const own = await stage({ CHAT_TYPING_MS: "200" });
  const room = crypto.randomUUID();
  const module = () => Conversation.module();
  const [anns, bobs] = [module(), module()];
  const ann = await own(t, room, "ann", {}, [anns]);
  await own(t, room, "bob", {}, [bobs]);
  const [typist, watcher] = [new Conversation(anns.api, room), new Conversation(bobs.api, room)];
  await typist.type();
  await seen(watcher, "onChange", () => watcher.typing.includes("ann"));
  await seen(watcher, "onChange", () => watcher.typing.length === 0);
  await typist.type();
  await seen(watcher, "onChange", () => watcher.typing.includes("ann"));
  await ann.client.shutdown();
  await seen(watcher, "onChange", () => watcher.typing.length === 0);
});

test("who has read what", async (t) => {
  const room = crypto.randomUUID();
  const [ann, bob] = [await talker(t, room, "ann"), await talker(t, room, "bob")];
  const first = await ann.conversation.say("one");
  await seen(bob.conversation, "onChange", () => bob.conversation.messages.length === 1);
  await bob.conversation.markRead();
  const second = await ann.conversation.say("two");
  await seen(ann.conversation, "onChange", () => ann.conversation.readBy(first.msgId).includes("bob"));
  assert.deepEqual(ann.conversation.readBy(second.msgId), []);
  const late = await talker(t, room, "cid");
  assert.deepEqual(late.conversation.readBy(first.msgId), ["bob"]);
});
