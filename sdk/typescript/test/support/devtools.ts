// Chromium over its own protocol, without Playwright, which tells every page that it has the focus: such a page is never hidden.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Readable, Writable } from "node:stream";
import { onTestFinished } from "vitest";
import { CHROMIUM, FLAGS } from "./browser.ts";

/** Timers of hidden pages fire once a minute, and do so after 1 s instead of 5 min. */
const THROTTLE = ["--intensive-wake-up-throttling-policy=force-enable", "--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/1"];

type Fields = Record<string, unknown>;
interface Answer extends Fields {
  id?: number;
  method?: string;
  sessionId?: string;
  error?: { message: string };
  result?: Fields;
}

export class DevTools {
  readonly #process: ChildProcess;
  readonly #out: Writable;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  readonly #loads = new Map<string, () => void>();
  #id = 0;

  private constructor(profile: string) {
    const flags = ["--headless", "--remote-debugging-pipe", `--user-data-dir=${profile}`, ...FLAGS, ...THROTTLE, "about:blank"];
    this.#process = spawn(CHROMIUM, flags, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    this.#out = this.#process.stdio[3] as Writable;
    let rest = "";
    (this.#process.stdio[4] as Readable).setEncoding("utf8").on("data", (text: string) => {
      const messages = (rest + text).split("\0");
      rest = messages.pop() ?? "";
      for (const message of messages) this.#hear(JSON.parse(message) as Answer);
    });
  }

  /** A browser that ends with the test. */
  static start(): DevTools {
    const profile = mkdtempSync(path.join(tmpdir(), "rtm-chromium-"));
    const devtools = new DevTools(profile);
    onTestFinished(async () => {
      const ended = once(devtools.#process, "exit");
      devtools.#process.kill("SIGTERM");
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    });
    return devtools;
  }

  /** Opens a tab in front of the others, which hides them, and loads a page in it. */
  async open(url: string): Promise<Tab> {
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
    const sessionId = (await this.send("Target.attachToTarget", { targetId, flatten: true })).sessionId as string;
    const loaded = new Promise<void>((resolve) => this.#loads.set(sessionId, resolve));
    await this.send("Page.enable", {}, sessionId);
    await this.send("Page.navigate", { url }, sessionId);
    await loaded;
    return new Tab(this, sessionId);
  }

  send(method: string, params: Fields = {}, sessionId?: string): Promise<Fields> {
    const id = ++this.#id;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ error, result }) => (error ? reject(new Error(`${method}: ${error.message}`)) : resolve(result ?? {})));
      this.#out.write(`${JSON.stringify({ id, method, params, ...(sessionId && { sessionId }) })}\0`);
    });
  }

  #hear(answer: Answer): void {
    if (answer.method === "Page.loadEventFired") this.#loads.get(answer.sessionId ?? "")?.();
    const waiting = this.#waiting.get(answer.id ?? -1);
    this.#waiting.delete(answer.id ?? -1);
    waiting?.(answer);
  }
}

export class Tab {
  readonly #devtools: DevTools;
  readonly #sessionId: string;

  constructor(devtools: DevTools, sessionId: string) {
    this.#devtools = devtools;
    this.#sessionId = sessionId;
  }

  /** The value of an expression, awaited. */
  async evaluate<T>(expression: string): Promise<T> {
    const params = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.#devtools.send("Runtime.evaluate", params, this.#sessionId);
    if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { value: T }).value;
  }
}
