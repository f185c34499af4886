import { expect, it } from "vitest";
import { Proxy } from "../support/proxy.ts";
import { SOON_MS, Server, client, join, serve, shown, told, until } from "../support/real.ts";

const LINGER = { PRESENCE_LINGER_MS: "10000" };

it("a cut line is resumed: the others see no leave, and the one cut off gets a difference", async () => {
  const server = await serve(LINGER);
  const proxy = await Proxy.start(server.port);
  const watcher = await join(server.url, "r", "watcher");
  const ada = await join(proxy.url, "r", "ada", { n: 1 });
  const { connId } = ada.channel.self ?? {};
  // Another connection's answer says nothing of when this one hears of it.
  await until(watcher.channel, "ada", () => watcher.channel.members.has("ada"));
  const seen: string[] = [];
  watcher.channel.on("presenceEvent", ({ type, userId }) => seen.push(`${type} ${userId}`));
  const changes: unknown[] = [];
  ada.channel.on("members", ({ joined, left }) => changes.push([joined.map(({ userId }) => userId), left.map(({ userId }) => userId)]));
  const again = new Promise((resolve) => ada.channel.on("connected", resolve));

  proxy.down = true;
  proxy.cutAll();
  await until(ada.channel, "the cut", () => !ada.channel.joined);
  const bob = await join(server.url, "r", "bob");
  const update = ada.channel.updateState({ n: 2 });
  proxy.down = false;
  expect(await again).toEqual({ connId, resumed: true });
  expect(await update).toMatchObject({ ok: true });
  await until(watcher.channel, "ada's new state", () => watcher.channel.members.get("ada")?.connections[0].state.n === 2);
  expect(seen).toEqual(["join bob", "join ada"]);
  expect(changes).toEqual([[["bob"], []]]);
  for (const it of [watcher, bob, ada]) expect(shown(it.channel)).toEqual(await told(watcher.client, "r"));
  await proxy.stop();
});

it("a silent line is given up, and the presence continues", async () => {
  const server = await serve({ ...LINGER, PING_INTERVAL_MS: "300", PING_TIMEOUT_MS: "300" });
  const proxy = await Proxy.start(server.port);
  const ada = await join(proxy.url, "r", "ada");
  const resumed = new Promise((resolve) => ada.channel.on("connected", resolve));
  for (const line of proxy.lines) line.silence();
  expect(await resumed).toMatchObject({ resumed: true });
  await proxy.stop();
});

it("a restarted server, which has forgotten all, is joined again with the state as it was", async () => {
  const first = await Server.start();
  const proxy = await Proxy.start(first.port);
  const ada = await join(proxy.url, "r", "ada", { n: 1 });
  const bob = await join(proxy.url, "r", "bob");
  await ada.channel.updateState({ n: 2 });
  const connected = Promise.all([ada, bob].map(({ channel }) => new Promise((resolve) => channel.on("connected", resolve))));
  first.kill();
  await first.exited;
  const second = await serve();
  proxy.target = second.port;
  await connected;
  await until(bob.channel, "ada as she was", () => bob.channel.members.get("ada")?.connections[0].state.n === 2);
  expect(shown(bob.channel)).toEqual(await told(bob.client, "r"));
  await proxy.stop();
});

it("a draining server is left within the range it tells, for the one that takes over", async () => {
  const first = await Server.start({ SHUTDOWN_TIMEOUT_MS: "4000" });
  const second = await serve();
  const proxy = await Proxy.start(first.port);
  const ada = await join(proxy.url, "r", "ada");
  const drained = new Promise((resolve) => ada.client.getSocket()?.on("server:draining", resolve));
  const again = new Promise((resolve) => ada.channel.on("connected", resolve));
  proxy.target = second.port;
  const stopped = first.stop();
  expect(await drained).toHaveProperty("reconnectInMs");
  await again;
  await stopped;
  expect(ada.channel.joined).toBe(true);
  await proxy.stop();
});

it("a presence that expired because its client was frozen comes back with the client", async () => {
  const server = await serve({ PRESENCE_TTL_MS: "600", PRESENCE_REAPER_INTERVAL_MS: "100", PING_INTERVAL_MS: "5000" });
  const ada = client(server.url);
  await ada.connect();
  const { channel } = await ada.joinRoom({ roomId: "r", userId: "ada", state: { n: 1 } }, { heartbeatIntervalMs: 0 });
  const watcher = await join(server.url, "r", "watcher");
  const left = new Promise((resolve) => watcher.channel.on("presenceEvent", (event) => event.type === "leave" && resolve(event)));
  expect(await left).toMatchObject({ userId: "ada", reason: "expired" });
  await until(watcher.channel, "ada's return", () => watcher.channel.members.has("ada"));
  expect(watcher.channel.members.get("ada")?.connections[0]).toMatchObject({ connId: channel.self?.connId, state: { n: 1 } });
});

it("connecting to a server that is not there yet goes on until it is", async () => {
  const server = await serve();
  const proxy = await Proxy.start(server.port);
  proxy.down = true;
  const it = client(proxy.url);
  const failed = new Promise((resolve) => it.on("error", resolve));
  const connecting = it.connect({ signal: AbortSignal.timeout(SOON_MS) });
  expect(await failed).toMatchObject({ code: "connect_failed" });
  proxy.down = false;
  await connecting;
  expect(it.isConnected()).toBe(true);
  await proxy.stop();
});
