import { expect, it } from "vitest";
import { client, join, serve, shown, told, until, users } from "../support/real.ts";

it("two clients see each other come, change and go", async () => {
  const { url } = await serve();
  const ada = await join(url, "r", "ada", { mood: "fine" });
  const bob = await join(url, "r", "bob");
  await until(ada.channel, "bob's join", () => ada.channel.members.has("bob"));
  expect(users(bob.channel.members)).toEqual(["ada", "bob"]);

  expect(await bob.channel.updateState({ mood: "great" })).toMatchObject({ ok: true, changed: true });
  await until(ada.channel, "bob's mood", () => ada.channel.members.get("bob")?.connections[0].state.mood === "great");
  expect(shown(ada.channel)).toEqual(await told(ada.client, "r"));

  await bob.channel.leave();
  await until(ada.channel, "bob's leave", () => !ada.channel.members.has("bob"));
});

it("two clients of one user are one member, until the last of them goes", async () => {
  const { url } = await serve();
  const watcher = await join(url, "r", "watcher");
  const left: string[] = [];
  watcher.channel.on("members", (changes) => left.push(...changes.left.map(({ userId }) => userId)));
  const first = await join(url, "r", "ada", { tab: 1 });
  const second = await join(url, "r", "ada", { tab: 2 });
  await until(watcher.channel, "both tabs", () => watcher.channel.members.get("ada")?.connections.length === 2);
  await first.client.shutdown();
  await until(watcher.channel, "one tab", () => watcher.channel.members.get("ada")?.connections.length === 1);
  expect(left).toEqual([]);
  await second.client.shutdown();
  await until(watcher.channel, "none", () => !watcher.channel.members.has("ada"));
  expect(left).toEqual(["ada"]);
});

it("one client is in many rooms on one socket, and each channel sees its own", async () => {
  const { url } = await serve();
  const it = client(url);
  await it.connect();
  const rooms = await Promise.all(Array.from({ length: 40 }, (_, n) => it.joinRoom({ roomId: `r${n}`, userId: "ada", state: { n } })));
  for (const [n, { channel, response }] of rooms.entries()) {
    expect(response.ok).toBe(true);
    expect(channel.members.get("ada")?.connections.map(({ state }) => state)).toEqual([{ n }]);
  }
  await rooms[3].channel.leave();
  expect(await rooms[4].channel.sendHeartbeat()).toMatchObject({ ok: true });
  expect(await rooms[5].channel.updateState({ n: "five" })).toMatchObject({ ok: true, changed: true });
});

it("a refusal is an answer with the server's code", async () => {
  const { url } = await serve({ MAX_STATE_BYTES: "64" });
  const { channel } = await join(url, "r", "ada");
  const big = "x".repeat(100);
  expect(await channel.updateState({ big })).toMatchObject({ ok: false, code: "too_large", limit: { name: "MAX_STATE_BYTES", value: 64 } });
  expect(await channel.updateState({ small: 1 })).toMatchObject({ ok: true, changed: true });
  const other = client(url);
  await other.connect();
  const { response } = await other.joinRoom({ roomId: "r", userId: "bob", state: { big } });
  expect(response).toMatchObject({ ok: false, code: "too_large" });
  expect((await other.joinRoom({ roomId: "\n", userId: "bob" })).response).toMatchObject({ ok: false, code: "bad_request", field: "roomId" });
});

it("thousands of updates at once are few, and none is lost", async () => {
  const { url } = await serve();
  const ada = await join(url, "r", "ada");
  const bob = await join(url, "r", "bob");
  let events = 0;
  bob.channel.on("presenceEvent", () => (events += 1));
  const answers = await Promise.all(Array.from({ length: 5_000 }, (_, n) => ada.channel.updateState({ [`k${n % 10}`]: n })));
  expect(answers.every(({ ok }) => ok)).toBe(true);
  const last = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`k${n}`, 4_990 + n]));
  await until(bob.channel, "the last update", () => JSON.stringify(bob.channel.members.get("ada")?.connections[0].state) === JSON.stringify(last));
  expect(events).toBeLessThan(10);
});
