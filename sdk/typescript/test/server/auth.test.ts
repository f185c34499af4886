import { expect, it } from "vitest";
import { SECRET, secondsFromNow, token } from "../../../../tests/protocol/support/tokens.js";
import { createAuthModule } from "../../src/modules/auth.ts";
import { Heard } from "../support/heard.ts";
import { client, serve, until } from "../support/real.ts";

const SERVER = { AUTH_JWT_SECRET: SECRET, AUTH_JWT_LEEWAY_MS: "0" };
const LIFE_S = 4;

it("a token is refreshed on its connection: presence goes on, with no leave and no reconnect", async () => {
  const { url } = await serve(SERVER);
  const watcher = client(url, { authProvider: () => token({ sub: "watcher" }) });
  await watcher.connect();
  const watched = await watcher.joinRoom({ roomId: "r" });
  const reasons: string[] = [];
  let firstEnd = 0;
  const ada = client(url, {
    presence: { heartbeatIntervalMs: 200 },
    authProvider: ({ reason }) => {
      reasons.push(reason);
      firstEnd ||= secondsFromNow(LIFE_S) * 1_000;
      return token({ sub: "ada", exp: secondsFromNow(LIFE_S) });
    },
  });
  ada.use(createAuthModule());
  const seen = new Heard<unknown>();
  ada.on("status", seen.add);
  ada.on("error", seen.add);
  await ada.connect();
  const { channel } = await ada.joinRoom({ roomId: "r" });
  await until(watched.channel, "ada", () => watched.channel.members.has("ada"));
  watched.channel.on("presenceEvent", seen.add);
  channel.on("disconnected", seen.add);

  // Two lives of the first token, which the server would not bear.
  await until(channel, "two lives", () => Date.now() > firstEnd + LIFE_S * 1_000);
  expect(seen.all).toEqual(["connecting", "connected"]);
  expect(reasons.filter((reason) => reason === "refresh").length).toBeGreaterThan(1);
  expect(reasons).not.toContain("reconnect");
  expect(await channel.sendHeartbeat()).toMatchObject({ ok: true });
});

it("a refused refresh is reported; then the server ends the connection, and the next one has a token again", async () => {
  const { url } = await serve({ ...SERVER, PRESENCE_LINGER_MS: "10000" });
  const reasons = new Heard<string>();
  const ada = client(url, {
    authProvider: ({ reason }) => {
      reasons.add(reason);
      return reason === "refresh" ? token({ sub: "eve" }) : token({ sub: "ada", exp: secondsFromNow(LIFE_S) });
    },
  });
  ada.use(createAuthModule());
  const failed = new Promise((resolve) => ada.on("error", resolve));
  await ada.connect();
  const { channel } = await ada.joinRoom({ roomId: "r" });
  const again = new Promise((resolve) => channel.on("connected", resolve));
  expect(await failed).toMatchObject({ name: "RtmError", code: "forbidden", retryable: false });
  expect(await again).toEqual({ connId: channel.self?.connId, resumed: true });
  expect(reasons.all).toEqual(["connect", "refresh", "reconnect"]);
});
