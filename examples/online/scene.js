// Bob is online twice, goes, and finds a notification when he is back.
import { createChatModule } from "rtm-sdk/chat";
import { join } from "../support/join.js";
import { until } from "../support/until.js";
import { Feed, inboxOf, onPresence, whoIsOnline } from "./online.js";

export async function scene(url, say) {
  const enter = async (userId) => {
    const chat = createChatModule();
    const { client, channel } = await join(url, "everyone", userId, {}, [chat]);
    const feed = async (roomId) => {
      if (roomId !== "everyone") await client.joinRoom({ roomId, userId });
      const opened = new Feed(chat.api, roomId, userId);
      await opened.open();
      return opened;
    };
    return { client, channel, feed };
  };
  const changed = (feed, check) =>
    new Promise((resolve) => {
      feed.onChange = () => check() && resolve();
      feed.onChange();
    });

  const ann = await enter("ann");
  const unwatch = onPresence(ann.channel, (userId, online) => say("ann", `sees ${userId} ${online ? "come" : "go"}`));
  const [laptop, phone] = [await enter("bob"), await enter("bob")];
  await until(ann.channel, () => whoIsOnline(ann.channel).some(({ devices }) => devices === 2));
  say("ann", `sees ${whoIsOnline(ann.channel).map(({ userId, devices }) => `${userId} (${devices})`).join(", ")}`);
  await laptop.client.shutdown();
  await phone.client.shutdown();
  await until(ann.channel, () => ann.channel.members.size === 1);

  const [activity, inbox] = [await ann.feed("everyone"), await ann.feed(inboxOf("bob"))];
  await activity.add({ did: "published", what: "Report 3" });
  await inbox.add({ text: "Please review Report 3" });

  const again = await enter("bob");
  const [news, mine] = [await again.feed("everyone"), await again.feed(inboxOf("bob"))];
  say("bob", `missed: ${news.entries.map(({ userId, message }) => `${userId} ${message.did} ${message.what}`).join(", ")}`);
  say("bob", `has ${mine.unread.length} notification: ${mine.unread[0].message.text}`);
  const tablet = await enter("bob");
  const there = await tablet.feed(inboxOf("bob"));
  await mine.markRead();
  await changed(there, () => there.unread.length === 0);
  say("bob", "has read it, on his tablet too");
  unwatch();
  await Promise.all([ann, again, tablet].map(({ client }) => client.shutdown()));
}
