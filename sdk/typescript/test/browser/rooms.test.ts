import { expect, it } from "vitest";
import { browser, enter, seenBy, sees, site } from "../support/browser.ts";
import { Proxy } from "../support/proxy.ts";
import { Server, join, serve, shown, told, until } from "../support/real.ts";

/** What may pass between a page's end and its leave, as the issue asks: a second. */
const GONE_MS = 1_000;

it("two pages see each other join and leave", async () => {
  const [context, at, { url }] = await Promise.all([browser(), site(), serve()]);
  const ada = await enter(context, at, url, "r", "ada");
  const bob = await enter(context, at, url, "r", "bob");
  await sees(ada, ["ada", "bob"]);
  await sees(bob, ["ada", "bob"]);
  await bob.evaluate(() => (globalThis as unknown as { channel: { leave(): Promise<void> } }).channel.leave());
  await sees(ada, ["ada"]);
  expect(await seenBy(bob)).toEqual([]);
});

it("a closed tab leaves within a second", async () => {
  const [context, at, { url }] = await Promise.all([browser(), site(), serve()]);
  const watcher = await join(url, "r", "watcher");
  const ada = await enter(context, at, url, "r", "ada");
  await until(watcher.channel, "ada", () => watcher.channel.members.has("ada"));
  const left = leaveOf(watcher.channel, "ada");
  const closed = performance.now();
  await ada.close();
  expect((await left) - closed).toBeLessThan(GONE_MS);
});

it("a page that enters the back/forward cache leaves within a second, and is back when it is", async () => {
  const [context, at, { url }] = await Promise.all([browser(), site(), serve({ PRESENCE_LINGER_MS: "60000" })]);
  const watcher = await join(url, "r", "watcher");
  const ada = await enter(context, at, url, "r", "ada");
  await until(watcher.channel, "ada", () => watcher.channel.members.has("ada"));
  // Only a page from the cache still knows this when it is shown again.
  await ada.evaluate(() => void ((globalThis as { remembered?: boolean }).remembered = true));
  const left = leaveOf(watcher.channel, "ada");
  const gone = performance.now();
  await ada.click("a");
  expect((await left) - gone).toBeLessThan(GONE_MS);
  await ada.goBack({ waitUntil: "commit" });
  await until(watcher.channel, "ada's return", () => watcher.channel.members.has("ada"));
  await sees(ada, ["ada", "watcher"]);
  expect(await ada.evaluate(() => (globalThis as { remembered?: boolean }).remembered), "the page came from the cache").toBe(true);
});

it("two tabs of one user are one member with two connections, and closing one keeps the user", async () => {
  const [context, at, { url }] = await Promise.all([browser(), site(), serve()]);
  const watcher = await join(url, "r", "watcher");
  const left: string[] = [];
  watcher.channel.on("members", (changes) => left.push(...changes.left.map(({ userId }) => userId)));
  const first = await enter(context, at, url, "r", "ada");
  const second = await enter(context, at, url, "r", "ada");
  await until(watcher.channel, "two tabs", () => watcher.channel.members.get("ada")?.connections.length === 2);
  await sees(first, ["ada", "watcher"]);
  await first.close();
  await until(watcher.channel, "one tab", () => watcher.channel.members.get("ada")?.connections.length === 1);
  expect(left).toEqual([]);
  await sees(second, ["ada", "watcher"]);
});

it("pages converge again after a cut network and a restarted server", async () => {
  const [context, at, first] = await Promise.all([browser(), site(), Server.start()]);
  const proxy = await Proxy.start(first.port);
  const pages = [await enter(context, at, proxy.url, "r", "ada"), await enter(context, at, proxy.url, "r", "bob")];
  await sees(pages[0], ["ada", "bob"]);

  await context.setOffline(true);
  proxy.down = true;
  proxy.cutAll();
  const watcher = await join(first.url, "r", "watcher");
  proxy.down = false;
  await context.setOffline(false);
  for (const page of pages) await sees(page, ["ada", "bob", "watcher"]);

  await watcher.client.shutdown();
  first.kill();
  await first.exited;
  const second = await serve();
  proxy.target = second.port;
  const late = await join(second.url, "r", "late");
  for (const page of pages) await sees(page, ["ada", "bob", "late"]);
  expect(shown(late.channel)).toEqual(await told(late.client, "r"));
  await proxy.stop();
});

type Channel = Awaited<ReturnType<typeof join>>["channel"];

/** When the user's leave was heard. */
function leaveOf(channel: Channel, userId: string): Promise<number> {
  return new Promise((resolve) => {
    channel.on("presenceEvent", (event) => {
      if (event.type === "leave" && event.userId === userId) resolve(performance.now());
    });
  });
}
