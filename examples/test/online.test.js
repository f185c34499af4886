import assert from "node:assert/strict";
import { test } from "node:test";
import { Feed, inboxOf, onPresence, whoIsOnline } from "../online/online.js";
import { until } from "../support/until.js";
import { seen, stage } from "../support/stage.js";

const enter = await stage();
const { createChatModule } = await import("rtm-sdk/chat");

async function feed(t, roomId, userId) {
  const { api, ...module } = createChatModule();
  const { client } = await enter(t, roomId, userId, {}, [module]);
  const opened = new Feed(api, roomId, userId);
  await opened.open();
  return { client, feed: opened };
}

test("a user with two devices is online once, until the last one goes", async (t) => {
  const room = crypto.randomUUID();
  const { channel } = await enter(t, room, "ann", {});
  const told = [];
  onPresence(channel, (userId, online) => told.push([userId, online]));
  const devices = [await enter(t, room, "bob", {}), await enter(t, room, "bob", {})];
  await until(channel, () => whoIsOnline(channel).some(({ devices: count }) => count === 2));
  assert.deepEqual(whoIsOnline(channel), [{ userId: "ann", devices: 1 }, { userId: "bob", devices: 2 }]);
  await devices[0].client.shutdown();
  await until(channel, () => whoIsOnline(channel).every(({ devices: count }) => count === 1));
  assert.deepEqual(told, [["bob", true]]);
  await devices[1].client.shutdown();
  await until(channel, () => channel.members.size === 1);
  assert.deepEqual(told, [["bob", true], ["bob", false]]);
});

test("notifications wait for who is away, and are read on all devices at once", async (t) => {
  const inbox = inboxOf(crypto.randomUUID());
  const backend = await feed(t, inbox, "backend");
  for (const text of ["one", "two"]) await backend.feed.add({ text });
  const [laptop, phone] = [await feed(t, inbox, "bob"), await feed(t, inbox, "bob")];
  assert.deepEqual(laptop.feed.unread.map(({ message }) => message.text), ["one", "two"]);
  await laptop.feed.markRead();
  assert.deepEqual(laptop.feed.unread, []);
  await seen(phone.feed, "onChange", () => phone.feed.unread.length === 0);
  await backend.feed.add({ text: "three" });
  for (const device of [laptop, phone]) await seen(device.feed, "onChange", () => device.feed.unread.length === 1);
  const later = await feed(t, inbox, "bob");
  assert.deepEqual(later.feed.unread.map(({ message }) => message.text), ["three"]);
});

test("a feed shows the latest fifty, in order", async (t) => {
  const room = crypto.randomUUID();
  const { feed: writer } = await feed(t, room, "ann");
  for (let n = 0; n < 60; n += 1) await writer.add({ n });
  const { feed: reader } = await feed(t, room, "bob");
  const expected = Array.from({ length: 50 }, (_, n) => n + 10);
  assert.deepEqual(reader.entries.map(({ message }) => message.n), expected);
  await seen(writer, "onChange", () => writer.entries.length === 50 && writer.entries[49].message.n === 59);
});
