// Two nodes on one Redis: the SDK knows nothing of it.
import { expect, it, onTestFinished } from "vitest";
import { RedisServer } from "../../../../tests/cluster/support/redis.js";
import { Proxy } from "../support/proxy.ts";
import { Server, join, serve, shown, told, until } from "../support/real.ts";

it("a client whose node is killed resumes on the other, and an observer sees no leave", async () => {
  const redis = await RedisServer.start();
  onTestFinished(() => redis.stop());
  const env = { REDIS_URL: redis.url, PRESENCE_LINGER_MS: "10000", PRESENCE_TTL_MS: "6000" };
  const [first, second] = [await Server.start(env), await serve(env)];
  const proxy = await Proxy.start(first.port);
  const watcher = await join(second.url, "r", "watcher");
  const ada = await join(proxy.url, "r", "ada", { n: 1 });
  await until(watcher.channel, "ada", () => watcher.channel.members.has("ada"));
  const seen: string[] = [];
  watcher.channel.on("presenceEvent", ({ type, userId }) => seen.push(`${type} ${userId}`));
  const { connId } = ada.channel.self ?? {};

  const again = new Promise((resolve) => ada.channel.on("connected", resolve));
  proxy.target = second.port;
  first.kill();
  await first.exited;
  expect(await again).toEqual({ connId, resumed: true });
  expect(await ada.channel.updateState({ n: 2 })).toMatchObject({ ok: true, changed: true });
  // The answer and the event that it caused come by different ways.
  for (const it of [watcher, ada]) {
    await until(it.channel, "ada's new state", () => it.channel.members.get("ada")?.connections[0].state.n === 2);
  }
  expect(seen).toEqual(["join ada", "update ada"]);
  for (const it of [watcher, ada]) expect(shown(it.channel)).toEqual(await told(watcher.client, "r"));
  await proxy.stop();
});
