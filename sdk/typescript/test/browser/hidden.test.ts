// A hidden tab, whose timers Chromium lets fire once a minute. The TTL is short, so that the test is; what follows from it is the default.
import { expect, it } from "vitest";
import { site } from "../support/browser.ts";
import { DevTools } from "../support/devtools.ts";
import { join, serve, until } from "../support/real.ts";

const TTL_MS = 9_000;
/** Chromium throttles 10 s after a page was hidden, and then lets timers fire at one moment a minute: so long until there is such a gap. */
const THROTTLED_MS = 80_000;

it("keeps its presence for many TTLs, where a page with a plain interval loses it", async () => {
  const env = { PRESENCE_TTL_MS: String(TTL_MS), PRESENCE_REAPER_INTERVAL_MS: "500" };
  const [at, { url }] = await Promise.all([site(), serve(env)]);
  const watcher = await join(url, "r", "watcher");
  const left: { userId: string; reason: string | undefined }[] = [];
  watcher.channel.on("presenceEvent", ({ type, userId, reason }) => type === "leave" && left.push({ userId, reason }));
  const devtools = DevTools.start();

  const ada = await devtools.open(`${at}/ada`);
  await ada.evaluate(`enter(${JSON.stringify(url)}, "r", "ada")`);
  // The control: the same page, whose heartbeats come from an interval alone.
  const plain = await devtools.open(`${at}/plain`);
  await plain.evaluate(`enter(${JSON.stringify(url)}, "r", "plain", { heartbeatIntervalMs: 0 })`);
  await plain.evaluate(`globalThis.fired = []; setInterval(() => { fired.push(performance.now()); channel.sendHeartbeat(); }, ${TTL_MS / 3}); 0`);
  await until(watcher.channel, "both pages", () => watcher.channel.members.size === 3);

  const front = await devtools.open("about:blank");
  for (const tab of [ada, plain]) expect(await tab.evaluate("document.visibilityState")).toBe("hidden");
  const gap = () => plain.evaluate<number>("Math.max(...[...fired, performance.now()].map((time, at, times) => time - (times[at - 1] ?? time)))");
  for (const end = performance.now() + THROTTLED_MS; (await gap()) < 2 * TTL_MS; ) {
    expect(performance.now(), "Chromium does not throttle").toBeLessThan(end);
    await front.evaluate("new Promise((resolve) => setTimeout(resolve, 500))");
  }

  expect(left.filter(({ userId }) => userId === "ada")).toEqual([]);
  expect(watcher.channel.members.has("ada")).toBe(true);
  expect(left[0]).toEqual({ userId: "plain", reason: "expired" });
  expect(await ada.evaluate("channel.joined && [...channel.members.keys()].includes('watcher')")).toBe(true);
});
