// The server under test, run as its users run it: a process that its environment alone configures.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { after } from "node:test";
import { Watch, within } from "./wait.js";

const START_MS = 10_000;
const SHUTDOWN_TIMEOUT_MS = 4_000;
const EXIT_SLACK_MS = 1_000;

export const BINARY = path.resolve(
  process.env.RTM_BIN ?? fileURLToPath(new URL("../../../target/release/rtm", import.meta.url)),
);

/** The same server with a module that tests steer: `tests/external-module/src/steering.rs`. It is built beside the other. */
export const STEERED = path.join(path.dirname(BINARY), "rtm-steered");

/** Starts a server that lives as long as this test file, and must end cleanly with it. */
export async function serve(env = {}) {
  const server = await Server.start(env);
  after(() => server.stop());
  return server;
}

export class Server {
  #watch = new Watch();
  #home = mkdtempSync(path.join(tmpdir(), "rtm-"));
  stdout = "";
  stderr = "";
  /** `{ code, signal }` once the process has ended. */
  exit = null;
  /** Whether it was asked to end. */
  ended = false;

  static async start(env = {}, binary = BINARY) {
    const server = new Server(env, binary);
    await server.listening();
    return server;
  }

  constructor(env, binary = BINARY) {
    this.shutdownMs = Number(env.SHUTDOWN_TIMEOUT_MS ?? SHUTDOWN_TIMEOUT_MS);
    // An empty directory and a bare environment: neither a `.env` nor the caller's own settings reach the server.
    const bare = { PATH: process.env.PATH, HOME: this.#home, HOST: "127.0.0.1", PORT: "0", LOG_LEVEL: "info" };
    this.child = spawn(binary, [], { cwd: this.#home, env: { ...bare, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    this.exited = new Promise((resolve) => {
      const ended = (code, signal) => {
        this.exit ??= { code, signal };
        process.off("exit", this.#end);
        rmSync(this.#home, { recursive: true, force: true });
        this.#watch.changed();
        resolve(this.exit);
      };
      this.child.once("error", (error) => {
        this.stderr += `cannot run ${binary}: ${error.message}\n`;
        ended(null, null);
      });
      // `close` and not `exit`: the last lines of the log have then been read.
      this.child.once("close", ended);
    });
    this.child.stdout.setEncoding("utf8").on("data", (text) => this.#read("stdout", text));
    this.child.stderr.setEncoding("utf8").on("data", (text) => this.#read("stderr", text));
    process.on("exit", this.#end);
  }

  get pid() {
    return this.child.pid;
  }

  get port() {
    return Number(new URL(this.url).port);
  }

  /** Resident memory in bytes. */
  rss() {
    const status = readFileSync(`/proc/${this.pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)[1]) * 1024;
  }

  signal(name) {
    assert.equal(this.exit, null, `the server has already ended\n${this.log()}`);
    this.child.kill(name);
  }

  /** Ends the server and asserts that it ended as it should: exit code 0, in time, without a panic. */
  async stop(signal = "SIGTERM") {
    this.signal(signal);
    this.ended = true;
    await this.mustExit();
  }

  async mustExit(limitMs = this.shutdownMs + EXIT_SLACK_MS) {
    try {
      await within(this.exited, limitMs, "exit of the server");
    } catch (error) {
      this.kill();
      throw new Error(`${error.message}\n${this.log()}`);
    }
    assert.deepEqual(this.exit, { code: 0, signal: null }, `exit status\n${this.log()}`);
    this.mustNotHavePanicked();
  }

  /** Unless the test itself has ended it. */
  mustBeAlive() {
    if (!this.ended) assert.equal(this.exit, null, `the server ended by itself\n${this.log()}`);
    this.mustNotHavePanicked();
  }

  mustNotHavePanicked() {
    assert.doesNotMatch(this.stderr, /panicked at/, "a panic in the log");
  }

  kill() {
    if (!this.exit) this.child.kill("SIGKILL");
  }

  log() {
    return `stdout:\n${this.stdout.slice(-2_000)}\nstderr:\n${this.stderr.slice(-4_000)}`;
  }

  /** Kept as one function so that it can be taken off again. */
  #end = () => this.kill();

  #read(stream, text) {
    this[stream] += text;
    this.#watch.changed();
  }

  /** Waits until its log says so. */
  says(pattern, ms = START_MS) {
    return this.#watch.until(`${pattern} in the log`, () => pattern.test(this.stderr), ms);
  }

  async listening() {
    try {
      this.url = await this.#watch.until("the banner with the server's address", () => this.#address(), START_MS);
    } catch (error) {
      this.kill();
      throw new Error(`${error.message}\n${this.log()}`);
    }
  }

  #address() {
    if (this.exit) throw new Error("the server ended before it listened");
    const line = this.stdout.split("\n").slice(0, -1).find((text) => /http:\/\/127\.0\.0\.1:\d+/.test(text));
    return line && /http:\/\/127\.0\.0\.1:\d+/.exec(line)[0];
  }
}
