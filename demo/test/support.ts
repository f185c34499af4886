// The real server, the real page, and a real Chromium for the tests of one file.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Browser, type BrowserContextOptions, type Page, chromium } from "playwright-core";
import { afterAll, expect, onTestFinished } from "vitest";
import { Server } from "../../tests/protocol/support/server.js";

export { Server };

const CHROMIUM = process.env.RTM_CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update"];

/** A server that ends with the test. */
export async function serve(env: Record<string, string> = {}): Promise<Server> {
  const server = await Server.start(env);
  onTestFinished(async () => {
    if (!server.exit) await server.stop();
  });
  return server;
}

let shared: { browser: Promise<Browser>; home: string } | undefined;
// Registered with the file: a hook that a running test registers is not called.
afterAll(async () => {
  if (!shared) return;
  await (await shared.browser).close();
  rmSync(shared.home, { recursive: true, force: true, maxRetries: 5 });
});

/** One browser for a file. */
function browser(): Promise<Browser> {
  if (!shared) {
    const home = mkdtempSync(path.join(tmpdir(), "rtm-demo-"));
    const env = { ...process.env, HOME: home } as Record<string, string>;
    shared = { browser: chromium.launch({ executablePath: CHROMIUM, headless: true, args: FLAGS, env }), home };
  }
  return shared.browser;
}

/** A window of its own at a view; the test fails if its console has an error, but for those that the test says it will cause. */
export async function open(url: string, view: string, options: BrowserContextOptions = {}, expected?: RegExp): Promise<Page> {
  const context = await (await browser()).newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !expected?.test(message.text())) errors.push(message.text());
  });
  page.on("pageerror", (error) => errors.push(String(error)));
  onTestFinished(async () => {
    await context.close();
    expect(errors, "the page's console").toEqual([]);
  });
  await page.goto(`${url}/#${view}`);
  return page;
}
