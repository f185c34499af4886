// A real Chromium with pages that run the one-file build, and a small file server for them.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { type BrowserContext, type Page, chromium } from "playwright-core";
import { onTestFinished } from "vitest";

export const CHROMIUM = process.env.RTM_CHROMIUM ?? "/usr/bin/chromium";
const BUILD = new URL("../../dist/browser/rtm.min.js", import.meta.url);

/** Playwright switches off what is tested here: the back/forward cache, and that pages go to the background. */
const PLAYWRIGHT_OFF = [
  "--disable-background-timer-throttling",
  "--disable-renderer-backgrounding",
  "--disable-backgrounding-occluded-windows",
  "--disable-back-forward-cache",
];
export const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
/** A browser that ends with the test. Each call is a profile of its own. */
export async function browser(): Promise<BrowserContext> {
  if (!existsSync(CHROMIUM)) throw new Error(`there is no ${CHROMIUM}: install chromium, or set RTM_CHROMIUM`);
  const profile = mkdtempSync(path.join(tmpdir(), "rtm-chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    headless: true,
    args: FLAGS,
    ignoreDefaultArgs: PLAYWRIGHT_OFF,
  });
  onTestFinished(async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  });
  return context;
}

/** Serves pages that load the SDK and define `enter(url, roomId, userId, options)`, which leaves client and channel as globals; `own` is another page. */
export async function site(own = ""): Promise<string> {
  const server: Server = createServer((request, response) => {
    const script = request.url === "/rtm.min.js";
    response.writeHead(200, { "content-type": script ? "text/javascript" : "text/html; charset=utf-8" });
    response.end(script ? readFileSync(BUILD) : own || PAGE);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const PAGE = `<!doctype html><title>page</title><script src="/rtm.min.js"></script><script>
async function enter(url, roomId, userId, options) {
  globalThis.client = new Rtm.RealtimeClient({ baseUrl: url });
  await client.connect();
  const { channel, response } = await client.joinRoom({ roomId, userId, state: { page: location.pathname } }, options);
  globalThis.channel = channel;
  return response;
}
</script><a href="/elsewhere">elsewhere</a>`;

/** A new page of the site that has joined a room. */
export async function enter(context: BrowserContext, at: string, url: string, roomId: string, userId: string, options: object = {}): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${at}/${userId}`);
  const response = await page.evaluate(
    (args) => (globalThis as unknown as { enter: (...all: unknown[]) => Promise<{ ok: boolean; error?: string }> }).enter(...args),
    [url, roomId, userId, options],
  );
  if (!response.ok) throw new Error(`join refused: ${response.error}`);
  return page;
}

/** Who is in the room, as the page sees it. */
export const seenBy = (page: Page): Promise<string[]> =>
  page.evaluate(() => [...(globalThis as unknown as { channel: { members: Map<string, unknown> } }).channel.members.keys()].sort());

/** Waits until the page sees exactly these users. */
export async function sees(page: Page, users: string[], timeout = 10_000): Promise<void> {
  const expected = JSON.stringify([...users].sort());
  await page.waitForFunction(
    (wanted) => JSON.stringify([...(globalThis as unknown as { channel: { members: Map<string, unknown> } }).channel.members.keys()].sort()) === wanted,
    expected,
    { timeout },
  );
}
